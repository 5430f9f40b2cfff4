package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
)

// undelivered asks for prod while the reply's response_url is made useless, and
// returns the direct message that tells of it.
func (w *world) undelivered(spoil func(*slacktest.Delivery)) slacktest.Message {
	w.t.Helper()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: time.Second})
	spoil(w.command("U01ALICE", "/assume", "prod "+w.alice.Code()))
	w.await("a direct message", func() bool { return len(w.directMessages("U01ALICE")) > 0 })
	m := w.directMessages("U01ALICE")[0]
	wantText(w.t.(*testing.T), m, "AWS issued credentials for prod, but Slack did not take the reply, so nobody has seen them.", "[Show again]", "Reference:")
	if len(m.Preformatted()) > 0 {
		w.t.Error("credentials went out by direct message")
	}
	w.auditTells("Not shown to alice@example.com", "prod", "not_delivered")
	return m
}

// usedUp posts to a response_url as often as it takes.
func usedUp(t *testing.T) func(*slacktest.Delivery) {
	return func(d *slacktest.Delivery) {
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.ResponseURL, strings.NewReader(`{"text": "used"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("got status %d, want the post taken", answer.StatusCode)
			}
			_ = answer.Body.Close()
			cancel()
		}
	}
}

func TestAUsedUpResponseURLIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.undelivered(usedUp(t))
	if !strings.Contains(w.logs.String(), "credentials not delivered") {
		t.Error("the log does not say so")
	}
}

func TestAnExpiredResponseURLIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.undelivered(func(*slacktest.Delivery) {
		w.slack.SetClock(func() time.Time { return w.now().Add(31 * time.Minute) })
	})
}

// TestTheButtonShowsWhatWasNotDelivered: to that person alone, inside the reveal
// window; after it, it says so.
func TestTheButtonShowsWhatWasNotDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	m := w.undelivered(usedUp(t))
	before := len(w.private("U01ALICE"))
	if _, err := w.slack.Press("U02BOB", m.Ref(), "", "show"); err == nil {
		t.Error("Bob can press Alice's button")
	}
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "show"))
	w.await("the credentials", func() bool { return len(w.private("U01ALICE")) > before })
	shown := w.private("U01ALICE")[before]
	wantText(t, shown, "prod is yours until", "Shown again, nothing new was issued", "AWS_SESSION_TOKEN")
	if len(w.private("U02BOB")) > 0 {
		t.Error("Bob was shown something")
	}
	if told, ok := w.slack.Message(m.Ref()); !ok || told.Edits > 0 || len(told.Preformatted()) > 0 {
		t.Error("the notice itself was changed")
	}
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1", got)
	}
	w.later(r, 10*time.Minute)
	before = len(w.private("U01ALICE"))
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "show"))
	w.await("the answer", func() bool { return len(w.private("U01ALICE")) > before })
	late := w.private("U01ALICE")[before]
	wantText(t, late, "cannot be shown or used again: the bot keeps them for 10m only", "press Renew")
	if len(late.Preformatted()) > 0 {
		t.Error("they are shown after the window")
	}
}

// TestNoticesAreTriedAgain: that credentials were not shown is told even when
// Slack first says that it is too busy for that, too.
func TestNoticesAreTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Error: "ratelimited", RetryAfter: time.Second})
	w.undelivered(usedUp(t))
}

func TestANoticeThatNobodyGetsIsLogged(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{"channel_not_found", "not_in_channel"} {
		t.Run(refusal, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: -1})
			w.slack.Inject(slacktest.Fault{Method: "conversations.open", Error: refusal, Times: -1})
			w.command("U01ALICE", "/assume", "prod "+w.alice.Code())
			w.auditTells("Not shown to alice@example.com", "not_delivered")
			w.await("the log", func() bool {
				return holdsAll(w.logs.String(), []string{`"level":"ERROR"`, "nothing delivered", "conversations.open: " + refusal})
			})
		})
	}
}
