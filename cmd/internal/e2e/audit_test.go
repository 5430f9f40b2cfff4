package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

func TestAuditFoldsRepeatedRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	for range 6 {
		w.says("U03CAROL", "/assume", "prod 123456")
	}
	w.says("U02BOB", "/assume", "prod 123456")
	w.auditTells("Refused bob@example.com")
	if got := len(w.slack.InChannel("C0AUDIT")); got != 2 {
		t.Fatalf("got %d messages, want one of carol and one of bob", got)
	}
	w.later(r, 61*time.Second)
	wantText(t, w.auditTells("5 more refusals"), "U03CAROL", "5× not_a_user")
	// The minute after is counted too, and ends in one message.
	w.says("U03CAROL", "/assume", "prod 123456")
	w.says("U01ALICE", "/assume", "open because what is posted in order was counted before")
	w.auditTells("counted before")
	w.later(r, 61*time.Second)
	w.auditTells("1 more refusal", "U03CAROL")
}

func TestAuditWaitsAsLongAsSlackAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slack.LimitRate(true)
	w.limitedPosts = true
	w.start()
	for _, account := range []string{"open because 1", "open because 2", "open because 3"} {
		w.says("U01ALICE", "/assume", account)
	}
	for i, m := range w.audit(3) {
		if !strings.Contains(m.Plain(), "Granted open") {
			t.Errorf("message %d: got %q", i, m.Plain())
		}
	}
}

func TestAuditKeepsOrderAndLosesNothingWhileSlackIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "chat.postMessage", Status: 503, Times: 3})
	for i := range 4 {
		w.says("U01ALICE", "/assume", fmt.Sprintf("open because number %d", i))
	}
	for i, m := range w.audit(4) {
		wantText(t, m, fmt.Sprintf("number %d", i))
	}
}

func TestAuditSkipsWhatSlackRefusesToShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "chat.postMessage", Error: "invalid_blocks", Times: 1})
	w.says("U01ALICE", "/assume", "open because first")
	w.says("U01ALICE", "/assume", "open because second")
	messages := w.audit(2)
	wantText(t, messages[0], "on the record but could not be shown")
	wantText(t, messages[1], "second")
}

// TestNoOutcomeIsUnknownBecauseTheChannelWasAway: outcomes that stand unread
// behind a failing post are not missing.
func TestNoOutcomeIsUnknownBecauseTheChannelWasAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.slack.Inject(slacktest.Fault{Method: "chat.postMessage", Status: 503, Times: -1})
	for i := range 4 {
		w.says("U01ALICE", "/assume", fmt.Sprintf("open because number %d", i))
	}
	w.await("a failing post", func() bool { return strings.Contains(w.logs.String(), "audit channel is behind the record") })
	w.later(r, 10*time.Minute)
	lost := event.Event{
		ID: "lost", Request: "lost", Time: w.now(), Actor: event.Actor{User: "U02BOB", Team: "T0123", Name: "bob@example.com"},
		Data: event.IntentData{Act: event.Act{Attempt: "lost", Account: "staging"}},
	}
	if _, err := r.Record.Record(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	w.later(r, record.OutcomeDue) // since this replica has read it
	w.slack.ClearFaults()
	wantText(t, w.auditTells("Outcome unknown"), "bob@example.com", "staging")
	for i, m := range w.audit(5)[:4] {
		wantText(t, m, "Granted open", fmt.Sprintf("number %d", i))
	}
	if got := len(w.audit(5)); got != 5 {
		t.Errorf("got %d messages, want the four grants and the one lost intent", got)
	}
}
