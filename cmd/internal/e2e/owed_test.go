package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/store/storetest"
)

// toldByDM waits until one direct message to Alice holds all parts.
func (w *world) toldByDM(parts ...string) slacktest.Message {
	w.t.Helper()
	var found slacktest.Message
	w.await(fmt.Sprintf("a direct message with %q", parts), func() bool {
		for _, m := range w.directMessages("U01ALICE") {
			if holdsAll(m.Plain(), parts) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// posts counts what was sent to a method, taken or not.
func (w *world) posts(method string) int {
	n := 0
	for _, c := range w.slack.Calls() {
		if c.Method == method {
			n++
		}
	}
	return n
}

// TestWhoeverCannotBeReachedAtOnceIsToldLater: Slack takes neither the reply nor
// a direct message for a while, or asks to wait for it.
func TestWhoeverCannotBeReachedAtOnceIsToldLater(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]slacktest.Fault{
		"down": {
			{Method: "response_url", Status: 503, Times: -1},
			{Method: "conversations.open", Status: 503, Times: 3},
		},
		"cut": {
			{Method: "response_url", Drop: true, Times: -1},
			{Method: "conversations.open", Drop: true, Times: 3},
		},
		"limited": {
			{Method: "response_url", Status: 429, RetryAfter: 30 * time.Second, Times: -1},
			{Method: "conversations.open", Error: "ratelimited", RetryAfter: 30 * time.Second, Times: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			r := w.run(worldConfig, settings)
			for _, f := range faults {
				w.slack.Inject(f)
			}
			w.command("U01ALICE", "/assume", "prod "+w.alice.Code())
			w.await("it is owed", func() bool { return strings.Contains(w.logs.String(), "not told yet of credentials") })
			if name == "limited" {
				if got := w.posts("conversations.open"); got != 1 {
					t.Errorf("got %d calls while Slack asked to wait, want 1", got)
				}
				w.later(r, 31*time.Second)
			}
			m := w.toldByDM("AWS issued credentials for prod", "Reference:", "[Show again]")
			if len(m.Preformatted()) > 0 {
				t.Error("the credentials went out by direct message")
			}
			dueEntries(t, url, "owed", 0, "")
			w.auditTells("hown to alice@example.com", "prod")
			for key, text := range storetest.Dump(t, url) {
				if strings.Contains(text, "Slack did not") {
					t.Errorf("%s holds an answer in clear", key)
				}
			}
			if got := len(w.directMessages("U01ALICE")); got != 1 {
				t.Errorf("got %d direct messages, want one", got)
			}
		})
	}
}

func TestARefusalThatSlackDoesNotTakeIsToldLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	first := w.run(worldConfig, settings)
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Error: "ratelimited", RetryAfter: time.Minute})
	w.command("U01ALICE", "/assume", "nowhere 123456")
	dueEntries(t, url, "owed", 1, "no account of that name")
	if err := first.stop(); err != nil { // it survives the process
		t.Fatal(err)
	}
	r := w.run(worldConfig, settings)
	w.run(worldConfig, settings)
	w.later(r, time.Minute)
	m := w.toldByDM("Slack did not take this answer at once", "no account of that name")
	if m.Edits > 0 || len(w.directMessages("U01ALICE")) != 1 {
		t.Errorf("got %d direct messages, want one", len(w.directMessages("U01ALICE")))
	}
	dueEntries(t, url, "owed", 0, "")
}

func TestAnAnswerIsNotOwedForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(worldConfig, settings)
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Status: 503, Times: -1})
	w.command("U01ALICE", "/assume", "nowhere 123456")
	dueEntries(t, url, "owed", 1, "")
	w.later(r, 31*time.Minute)
	dueEntries(t, url, "owed", 0, "")
	w.await("the log", func() bool { return strings.Contains(w.logs.String(), "Slack did not take an answer in time") })
}

// TestAFormThatSlackDoesNotShowAgainIsTold: views.update fails, and at first the
// direct message too.
func TestAFormThatSlackDoesNotShowAgainIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.command("U01ALICE", "/assume", "prod")
	form := w.modal("U01ALICE", "prod")
	w.slack.Inject(slacktest.Fault{Method: "views.update", Error: "internal_error", Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Status: 503, Times: 2})
	w.acked(w.slack.Submit("U01ALICE", form.ID, map[string]string{"code": w.alice.Code()}))
	w.toldByDM("AWS issued credentials for prod", "[Show again]")
	w.auditTells("Granted prod")
}

// TestASlowReplyIsPostedOnce: it is taken after the bot gave up, and the person
// is told that nobody knows.
func TestASlowReplyIsPostedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "response_url", LoseAnswer: true, Times: -1})
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(t, m, "prod is yours until")
	w.toldByDM("Slack did not say whether it showed them to you", "[Show again]")
	if got := len(w.private("U01ALICE")); got != 1 {
		t.Errorf("got %d copies of the credentials, want one", got)
	}
	w.auditTells("Perhaps not shown")
}

func TestNothingIsOwedOnceItIsDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(dmConfig, settings)
	w.sentByDM()
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	dueEntries(t, url, "owed", 0, "")
	before := len(w.directMessages("U01ALICE"))
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "help"), "/assume")
	if got := len(w.directMessages("U01ALICE")); got != before {
		t.Errorf("got %d direct messages more, want none", got-before)
	}
}

// TestAnAnswerOutlivesSlackAndRedisThatAreBothAway: neither takes it, in whichever way, for a while.
func TestAnAnswerOutlivesSlackAndRedisThatAreBothAway(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"Slack", "Redis"} {
		t.Run(first+" is back first", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			redis := storetest.StartDurable(t)
			w.run(worldConfig, w.settingsOn(redis.URL))
			redis.Kill()
			for _, method := range []string{"response_url", "conversations.open"} {
				w.slack.Inject(slacktest.Fault{Method: method, Status: 503, Times: -1})
			}
			w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod "+w.alice.Code()))
			w.await("it is held", func() bool { return strings.Contains(w.logs.String(), "this process holds it") })
			if first == "Redis" {
				redis.Start()
				dueEntries(t, redis.URL, "owed", 1, "store is not answering")
			}
			w.slack.ClearFaults()
			w.toldByDM("Slack did not take this answer at once", "store is not answering", "Your code was not used")
			if first == "Slack" {
				redis.Start()
			}
			dueEntries(t, redis.URL, "owed", 0, "")
			w.await("nothing is owed", func() bool { return !owes(t, redis.URL) })
			if got, sts := len(w.directMessages("U01ALICE")), w.stsCalls("AssumeRole"); got != 1 || sts != 0 {
				t.Errorf("got %d direct messages and %d calls of STS, want one and none", got, sts)
			}
		})
	}
}
