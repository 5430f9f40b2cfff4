package ledger_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/ledger"
)

// stands is a store that takes no question, once it stands still.
type stands struct {
	*shelf
	still bool
}

func (s *stands) Owes(ctx context.Context, owner string, e ledger.Entry) (bool, error) {
	if !s.still {
		return s.shelf.Owes(ctx, owner, e)
	}
	s.asked++
	<-ctx.Done()
	return false, ctx.Err()
}

// TestWhoeverMustNotBeLateAsksAStoreThatStandsStillOnceInAWhile, and not for long.
func TestWhoeverMustNotBeLateAsksAStoreThatStandsStillOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stands{shelf: newShelf(), still: true}
		l := ledger.New(ledger.Deps{Store: s, Owner: "a", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		d := l.Owe(t.Context(), l.Owed("one", time.Now(), []byte("one")))
		d.Doubt()
		for _, c := range []struct {
			after, takes time.Duration
			asked        int
		}{{0, 200 * time.Millisecond, 1}, {0, 0, 1}, {999 * time.Millisecond, 0, 1}, {time.Millisecond, 200 * time.Millisecond, 2}} {
			pass(c.after)
			began := time.Now()
			if !d.StillSoon(t.Context()) || time.Since(began) != c.takes || s.asked != c.asked {
				t.Errorf("asked %d times, the last for %s, want %d, %s, and that it is told", s.asked, time.Since(began), c.asked, c.takes)
			}
		}
		began := time.Now()
		if !d.Still(t.Context()) || time.Since(began) != 2*time.Second {
			t.Errorf("who may be late waits for %s, want 2s", time.Since(began))
		}
		s.still = false
		s.gone["aone"] = true
		pass(time.Second)
		if d.StillSoon(t.Context()) {
			t.Error("it is told, although another tells it and the store says so")
		}
	})
}
