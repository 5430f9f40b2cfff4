package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/store/storetest"
)

// withSignin is the world's config with the fake's sign-in endpoint.
func (w *world) withSignin() string {
	return worldConfig + "signin_endpoint: " + w.aws.URL() + "/federation\n"
}

// link is the sign-in link that a message holds, in its button or as text.
func link(t *testing.T, m slacktest.Message) string {
	t.Helper()
	var found []string
	for _, b := range m.Buttons() {
		if b.URL != "" {
			found = append(found, b.URL)
		}
	}
	for _, text := range m.Preformatted() {
		if strings.HasPrefix(text, "http") {
			found = append(found, text)
		}
	}
	if len(found) != 1 {
		t.Fatalf("got %d links in:\n%s\nwant one", len(found), m.Plain())
	}
	return found[0]
}

// browse opens a link as a browser does, as far as the console.
func browse(t *testing.T, link string) (status int, destination string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location")
}

func TestConsoleSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(w.withSignin(), w.settings())
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" for 2h as console s3 because INC-42")
	wantText(t, m, "prod in the AWS console, at s3, in eu-west-1", "AssumeRole with your MFA code", "keep it to yourself", "(2h left)")
	if len(m.Preformatted()) > 0 || strings.Contains(m.Plain(), "AWS_SECRET_ACCESS_KEY") {
		t.Errorf("got credentials beside the link:\n%s", m.Plain())
	}
	if strings.Contains(m.Fallback(), "http") || m.UnfurlLinks || m.UnfurlMedia {
		t.Errorf("got fallback %q (unfurling %t %t), want no link in it and none unfurled", m.Fallback(), m.UnfurlLinks, m.UnfurlMedia)
	}
	status, destination := browse(t, link(t, m))
	if want := "https://console.aws.amazon.com/s3/home?region=eu-west-1"; status != http.StatusFound || destination != want {
		t.Errorf("got %d to %q, want 302 to %q", status, destination, want)
	}
	wantText(t, w.audit(1)[0], "Granted prod", "to sign in to the console", "INC-42", "AssumeRole with MFA")
	for _, other := range []string{"U02BOB", "U03CAROL"} {
		for _, seen := range w.slack.SeenBy(other) {
			if strings.Contains(string(seen.Blocks), "SigninToken") {
				t.Errorf("%s sees a sign-in link", other)
			}
		}
	}
	w.later(r, 15*time.Minute)
	if status, _ := browse(t, link(t, m)); status != http.StatusBadRequest {
		t.Errorf("got %d after 15 minutes, want 400", status)
	}
}

func TestConsoleLinkThatIsTooLongForAButtonIsShownWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.SetSigninTokenSize(4000)
	r := w.run(w.withSignin(), w.settings())
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" as console")
	wantText(t, m, "Copy this link into a browser")
	if status, _ := browse(t, link(t, m)); status != http.StatusFound {
		t.Errorf("got %d, want 302", status)
	}
	w.aws.SetSigninTokenSize(20_000)
	w.later(r, time.Minute)
	m = w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" as console")
	wantText(t, m, "The sign-in link is too long for one Slack message", "here they are", "export AWS_SESSION_TOKEN=")
}

func TestConsoleShowsCredentialsWhereThereIsNoLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(w.withSignin(), w.settings())
	w.aws.Inject(awstest.Fault{Action: "getSigninToken", Error: &awstest.FaultError{Status: 400, Message: "Invalid credentials"}})
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" as console")
	wantText(t, m, "refused these credentials, so there is no link", "Reference:", "prod is yours until", "export AWS_SESSION_TOKEN=")
	w.auditTells("Failed for alice@example.com", "there is no link", "shown instead", "to sign in to the console", "ASIA")
}

func TestConsoleRefusesWithoutSpendingTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(w.withSignin(), w.settings())
	code := w.alice.Code()
	wantText(t, w.says("U01ALICE", "/assume", "hub "+code+" as console"), "hub has no role", "GetSessionToken", "Your code was not used")
	wantText(t, w.says("U02BOB", "/assume", "prod "+code+" as console"), "You may not have prod")
	wantText(t, w.says("U01ALICE", "/assume", "staging "+code+" as console ../iam"), "cannot be the name of an AWS service")
	if n := w.stsCalls("AssumeRole") + w.stsCalls("GetSessionToken"); n != 0 {
		t.Errorf("got %d calls to STS, want none", n)
	}
	wantText(t, w.says("U01ALICE", "/assume", "staging "+code+" as console"), "staging in the AWS console")
	wantText(t, w.says("U01ALICE", "/assume", "open as console"), "open in the AWS console", "NO MFA")
}

// TestSignInLinksLeakNowhere looks for links, and for what they hold, in every
// log line, every post that others can see and every key of a real Redis.
func TestSignInLinksLeakNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, redis := w.realRedis()
	r := w.run(w.withSignin(), settings)
	secrets := map[string]string{}
	for _, size := range []int{1000, 4000} {
		w.aws.SetSigninTokenSize(size)
		u, err := url.Parse(link(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" as console")))
		if err != nil {
			t.Fatal(err)
		}
		token := u.Query().Get("SigninToken")
		secrets["a sign-in token"+token[:4]], secrets["a link "+token[:4]] = token, u.RawQuery
		w.later(r, time.Minute)
	}
	w.aws.Inject(awstest.Fault{Action: "getSigninToken", Refuse: true})
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" as console"), "did not answer, so there is no link")
	w.auditTells("Failed for alice@example.com")
	for _, c := range w.aws.Calls() {
		if c.Action != "getSigninToken" {
			continue
		}
		session := c.Params.Get("Session")
		var in map[string]string
		if err := json.Unmarshal([]byte(session), &in); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{in["sessionKey"], in["sessionToken"]} {
			secrets["issued "+secret[:4]], secrets["issued, encoded "+secret[:4]] = secret, url.QueryEscape(secret)
		}
	}
	if len(secrets) < 10 {
		t.Fatalf("got %d secrets to search for, want links and credentials", len(secrets))
	}
	for _, m := range w.slack.Messages() {
		if !m.Ephemeral {
			searchFor(t, "a post", m.Text+string(m.Blocks), secrets)
		}
		searchFor(t, "a fallback text", m.Fallback(), secrets)
	}
	for key, value := range storetest.Dump(t, redis) {
		searchFor(t, "the Redis key "+key, key+" "+value, secrets)
	}
	searchFor(t, "the log", w.logs.String(), secrets)
}

func TestConsoleWithoutACodeAsksInTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(w.withSignin(), w.settings())
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod as console s3 because INC-42"))
	v := w.modal("U01ALICE", "a link to the AWS console, at s3", "INC-42")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	v = w.modal("U01ALICE", "prod in the AWS console, at s3")
	var links []string
	for _, b := range v.Buttons() {
		if b.URL != "" {
			links = append(links, b.URL)
		}
	}
	if len(links) != 1 {
		t.Fatalf("got %d links in:\n%s\nwant one", len(links), v.Plain())
	}
	if _, destination := browse(t, links[0]); !strings.Contains(destination, "/s3/home") {
		t.Errorf("got to %q, want the console of s3", destination)
	}
	wantText(t, w.audit(1)[0], "Granted prod", "to sign in to the console", "INC-42")
}

func TestConsoleButtonMakesALinkOfWhatWasIssued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(w.withSignin(), w.settings())
	m := w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "console"))
	m = w.shown("U01ALICE", "staging in the AWS console")
	if status, _ := browse(t, link(t, m)); status != http.StatusFound {
		t.Errorf("got %d, want 302", status)
	}
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1: a link needs no new credentials", got)
	}
	// The press that opens the link is for the browser alone.
	before := len(w.private("U01ALICE"))
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "open_link"))
	wantText(t, w.says("U01ALICE", "/assume", "help"), "as console")
	if got := len(w.private("U01ALICE")); got != before+1 {
		t.Errorf("got %d new messages, want help alone", got-before)
	}
	w.later(r, 11*time.Minute)
	w.acked(w.slack.Press("U01ALICE", w.private("U01ALICE")[0].Ref(), "", "console"))
	w.shown("U01ALICE", "cannot be shown or used again")
	for _, b := range w.says("U01ALICE", "/assume", "hub "+w.alice.Code()).Buttons() {
		if b.ActionID == "console" {
			t.Error("an account without a role offers the console")
		}
	}
}
