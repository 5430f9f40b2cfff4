package message

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// selected is what is copied where somebody selects a whole reply: its text and
// the labels of its buttons.
func selected(t *testing.T, m blockkit.Message) string {
	t.Helper()
	var lines []string
	for _, block := range m.Blocks {
		data, err := json.Marshal([]any{block})
		must(t, err)
		shown := slacktest.Message{Blocks: data}
		if block.BlockType() == "rich_text" {
			lines = append(lines, shown.Plain())
		}
		for _, menu := range shown.Menus() {
			lines = append(lines, menu.Placeholder)
		}
		for _, button := range shown.Buttons() {
			lines = append(lines, button.Label)
		}
	}
	return strings.Join(lines, "\n")
}

// waysOfIssue are all that a reply may say of how credentials were issued, from
// the planner and what follows it.
func waysOfIssue() []string {
	return []string{
		"AssumeRole with your MFA code",
		"AssumeRole with your MFA code, without an MFA session: AWS gives 1h at most from one",
		"AssumeRole without MFA: the config says `mfa: none` for this account, and your code was not sent",
		"AssumeRole from your MFA session, without a new code, for 1h instead of 4h, since AWS gives no more from an MFA session",
		"AssumeRole from the MFA session that the same code began: for 8h accounts like this need no new code",
		"GetSessionToken with your MFA code, then AssumeRole from that MFA session: the store did not keep it, so the next request needs a code again",
		"GetSessionToken with your MFA code: this account has no role, so the credentials are those of your own IAM user",
		"Shown again, nothing new was issued",
	}
}

// TestWholeReplyCanBePasted pastes all of a reply, as Slack shows it, into real
// shells: nothing around the snippet may keep it from being read.
func TestWholeReplyCanBePasted(t *testing.T) {
	t.Parallel()
	snippettest.Require(t, "age", nil)
	pair := snippettest.KeyPairs(t)[0]
	key, err := snippet.ParsePublicKey(pair.Public)
	must(t, err)
	v := goldenVoice()
	for _, way := range waysOfIssue() {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for _, sealing := range []secret.Sealing{secret.InClear(), secret.SealedTo(key)} {
				for _, plainest := range []bool{true, false} {
					i := goldenIssued(plainest)
					i.Way, i.Sealing, i.Saved = prose.Say(way), sealing, plainest
					i.Account.Revoker = policy.RoleARN(strings.Repeat("x", len(way)%2))
					checkPasted(t, v, i, pair)
				}
			}
		})
	}
}

func checkPasted(t *testing.T, v Voice, i broker.Issued, pair snippettest.KeyPair) {
	t.Helper()
	want := map[string]string{
		"AWS_ACCESS_KEY_ID": i.Credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": i.Credentials.SecretAccessKey.Reveal(),
		"AWS_SESSION_TOKEN": i.Credentials.SessionToken.Reveal(), "AWS_REGION": i.Account.Region, "AWS_DEFAULT_REGION": i.Account.Region,
		"AWS_CREDENTIAL_EXPIRATION": "2026-01-02T04:04:05Z",
	}
	for _, s := range []snippettest.Shell{
		{Name: "bash", Program: "bash", Args: []string{"--norc", "--noprofile", "-i"}, Before: "set -o history\nset -H\n", Stdin: true},
		{Name: "zsh", Program: "zsh", Args: []string{"-f", "-i"}, Stdin: true},
		{Name: "fish", Program: "fish", Args: []string{"-i"}, Stdin: true},
	} {
		f := snippet.Bash
		if s.Program == "fish" {
			f = snippet.Fish
		}
		m, err := Issued(v, i, f)
		must(t, err)
		if i.Saved {
			m = WithDeadline(m, goldenTime)
		}
		text := selected(t, m)
		if diff := cmp.Diff(want, s.InHome(t, pair).Run(t, text)); diff != "" {
			t.Errorf("%s, pasted:\n%s\n(-want +got):\n%s", s.Name, text, diff)
		}
	}
}
