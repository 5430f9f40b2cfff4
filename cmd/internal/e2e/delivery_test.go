package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
)

// directMessages are those that the bot sent to user.
func (w *world) directMessages(user string) []slacktest.Message {
	return w.slack.InChannel(w.slack.DM(user))
}

// command types without waiting for an answer.
func (w *world) command(user, command, text string) *slacktest.Delivery {
	w.t.Helper()
	d, err := w.slack.Command(user, "C0GENERAL", command, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// await waits for cond.
func (w *world) await(what string, cond func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	// Not everything that is waited for rouses Slack: a line of the log does not.
	for ctx.Err() == nil {
		briefly, done := context.WithTimeout(ctx, 50*time.Millisecond)
		err := w.slack.Await(briefly, func(*slacktest.Server) bool { return cond() })
		done()
		if err == nil {
			return
		}
	}
	w.t.Fatalf("%s did not come\n%s", what, w.logs)
}

func TestRedeliveriesIssueOnce(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]slacktest.Redelivery{"same id": slacktest.RedeliverSame, "new id": slacktest.RedeliverNew} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.slack.SetRedelivery(mode)
			w.start()
			d := w.command("U01ALICE", "/assume", "prod "+w.alice.Code())
			w.await("the answer", func() bool { return len(w.private("U01ALICE")) > 0 })
			for range 3 {
				if err := w.slack.Redeliver(d); err != nil {
					t.Fatal(err)
				}
			}
			// Something later proves that the redeliveries were dealt with.
			w.says("U01ALICE", "/assume", "help")
			w.says("U01ALICE", "/assume", "help")
			if got := w.stsCalls("AssumeRole"); got != 1 {
				t.Errorf("got %d AssumeRole calls, want 1", got)
			}
			if got := len(w.private("U01ALICE")); got != 3 {
				t.Errorf("got %d answers, want one for each command", got)
			}
		})
	}
}

func TestCredentialsThatSlackDoesNotTakeAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: -1})
	w.command("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.await("a direct message", func() bool { return len(w.directMessages("U01ALICE")) > 0 })
	m := w.directMessages("U01ALICE")[0]
	wantText(t, m, "AWS issued credentials for prod, but Slack did not take the reply", "Reference:")
	if len(m.Preformatted()) > 0 || strings.Contains(m.Plain(), "AWS_SESSION_TOKEN") {
		t.Error("credentials went out by direct message")
	}
	w.auditTells("Not shown", "prod", "not_delivered")
}

func TestRefusalsThatSlackDoesNotTakeComeByDirectMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: -1})
	w.command("U01ALICE", "/assume", "nowhere 123456")
	w.await("a direct message", func() bool { return len(w.directMessages("U01ALICE")) > 0 })
	wantText(t, w.directMessages("U01ALICE")[0], "no account of that name")
}

func TestRepliesAreTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]slacktest.Fault{
		"server error": {Method: "response_url", Status: 503, Times: 2},
		"limited":      {Method: "response_url", Status: 429, RetryAfter: time.Second, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			w.slack.Inject(fault)
			m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
			wantText(t, m, "prod is yours")
			if n := len(w.directMessages("U01ALICE")); n != 0 {
				t.Errorf("got %d direct messages, want none", n)
			}
		})
	}
}

func TestAcksDoNotWaitForAWS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slacktest.WithAckLimit(time.Second))
	w.start()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: 2 * time.Second})
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "prod is yours")
}

func TestStoppingFinishesWhatWasAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: time.Second})
	d := w.command("U01ALICE", "/assume", "prod "+w.alice.Code())
	if err := d.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if len(w.private("U01ALICE")) != 1 {
		t.Fatal("the accepted request was not answered")
	}
	wantText(t, w.private("U01ALICE")[0], "prod is yours")
	wantText(t, w.audit(1)[0], "Granted prod")
}

func TestEmbeddedStopsIssuingBesideAnotherProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.start()
	// The second one saw the first one's sockets; the first hears of it at its
	// next hello.
	refused, issued := 0, 0
	for i := range 6 {
		switch text := w.says("U01ALICE", "/assume", fmt.Sprintf("open because %d", i)).Plain(); {
		case strings.Contains(text, "Another copy of this bot"):
			refused++
			if strings.Contains(text, "code") {
				t.Errorf("got\n%s\nwant no word of a code, since none was sent", text)
			}
		case strings.Contains(text, "open is yours"):
			issued++
		}
	}
	if refused == 0 || refused+issued != 6 {
		t.Errorf("got %d refusals and %d grants, want the second process to notice the first", refused, issued)
	}
	if got := w.stsCalls("AssumeRole"); got != issued {
		t.Errorf("got %d AssumeRole calls for %d grants, want none for a refusal", got, issued)
	}
}

func TestEmbeddedIssuesWhereTheOperatorSaysThatItIsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start() // for the second one no more than a number that Slack counts
	s := w.settings()
	s.Alone = true
	w.run(worldConfig, s)
	for i := range 6 { // they go to both in turn
		wantText(t, w.says("U01ALICE", "/assume", fmt.Sprintf("open because %d", i)), "open is yours")
	}
}
