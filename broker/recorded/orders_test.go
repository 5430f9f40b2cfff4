package recorded_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/recorded"
)

// unblock ends the block that is shown, as an admin does who looks first, and returns
// the Request that had imposed it, and whether nobody blocks Alice any more.
func unblock(t *testing.T, w *world) (shown string, free bool) {
	t.Helper()
	o, _, err := w.Orders.Orders(t.Context(), alice)
	if err != nil || o == nil {
		t.Fatalf("got %v, %v, want a block", o, err)
	}
	w.tell(t, admin, "lift", event.UnblockedData{Order: onAlice(o.ID)})
	free, err = w.Orders.Unblock(t.Context(), alice, *o)
	must(t, err)
	return o.ID, free
}

func TestAnUnblockCountsOnlyIfStoreAndRecordHaveIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	block(t, w)
	if _, err := w.store.Orders.Unblock(t.Context(), alice, order("block")); err != nil {
		t.Fatal(err)
	}
	isBlocked(t, w.replica)
	was := order("block")
	must(t, w.Orders.Block(t.Context(), alice, was))
	w.tell(t, admin, "lift", event.UnblockedData{Order: onAlice("block")})
	isBlocked(t, w.replica)
	if free, err := w.Orders.Unblock(t.Context(), alice, was); !free || err != nil {
		t.Errorf("got %t, %v, want her free", free, err)
	}
}

// TestWhereTwoBlocksStandEachIsEndedByItsName: one is on the record, the other in the store.
func TestWhereTwoBlocksStandEachIsEndedByItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		kept  string // block in the store
		shown []string
	}{
		"the same":           {"block", []string{"block"}},
		"another":            {"older", []string{"block", "older"}},
		"one without a name": {"", []string{"block", ""}},
		"none":               {"lost", []string{"block"}},
	} {
		block(t, w)
		if c.kept == "lost" {
			w.lose(t)
		} else {
			must(t, w.Orders.Block(t.Context(), alice, order(c.kept)))
		}
		for i, want := range c.shown {
			if got, free := unblock(t, w); got != want || free != (i == len(c.shown)-1) {
				t.Errorf("%s: ended %q, free %t, want %q of %v", name, got, free, want, c.shown)
			}
		}
		if o, _, err := w.Orders.Orders(t.Context(), alice); o != nil || err != nil {
			t.Errorf("%s: got %+v, %v, want no block", name, o, err)
		}
	}
}

func TestANewerBlockIsNotLiftedWithTheOneThatWasSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.Orders.Block(t.Context(), alice, order("first")))
	w.tell(t, admin, "first", event.BlockedData{Order: onAlice("")})
	seen, _, err := w.Orders.Orders(t.Context(), alice)
	must(t, err)
	block(t, w)
	w.tell(t, admin, "lift", event.UnblockedData{Order: onAlice(seen.ID)})
	if free, err := w.Orders.Unblock(t.Context(), alice, *seen); free || err != nil {
		t.Errorf("got %t, %v, want that the newer one stands", free, err)
	}
	isBlocked(t, w.replica)
}

func TestAPauseThatOnlyTheRecordKnowsCanBeResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pause(t, w)
	w.lose(t)
	_, o, err := w.Orders.Orders(t.Context(), alice)
	if err != nil || o == nil {
		t.Fatalf("got %v, %v, want the pause", o, err)
	}
	w.tell(t, admin, "resume", event.ResumedData{Order: event.Order{Ends: o.ID}})
	if free, err := w.Orders.Resume(t.Context(), *o); !free || err != nil {
		t.Errorf("got %t, %v, want it over", free, err)
	}
	if _, o, err = w.Orders.Orders(t.Context(), alice); o != nil || err != nil {
		t.Errorf("got %+v, %v, want no pause", o, err)
	}
}

func TestAnUnlockLiftsBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lockOut(t, w)
	w.tell(t, admin, "unlock", event.UnlockedData{Order: onAlice("")})
	isLockedOut(t, w.replica)
	if was, err := w.Counters.Unlock(t.Context(), alice); !was || err != nil {
		t.Errorf("got %t, %v, want that one ran", was, err)
	}
	if left, err := w.Counters.LockedFor(t.Context(), alice); left > 0 || err != nil {
		t.Errorf("got %s, %v, want none", left, err)
	}
}

// TestAReplicaThatHasNotReadOfALiftGoesByNothingOlder: it reads on first.
func TestAReplicaThatHasNotReadOfALiftGoesByNothingOlder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.start(t, "other")
	for range 20 {
		block(t, w)
		lockOut(t, w)
		setKey("k1")(t, w)
		isBlocked(t, other)
		unblock(t, w)
		w.tell(t, admin, "unlock", event.UnlockedData{Order: onAlice("")})
		if _, err := w.Counters.Unlock(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		if o, _, err := other.Orders.Orders(t.Context(), alice); o != nil || err != nil {
			t.Fatalf("got %+v, %v, want no block", o, err)
		}
		if left, err := other.Counters.LockedFor(t.Context(), alice); left > 0 || err != nil {
			t.Fatalf("got %s, %v, want no lock-out", left, err)
		}
		setKey("k2")(t, w)
		if got, ok, err := other.Keys.LoadKey(t.Context(), alice); err != nil || !ok || got.Text != "k2" {
			t.Fatalf("got %+v, %t, %v, want the new key", got, ok, err)
		}
	}
}

func TestAPauseSaysWhenItEndsByItselfAndHoldsUntilStoreAndRecordSayThatItIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pauseFor(time.Hour)(t, w)
	_, o, err := w.Orders.Orders(t.Context(), alice)
	if err != nil || o == nil || o.Until.Sub(o.At) != time.Hour || o.Reason != "why" {
		t.Fatalf("got %+v, %v, want that it says until when", o, err)
	}
	if _, known := w.Orders.KnownOrders(alice); known == nil || !known.Until.Equal(o.Until) {
		t.Errorf("got %+v without asking", known)
	}
	now := func() time.Time { return o.Until }
	later := recorded.Over(w.log, broker.Deps{Orders: w.store.Orders, Now: now}).Orders
	if _, kept, err := later.Orders(t.Context(), alice); err != nil || kept == nil || !kept.Until.Equal(o.Until) {
		t.Errorf("by a clock that is ahead: got %+v, %v, want what the store has, and until when", kept, err)
	}
	if _, known := later.KnownOrders(alice); known != nil {
		t.Errorf("by a clock that is ahead: got %+v without asking, want that the store is asked", known)
	}
	w.lose(t) // which is what its end comes to there
	isPaused(t, w.replica)
	if _, o, err := later.Orders(t.Context(), alice); err != nil || o != nil {
		t.Errorf("after its end: got %+v, %v, want none", o, err)
	}
}
