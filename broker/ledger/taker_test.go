package ledger_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/ledger"
)

// TestWhatItTookIsToldWithinTenSecondsAlthoughTheTakerDiesToo, and the next who takes it.
func TestWhatItTookIsToldWithinTenSecondsAlthoughTheTakerDiesToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		p := start(t, s, "a")
		defer p.end()
		pass(time.Minute + beside)
		s.dies("b", "one")
		if _, _, err := s.Beat(t.Context(), "b", 5*time.Second); err != nil {
			t.Fatal(err)
		}
		died, last := time.Now(), "b"
		pass(5 * time.Second)
		for _, taker := range []string{"c", "d"} { // each dies right after it took
			if _, _, err := s.Beat(t.Context(), taker, 5*time.Second); err != nil {
				t.Fatal(err)
			}
			if taken, err := s.Take(t.Context(), last, taker, 9, time.Second); len(taken) != 1 || err != nil {
				t.Fatalf("%s took %d, %v, want one", taker, len(taken), err)
			}
			pass(time.Second) // as late as it can be seen
			last = taker
		}
		p.wantTold(t)
		for time.Since(died) < 10*time.Second && s.left() > 0 {
			pass(100 * time.Millisecond)
		}
		p.wantTold(t, "one")
		if took := time.Since(died); took > 9*time.Second {
			t.Errorf("told %s after the first died, want 9 s at most", took)
		}
	})
}

// TestWhoeverCannotTellYetTakesNothing: another may be able to.
func TestWhoeverCannotTellYetTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		able := make(chan struct{})
		a := start(t, s, "a", func(d *ledger.Deps) {
			d.Able = func(ctx context.Context) error {
				select {
				case <-able:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
		defer a.end()
		pass(time.Minute)
		s.dies("c", "one")
		pass(20 * time.Second)
		a.wantTold(t)
		b := start(t, s, "b")
		pass(2 * time.Second)
		b.wantTold(t, "one")
		b.end()
		s.dies("d", "two")
		close(able)
		pass(2 * time.Second)
		if s.left() != 0 {
			t.Error("what is owed is not told by who is able to")
		}
	})
}

// TestWhoeverTellsSlowlyKeepsWhatTheyTell, as long as they say so.
func TestWhoeverTellsSlowlyKeepsWhatTheyTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		let := make(chan struct{})
		var tells atomic.Int32
		slowly := func(d *ledger.Deps) { d.Serve = func(context.Context, []*ledger.Debt) { tells.Add(1); <-let } }
		a, b := start(t, s, "a", slowly), start(t, s, "b", slowly)
		defer a.end()
		defer b.end()
		pass(time.Minute)
		s.dies("c", "one")
		pass(30 * time.Second)
		if got := tells.Load(); got != 1 {
			t.Errorf("got %d who tell it, want one", got)
		}
		close(let)
	})
}

// TestWhoeverStoodStillWhileTheyToldSaysNothing, and tells it should it come back to them.
func TestWhoeverStoodStillWhileTheyToldSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		let := make(chan struct{})
		p := start(t, s, "a", func(d *ledger.Deps) {
			tell := d.Serve
			d.Serve = func(ctx context.Context, owed []*ledger.Debt) { <-let; tell(ctx, owed) }
		})
		defer p.end()
		pass(time.Minute)
		s.dies("b", "one")
		pass(2 * time.Second)
		s.mu.Lock()
		s.telling["a"] = time.Now() // as if it had been paused
		s.alive["c"] = time.Now().Add(2 * time.Second)
		s.mu.Unlock()
		if taken, err := s.Take(t.Context(), "a", "c", 9, time.Second); len(taken) != 1 || err != nil {
			t.Fatalf("took %d, %v, want one", len(taken), err)
		}
		close(let)
		synctest.Wait()
		p.wantTold(t)
		pass(4 * time.Second) // c dies
		p.wantTold(t, "one")
		if n := s.left(); n != 0 {
			t.Errorf("got %d left on the ledger, want none", n)
		}
	})
}

// pass lets time pass, and waits until what was due at its end is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
