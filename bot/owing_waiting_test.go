package bot

import (
	"log/slog"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker/ledger"
)

// owedOn is a ledger on which commands are owed that wait, of those that were not heard of before.
func owedOn(t *testing.T, w *waiting, ids ...string) (*ledger.Ledger, []*waits) {
	t.Helper()
	l := ledger.New(ledger.Deps{Store: oneOwner{}, Owner: "me", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	var some []arrival
	for _, id := range ids {
		some = append(some, arrival{Envelope: socketmode.Envelope{ID: id, Kind: "slash_commands"}})
	}
	all := w.hear(some)
	for _, x := range all {
		if w.begin(x) {
			x.to.debt = l.Owe(t.Context(), l.Owed(x.ID, time.Now(), []byte("text")))
		}
	}
	return l, all
}

func TestWhatWaitsIsTakenWithItsDebtOnce(t *testing.T) {
	w := newWaiting()
	l, all := owedOn(t, w, "one", "two", "one", "")
	if len(all) != 2 || l.Open() != 2 {
		t.Fatalf("got %d that wait and %d owed, want a delivery that came twice owed once, and none without a name", len(all), l.Open())
	}
	for _, x := range all {
		w.end(x)
		w.end(x)
	}
	to, ok := w.take("one")
	if !ok || to.debt == nil {
		t.Fatal("what is owed is not taken with its debt")
	}
	if _, ok := w.take("one"); ok {
		t.Error("it is taken twice")
	}
	to.debt.Settle()
	w.drop("two") // nobody can be told
	w.drop("two")
	if l.Open() != 0 {
		t.Errorf("got %d owed, want none", l.Open())
	}
}

func TestATurnThatComesMeanwhileWaitsForTheLedgerAndNoLonger(t *testing.T) {
	w := newWaiting()
	early := w.hear([]arrival{{Envelope: socketmode.Envelope{ID: "early", Kind: "slash_commands"}}})
	if _, ok := w.take("early"); ok || w.begin(early[0]) {
		t.Error("a turn that came before anything was owed is owed by two")
	}
	w.end(early[0])

	l, all := owedOn(t, w, "taken", "lost")
	took := make(chan bool)
	go func() {
		to, ok := w.take("taken")
		to.debt.Settle()
		took <- ok
	}()
	w.drop("lost") // does not wait
	for _, x := range all {
		w.end(x)
	}
	if !<-took || l.Open() != 0 {
		t.Errorf("got %d owed, want none: one was taken, and one was dropped", l.Open())
	}
	if w.drop("nothing"); len(w.of) != 0 {
		t.Errorf("got %d that wait, want none", len(w.of))
	}
}

// TestARefusalDoesNotWaitForTheLedger: a store that stands still may be why there is no turn.
func TestARefusalDoesNotWaitForTheLedger(t *testing.T) {
	w := newWaiting()
	l, all := owedOn(t, w, "asked", "kept")
	if _, ok := w.refused("asked"); ok {
		t.Error("it is told under what is not on the ledger yet")
	}
	w.end(all[0])
	w.end(all[1])
	to, ok := w.refused("kept")
	if !ok || l.Open() != 1 {
		t.Fatalf("got %t and %d owed, want what is on the ledger alone", ok, l.Open())
	}
	to.debt.Settle()
	if _, ok := w.refused("kept"); ok || l.Open() != 0 || len(w.of) != 0 {
		t.Errorf("got %d owed and %d that wait, want none", l.Open(), len(w.of))
	}
}

func TestOnlyCommandsAreOwedWhileTheyWait(t *testing.T) {
	if all := newWaiting().hear([]arrival{{Envelope: socketmode.Envelope{ID: "e", Kind: "events_api"}}}); len(all) != 0 {
		t.Errorf("got %d, want none: nobody waits for an answer to an event", len(all))
	}
}
