package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/awstest"
)

func TestAssumeShowsCredentialsToNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" for 2h because INC-42 <!channel> *failover* https://x.example")
	wantText(t, m, "prod is yours until", "2h left", "arn:aws:sts::222222222222:assumed-role/OnCall/alice@example.com", "AssumeRole with your MFA code.")
	snippets := m.Preformatted()
	if len(snippets) != 1 || !strings.Contains(snippets[0], "\n export AWS_SESSION_TOKEN=") {
		t.Fatalf("got snippets %q, want one to paste", snippets)
	}
	if strings.Contains(m.Fallback(), "ASIA") || strings.Contains(m.Fallback(), "AWS_") {
		t.Errorf("got fallback %q, want none of the snippet in it", m.Fallback())
	}
	for _, other := range []string{"U02BOB", "U03CAROL"} {
		for _, seen := range w.slack.SeenBy(other) {
			if strings.Contains(seen.Plain(), "AWS_SESSION_TOKEN") {
				t.Errorf("%s sees credentials: %s", other, seen.Plain())
			}
		}
	}
	audit := w.audit(1)[0]
	wantText(t, audit, "Granted prod to alice@example.com (U01ALICE)", "INC-42 <!channel> *failover*", "ASIA", "AssumeRole with MFA", "STS request")
	if got := append(audit.Pings(), audit.Links()...); len(got) > 0 {
		t.Errorf("got pings and links %v, want none", got)
	}
}

func TestAssumeRoleAsksForWhatTheConfigSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" for 90m")
	var got url.Values
	for _, c := range w.aws.Calls() {
		if c.Action == "AssumeRole" {
			got = c.Params
		}
	}
	want := map[string]string{
		"RoleArn":             "arn:aws:iam::222222222222:role/OnCall",
		"RoleSessionName":     "alice@example.com",
		"SourceIdentity":      "alice@example.com",
		"ExternalId":          "7f3c-external",
		"DurationSeconds":     "5400",
		"SerialNumber":        "arn:aws:iam::111111111111:mfa/alice",
		"Tags.member.1.Key":   "team",
		"Tags.member.1.Value": "payments",
	}
	for key, value := range want {
		if got.Get(key) != value {
			t.Errorf("got %s=%q, want %q", key, got.Get(key), value)
		}
	}
}

func TestAssumeWithoutRoleIsGetSessionToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "hub"))
	w.modal("U01ALICE", "Account", "MFA code")
	if got := len(w.aws.Calls()); got != 0 {
		t.Errorf("got %d calls to AWS without a code, want none", got)
	}
	wantText(t, w.says("U01ALICE", "/assume", "hub "+w.alice.Code()), "GetSessionToken with your MFA code", "export AWS_SESSION_TOKEN=",
		"they can assume every role that trusts it, outside of this bot")
	if got := w.stsCalls("GetSessionToken"); got != 1 {
		t.Errorf("got %d GetSessionToken calls, want 1", got)
	}
	wantText(t, w.audit(1)[0], "Granted hub", "GetSessionToken with MFA")
}

func TestAssumeWithoutMFASaysSoLoudly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/assume", "open")
	wantText(t, m, "NO MFA", "without MFA", "export AWS_SESSION_TOKEN=")
	if !strings.Contains(m.Fallback(), "NO MFA") {
		t.Errorf("got fallback %q, want it to say NO MFA", m.Fallback())
	}
	wantText(t, w.audit(1)[0], "NO MFA", "AssumeRole without MFA")
	for _, c := range w.aws.Calls() {
		if c.Params.Has("TokenCode") {
			t.Errorf("a code went to AWS: %s", c.Action)
		}
	}
}

func TestAssumeReadsARotatedSecretAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "staging is yours")
	w.aws.RotateKey(awstest.UserARN("111111111111", "bob"), "AKIABOB1111111111111", "CANARYbob11/secret+key0123456789abcdefgh")
	w.aws.PutSecret("111111111111", "assumebot/bob", `{"access_key_id":"AKIABOB1111111111111","secret_access_key":"CANARYbob11/secret+key0123456789abcdefgh"}`)
	w.mu.Lock()
	w.offset += 30 * time.Second
	w.mu.Unlock()
	code := w.bob.Code()
	wantText(t, w.says("U02BOB", "/assume", "staging "+code), "AWS does not know your long-term access key", "Your code was not used", "Reference:")
	wantText(t, w.says("U02BOB", "/assume", "staging "+code), "staging is yours")
}

func TestAssumeRefusesSpentCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	code := w.alice.Code()
	wantText(t, w.says("U01ALICE", "/assume", "staging "+code), "staging is yours")
	wantText(t, w.says("U01ALICE", "/assume", "prod "+code[:3]+" "+code[3:]), "That code has been used already",
		"If your device shows another code by now, use that. The next one comes in about")
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1", got)
	}
	wantText(t, w.audit(2)[1], "Refused alice@example.com", "prod")
	w.later(r, 30*time.Second)
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "prod is yours")
}

func TestAssumeHurriedSpellings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	for _, text := range []string{"PROD {}", "  prod   {} ", "{} prod", "“prod” {}", "prod {} for 2 hours as Fish", "prod {} —for 2h"} {
		w.later(r, time.Minute)
		m := w.says("U01ALICE", "/assume", strings.ReplaceAll(text, "{}", w.alice.Code()))
		wantText(t, m, "prod is yours until")
	}
}

func TestWhoamiAsksWithTheKeyAndTheLiveGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/assume", "whoami prod")
	wantText(t, m, "arn:aws:iam::111111111111:user/alice", "no live credentials of yours for prod")
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	m = w.says("U01ALICE", "/assume", "whoami prod")
	wantText(t, m, "arn:aws:iam::111111111111:user/alice", "arn:aws:sts::222222222222:assumed-role/OnCall/alice@example.com")
}

func TestLargeSessionTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	for _, f := range []string{"bash", "fish", "powershell", "cmd", "dotenv", "profile", "json"} {
		w.aws.SetTokenSize(4096)
		w.later(r, time.Minute)
		m := w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" as "+f)
		if s := m.Preformatted(); len(s) != 1 || len(s[0]) < 4096 {
			t.Errorf("%s: got %d snippets, want one with the whole token:\n%s", f, len(s), m.Plain())
		}
	}
	w.aws.SetTokenSize(12000)
	w.later(r, time.Minute)
	m := w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	wantText(t, m, "too large for one Slack message", "They are not shown", "session policy and tags", "Reference:")
	if diff := cmp.Diff([]string(nil), m.Preformatted()); diff != "" {
		t.Errorf("preformatted (-want +got):\n%s", diff)
	}
	w.auditTells("Not shown", "staging")
}

// TestALargeSessionTokenIsSaidToBeOne takes tokens of 2,500 bytes, which all tools
// take, and of one more.
func TestALargeSessionTokenIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	const says = "some tools refuse one of more than 2,500"
	w := newWorld(t)
	r := w.start()
	for _, command := range []string{"prod %s", "prod %s as json", "hub %s"} {
		w.aws.SetTokenSize(2500)
		if m := w.says("U01ALICE", "/assume", fmt.Sprintf(command, w.alice.Code())); strings.Contains(m.Plain(), says) {
			t.Errorf("%s: got a warning for 2,500 bytes:\n%s", command, m.Plain())
		}
		w.later(r, time.Minute)
		w.aws.SetTokenSize(2501)
		wantText(t, w.says("U01ALICE", "/assume", fmt.Sprintf(command, w.alice.Code())), "2,501 bytes", says)
		w.later(r, time.Minute)
	}
}
