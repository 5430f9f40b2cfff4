package socketmode

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
)

// A window counts as the store does, by a clock of the test.
type window struct {
	broker.Counters

	mu    sync.Mutex
	now   time.Time
	away  bool
	taken []time.Time
}

func (w *window) TakeRate(_ context.Context, _, _ string, limit int, per time.Duration) (broker.Rate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return broker.Rate{}, errors.New("the store is away")
	}
	w.taken = since(w.taken, w.now.Add(-per))
	if len(w.taken) >= limit {
		return broker.Rate{Wait: w.taken[len(w.taken)-limit].Add(per).Sub(w.now)}, nil
	}
	w.taken = append(w.taken, w.now)
	return broker.Rate{Taken: true}, nil
}

func TestPaceLeavesRoomForWhoeverWouldBeDeaf(t *testing.T) {
	w := &window{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	one := &pace{counters: w, now: func() time.Time { return w.now }}
	two := &pace{counters: w, now: func() time.Time { return w.now }}
	for i := range spareDials {
		if d := one.take(t.Context(), false); d != 0 {
			t.Fatalf("dial %d: got a wait of %v, want none", i, d)
		}
	}
	if d := two.take(t.Context(), false); d != dialWindow {
		t.Errorf("got a wait of %v for a spare socket of another replica, want %v", d, dialWindow)
	}
	for i := range dialsEach - spareDials {
		if d := two.take(t.Context(), true); d != 0 {
			t.Errorf("last socket, dial %d: got a wait of %v, want none", i, d)
		}
	}
	if d := two.take(t.Context(), true); d != dialWindow {
		t.Errorf("got a wait of %v after %d dials, want %v: 50 a minute is Slack's limit", d, dialsEach, dialWindow)
	}
	w.now = w.now.Add(dialWindow + 1)
	if d := two.take(t.Context(), true); d != 0 {
		t.Errorf("got a wait of %v in the next window, want none", d)
	}
}

func TestPaceKeepsToItselfWhileTheStoreIsAway(t *testing.T) {
	w := &window{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), away: true}
	p := &pace{counters: w, now: func() time.Time { return w.now }}
	for i := range dialsEach {
		if d := p.take(t.Context(), true); d != 0 {
			t.Fatalf("dial %d: got a wait of %v, want none", i, d)
		}
	}
	if d := p.take(t.Context(), true); d != dialWindow {
		t.Errorf("got a wait of %v, want %v", d, dialWindow)
	}
}

func TestPaceStaysAwayForAsLongAsSlackAsks(t *testing.T) {
	w := &window{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	p := &pace{counters: w, now: func() time.Time { return w.now }}
	p.stayAway(30 * time.Second)
	p.stayAway(time.Second) // a shorter one takes nothing back
	if d := p.take(t.Context(), true); d != 30*time.Second {
		t.Errorf("got a wait of %v, want 30s", d)
	}
	w.now = w.now.Add(30 * time.Second)
	if d := p.take(t.Context(), true); d != 0 {
		t.Errorf("got a wait of %v afterwards, want none", d)
	}
}
