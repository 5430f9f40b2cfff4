package bot

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/socketmode"
)

// slowed is a bot whose store answers when it is let, and whose acknowledgements wait for that
// so long. send has somebody type.
func slowed(t *testing.T, within time.Duration) (store slow, send func(user string) *slacktest.Delivery, await func(*slacktest.Delivery)) {
	t.Helper()
	store = slow{asked: make(chan struct{}, 100), let: make(chan struct{})}
	s, b, logs, open := slowly(t, store)
	b.intake.ackWithin = within
	end := open()
	t.Cleanup(func() {
		end()
		b.intake.turns.Wait()
	})
	send = func(user string) *slacktest.Delivery {
		t.Helper()
		d, err := s.Command(user, "C0GENERAL", "/assume", "prod")
		if err != nil {
			t.Fatal(err, logs.String())
		}
		return d
	}
	return store, send, func(d *slacktest.Delivery) {
		t.Helper()
		patient, done := context.WithTimeout(t.Context(), 20*time.Second)
		defer done()
		if err := d.Wait(patient); err != nil {
			t.Fatal(err, logs.String())
		}
	}
}

// TestACommandIsAcknowledgedOnceItsAnswerIsOwed: a process that dies before has not said that
// it has it.
func TestACommandIsAcknowledgedOnceItsAnswerIsOwed(t *testing.T) {
	store, send, await := slowed(t, time.Hour)
	served := send("U01ALICE")
	<-store.asked // in the trip that puts it on the ledger
	if served.Acks() != 0 {
		t.Error("it is acknowledged before the store has it")
	}
	waits := send("U01ALICE")
	await(waits) // its answer is on the ledger while it waits for its turn
	if served.Acks() != 0 {
		t.Error("it is acknowledged before the store has it")
	}
	close(store.let)
	await(served)
	<-store.asked
}

// TestAStoreThatIsSlowKeepsNobodyWaiting: Slack tells the person otherwise that it failed.
func TestAStoreThatIsSlowKeepsNobodyWaiting(t *testing.T) {
	store, send, await := slowed(t, ackWithin)
	served := send("U01ALICE")
	await(served)
	if took := served.AckLatency(); took < ackWithin/2 {
		t.Errorf("acknowledged after %s, want %s", took, ackWithin)
	}
	close(store.let)
}

// TestWhatSlackDoesNotHearOfIsServed: its socket ended while the store was asked, so that a
// second delivery would be taken for one.
func TestWhatSlackDoesNotHearOfIsServed(t *testing.T) {
	logs := &lockedBuffer{}
	a := &accepted{of: socketmode.Envelope{Kind: "slash_commands"}, log: slog.New(slog.NewTextHandler(logs, nil))}
	a.done = func() { fmt.Fprint(logs, "done ") }
	a.say()
	a.say()
	if got := logs.String(); strings.Count(got, "served all the same") != 1 || strings.Count(got, "done ") != 1 {
		t.Errorf("got %q, want a word in the log, and its socket free, once", got)
	}
	var none *accepted
	none.say()
	none.atLatest(time.Now())()
}
