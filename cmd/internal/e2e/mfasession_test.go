package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/store/storetest"
)

// sessionConfig is the world's config with MFA sessions on, and staging longer
// than a role that an MFA session assumes may last.
var sessionConfig = strings.Replace(strings.Replace(worldConfig, "contact:", "mfa_session: 8h\ncontact:", 1),
	"role/Developer\n", "role/Developer\n    duration: {default: 1h, max: 2h}\n", 1)

func newSessionWorld(t *testing.T) *world {
	w := newWorld(t)
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Developer", MaxSession: 2 * time.Hour,
		Trust: awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:root"}, RequireMFA: true}})
	return w
}

// told waits for n direct messages to Alice.
func (w *world) told(n int) []slacktest.Message {
	w.t.Helper()
	w.await("a direct message", func() bool { return len(w.directMessages("U01ALICE")) >= n })
	return w.directMessages("U01ALICE")
}

func TestOneCodeServesWhileTheMFASessionLives(t *testing.T) {
	t.Parallel()
	w := newSessionWorld(t)
	r := w.run(sessionConfig, w.settings())
	wantText(t, w.says("U01ALICE", "/mfa", ""), "You have no MFA session.", "/mfa 123456")
	wantText(t, w.says("U01ALICE", "/mfa", w.alice.Code()), "Your MFA session runs until", "(8h left)", "/mfa end")
	wantText(t, w.audit(1)[0], "MFA session of alice@example.com (U01ALICE) begun", "by GetSessionToken with MFA", "for 8h", "ASIA", "STS request")
	if got := len(w.audit(1)); got != 1 {
		t.Errorf("got %d messages in the audit channel, want one for the MFA session", got)
	}
	m := w.says("U01ALICE", "/assume", "staging for 30m because INC-42")
	wantText(t, m, "staging is yours", "30m left", "AssumeRole from your MFA session, without a new code.", "export AWS_SESSION_TOKEN=")
	wantText(t, w.auditTells("Granted staging"), "by AssumeRole from the MFA session", "for 30m", "INC-42")
	told := w.told(1)[0]
	wantText(t, told, "Your MFA session was used for staging, without a code. Not you? /mfa end")
	if len(told.Preformatted()) > 0 {
		t.Error("credentials went out by direct message")
	}
	wantText(t, w.says("U01ALICE", "/assume", "whoami"), "Your MFA session runs until")
	wantText(t, w.says("U01ALICE", "/assume", "help more"), "/mfa 123456", "one code for 8h of requests")
	w.later(r, time.Hour)
	wantText(t, w.says("U01ALICE", "/buckets", "staging"), "No buckets in staging")
	wantText(t, w.told(2)[1], "was used for staging")
	wantText(t, w.says("U01ALICE", "/mfa", "status"), "(7h left)")
	if got := w.stsCalls("GetSessionToken"); got != 1 {
		t.Errorf("got %d GetSessionToken calls, want 1", got)
	}
	wantText(t, w.says("U01ALICE", "/buckets", "prod"), "it takes a new one for each request, so your MFA session is not enough")
	wantText(t, w.says("U01ALICE", "/buckets", "hub"), "your MFA session is only for accounts with a role")
	w.later(r, 7*time.Hour)
	wantText(t, w.says("U01ALICE", "/mfa", ""), "You have no MFA session.")
	wantText(t, w.says("U01ALICE", "/buckets", "staging"), "staging needs the code of your MFA device")
	if got := len(w.directMessages("U01ALICE")); got != 2 {
		t.Errorf("got %d direct messages, want one for each use without a code", got)
	}
}

// TestAFormForACodeSaysWhyItOpened, above all where none was needed a while ago.
func TestAFormForACodeSaysWhyItOpened(t *testing.T) {
	t.Parallel()
	w := newSessionWorld(t)
	w.run(sessionConfig, w.settings())
	w.says("U01ALICE", "/mfa", w.alice.Code())
	m := w.says("U01ALICE", "/assume", "staging")
	for _, test := range []struct{ command, says, code string }{
		{"prod", "prod needs the code of your MFA device: it takes a new one for each request", "MFA code:"},
		{"hub", "hub needs the code of your MFA device: your MFA session is only for accounts with a role", "MFA code:"},
		{"staging for 2h", "staging needs the code of your MFA device for 2h: from your MFA session AWS gives 1h at most", "MFA code (optional):"},
	} {
		w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", test.command))
		w.acked(w.slack.CloseView("U01ALICE", w.modal("U01ALICE", test.says, test.code).ID))
	}
	w.says("U01ALICE", "/mfa", "end")
	w.press("U01ALICE", m, "renew")
	v := w.modal("U01ALICE", "staging needs the code of your MFA device: you have no live MFA session.", "MFA code:")
	if text := v.Plain(); strings.Contains(text, "Type the six digits") {
		t.Errorf("it says twice what the field says:\n%s", text)
	}
	w.acked(w.slack.CloseView("U01ALICE", v.ID))
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "hub"))
	w.modal("U01ALICE", "hub needs the code of your MFA device.", "MFA code:")
}

func TestACodeForAnAccountBeginsTheMFASession(t *testing.T) {
	t.Parallel()
	w := newSessionWorld(t)
	r := w.run(sessionConfig, w.settings())
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours",
		"GetSessionToken with your MFA code, then AssumeRole from that MFA session: for 8h accounts like this need no new code.")
	wantText(t, w.auditTells("MFA session of alice@example.com"), "with a code for staging")
	w.auditTells("Granted staging", "by AssumeRole from the MFA session")
	wantText(t, w.says("U01ALICE", "/assume", "staging because INC-2"), "AssumeRole from your MFA session, without a new code.")
	w.told(1)
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" for 2h"), "2h left", "AWS gives 1h at most from one.")
	wantText(t, w.says("U01ALICE", "/assume", "explain staging for 2h"), "staging")
	if got, want := w.stsCalls("GetSessionToken"), 1; got != want {
		t.Errorf("got %d GetSessionToken calls, want %d", got, want)
	}
	if got := len(w.told(1)); got != 1 {
		t.Errorf("got %d direct messages, want none for requests with a code", got)
	}
}

func TestMFASessionsAreOffUnlessConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	for _, text := range []string{w.alice.Code(), "", "end"} {
		wantText(t, w.says("U01ALICE", "/mfa", text), "MFA sessions are switched off here")
	}
	if strings.Contains(w.says("U01ALICE", "/assume", "help more").Plain(), "/mfa") {
		t.Error("help tells of /mfa, want nothing of what is switched off")
	}
	if got := len(w.aws.Calls()); got != 0 {
		t.Errorf("got %d calls to AWS, want none", got)
	}
}

func TestMFARefusalsSayWhatToDoNext(t *testing.T) {
	t.Parallel()
	w := newSessionWorld(t)
	w.run(sessionConfig, w.settings())
	for _, test := range []struct {
		user, text string
		want       string
	}{
		{"U03CAROL", "123456", "not set up to use this bot"},
		{"U03CAROL", "!!", "not set up to use this bot"},
		{"U03CAROL", "end", "not set up to use this bot"},
		{"U01ALICE", "12345", "six digits"},
		{"U01ALICE", "prod 123456", "for all accounts alike"},
		{"U01ALICE", "123456 for 9h", "lasts 8h at most"},
		{"U01ALICE", "123456 for 5m", "shorter than 15 minutes"},
		{"U01ALICE", "end", "nothing to end"},
		{"U01ALICE", "000000", "did not accept that code"},
	} {
		wantText(t, w.says(test.user, "/mfa", test.text), test.want)
	}
	wantText(t, w.says("U01ALICE", "/mfa", "help more"), "/assume", "/mfa 123456")
}

func TestTheNoticeOfAnMFASessionDelaysNoReply(t *testing.T) {
	t.Parallel()
	w := newSessionWorld(t)
	w.run(sessionConfig, w.settings())
	w.says("U01ALICE", "/mfa", w.alice.Code())
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Latency: 500 * time.Millisecond, Drop: true})
	wantText(t, w.says("U01ALICE", "/assume", "staging"), "staging is yours")
	if got := len(w.directMessages("U01ALICE")); got != 0 {
		t.Errorf("got %d direct messages, want none yet", got)
	}
	w.told(1) // it is tried again
}

// TestOneCodeServesManyRequestsOnAnyReplica sends one code many times at once,
// to two replicas over a real Redis: it is spent once, and all of them succeed.
func TestOneCodeServesManyRequestsOnAnyReplica(t *testing.T) {
	t.Parallel()
	w := newSessionWorld(t)
	settings, url := w.realRedis()
	for range 2 {
		w.run(sessionConfig, settings)
	}
	w.aws.Inject(awstest.Fault{Action: "GetSessionToken", Times: 1, Latency: 200 * time.Millisecond})
	code := w.alice.Code()
	const presses = 12
	for i := range presses {
		if i%4 == 3 {
			w.command("U01ALICE", "/mfa", code)
			continue
		}
		w.command("U01ALICE", "/assume", "staging "+code)
	}
	w.await("all answers", func() bool { return len(w.private("U01ALICE")) >= presses })
	for _, m := range w.private("U01ALICE") {
		if !strings.Contains(m.Plain(), "staging is yours") && !strings.Contains(m.Plain(), "Your MFA session runs until") {
			t.Errorf("got %s, want each request served", m.Plain())
		}
	}
	if session, role := w.stsCalls("GetSessionToken"), w.stsCalls("AssumeRole"); session != 1 || role != 9 {
		t.Errorf("got %d GetSessionToken and %d AssumeRole calls, want 1 and 9", session, role)
	}
	if got := len(w.directMessages("U01ALICE")); got != 0 {
		t.Errorf("got %d direct messages, want none: each request had the code", got)
	}
	// Whatever needs a code of its own does not get it a second time.
	wantText(t, w.says("U01ALICE", "/assume", "prod "+code), "That code has been used already")

	for i := range 4 { // whichever replica it reaches
		wantText(t, w.says("U01ALICE", "/assume", fmt.Sprintf("staging because %d", i)), "without a new code")
	}
	wantText(t, w.says("U01ALICE", "/mfa", "end"), "Your MFA session has ended.", "nobody has them")
	for range 4 {
		wantText(t, w.says("U01ALICE", "/mfa", ""), "You have no MFA session.")
	}
	for key := range storetest.Dump(t, url) {
		if strings.HasSuffix(key, ":mfa") {
			t.Errorf("%s is left over", key)
		}
	}
	w.auditTells("MFA session of alice@example.com (U01ALICE) was ended")
	wantText(t, w.says("U01ALICE", "/assume", "staging "+code), "That code has been used already")
}

func TestTheButtonEndsTheMFASessionOnTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run("mfa_session: 8h\n"+worldConfig, w.settings())
	w.says("U01ALICE", "/mfa", w.alice.Code())
	m := w.says("U01ALICE", "/sessions", "")
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "end_session"))
	w.shown("U01ALICE", "Your MFA session has ended")
	w.auditTells("MFA session of alice@example.com", "was ended by its owner")
}

func TestAnEndCountsForASessionThatIsBeginning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run("mfa_session: 8h\n"+worldConfig, w.settings())
	w.aws.Inject(awstest.Fault{Action: "GetSessionToken", Times: 1, Latency: time.Second})
	w.command("U01ALICE", "/mfa", w.alice.Code())
	storetest.Eventually(t, patience, "the intent", func() bool { return len(w.everything(r)) > 0 })
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/mfa", "end"))
	w.await("both answers", func() bool { return len(w.private("U01ALICE")) >= 2 })
	wantText(t, w.says("U01ALICE", "/mfa", ""), "You have no MFA session")
}
