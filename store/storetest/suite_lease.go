package storetest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/store"
)

var leaseTests = []test{
	{"one holder at a time and it renews", oneHolder},
	{"a lease that ran out is another's", leaseEnds},
	{"only the holder gives it back", onlyHolderGivesBack},
	{"of many one gets it", leaseRace},
	{"a turn is kept over renewals and grows with each holder", turnsGrow},
	{"what was forgotten or written by others is no turn to rely on", turnsFromElsewhere},
	{"a cursor is moved only in the holder's turn", cursorMovesInTurn},
	{"of three holders one works at a time, each in its turn", holdersTakeTurns},
	{"who is cut off stops before another works", cutOff},
	{"a paused holder's write is refused", pausedHolder},
}

// wantLease asks for the lease as holder, and returns the turn.
func wantLease(t testing.TB, s *store.Store, holder string, ttl time.Duration, want bool) int64 {
	t.Helper()
	got, err := s.Leases.HoldLease(t.Context(), "audit", holder, ttl)
	if err != nil || got > 0 != want {
		t.Errorf("lease for %s: got turn %d, %v, want held %v", holder, got, err, want)
	}
	return got
}

func oneHolder(t testing.TB, h *harness) {
	wantLease(t, h.Store, "a", 2*h.unit, true)
	wantLease(t, h.Store, "b", 2*h.unit, false)
	h.pass(t, h.unit)
	wantLease(t, h.Store, "a", 2*h.unit, true)
	h.pass(t, h.unit+h.unit/4)
	wantLease(t, h.Store, "b", 2*h.unit, false)
	if turn, err := h.Leases.HoldLease(t.Context(), "other", "b", h.unit); turn != 1 || err != nil {
		t.Errorf("another lease: got %d, %v, want the first turn", turn, err)
	}
	if turn, err := h.Leases.HoldLease(t.Context(), "audit", "", h.unit); turn > 0 || err == nil {
		t.Errorf("lease without a holder: got %d, %v, want an error", turn, err)
	}
}

func leaseEnds(t testing.TB, h *harness) {
	wantLease(t, h.Store, "a", h.unit, true)
	h.pass(t, h.unit)
	wantLease(t, h.Store, "b", time.Minute, true)
	wantLease(t, h.Store, "a", time.Minute, false)
}

func onlyHolderGivesBack(t testing.TB, h *harness) {
	wantLease(t, h.Store, "a", time.Minute, true)
	for _, holder := range []string{"b", "a"} {
		if err := h.Leases.ReleaseLease(t.Context(), "audit", holder); err != nil {
			t.Fatal(err)
		}
		wantLease(t, h.Store, "c", time.Minute, holder == "a")
	}
}

func leaseRace(t testing.TB, h *harness) {
	const racers = 40
	var wg sync.WaitGroup
	won := make(chan bool, racers)
	for range racers {
		wg.Go(func() {
			if turn, err := h.Leases.HoldLease(t.Context(), "audit", broker.NewID(), time.Minute); err != nil {
				t.Errorf("lease: %v", err)
			} else if turn > 0 {
				won <- true
			}
		})
	}
	wg.Wait()
	if got := len(won); got != 1 {
		t.Errorf("holders: got %d, want 1", got)
	}
}

func turnsGrow(t testing.TB, h *harness) {
	release := func(holder string) {
		t.Helper()
		if err := h.Leases.ReleaseLease(t.Context(), "audit", holder); err != nil {
			t.Fatal(err)
		}
	}
	first := wantLease(t, h.Store, "a", h.unit, true)
	if again := wantLease(t, h.Store, "a", h.unit, true); again != first {
		t.Errorf("renewed: got turn %d, want %d", again, first)
	}
	release("a")
	if again := wantLease(t, h.Store, "a", h.unit, true); again != first {
		t.Errorf("taken again, by nobody else meanwhile: got turn %d, want %d", again, first)
	}
	h.pass(t, h.unit)
	second := wantLease(t, h.Store, "b", time.Minute, true)
	release("b")
	third := wantLease(t, h.Store, "a", time.Minute, true)
	if second <= first || third <= second {
		t.Errorf("got turns %d, %d, %d, want each above the one before", first, second, third)
	}
}

func turnsFromElsewhere(t testing.TB, h *harness) {
	if h.raw == nil {
		t.Skip("nobody else writes to what is embedded")
	}
	for _, kept := range []string{"", "x", "-1 a", "99999999999999999999 b", "9007199254740991 b", "0 a", "1e300 a"} {
		if err := h.raw.Set(t.Context(), "assumebot:{lease:audit}:turn", kept, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if turn := wantLease(t, h.Store, "a", time.Minute, true); turn != 1 {
			t.Errorf("after %q: got turn %d, want the first", kept, turn)
		}
	}
}

// A fenced thing counts who is in it.
type fenced struct {
	inside  atomic.Int32
	highest int64
	writes  int
}

// once waits for its turn and enters.
func (f *fenced) once(t testing.TB, l *lease.Lease) {
	pace := retry.Pace{First: time.Millisecond, Longest: 20 * time.Millisecond}
	if err := pace.Do(t.Context(), func() error {
		err := l.Do(t.Context(), func(_ context.Context, hold *lease.Hold) error { return f.enter(t, hold) })
		if err != nil && !errors.Is(err, lease.ErrTaken) {
			return retry.Final(err)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// enter is one piece of work under a lease.
func (f *fenced) enter(t testing.TB, hold *lease.Hold) error {
	if f.inside.Add(1) != 1 {
		t.Error("two are at work at once")
	}
	defer f.inside.Add(-1)
	fence, err := hold.Fence()
	if err != nil {
		return err
	}
	if fence.Turn < f.highest {
		t.Errorf("turn %d comes after %d", fence.Turn, f.highest)
	}
	f.highest = fence.Turn
	f.writes++ // the race detector watches it
	return nil
}

func holdersTakeTurns(t testing.TB, h *harness) {
	const each = 20
	var (
		all  sync.WaitGroup
		work fenced
	)
	for range 3 {
		l := lease.New(h.Leases, "audit", time.Minute, slog.New(slog.DiscardHandler))
		all.Go(func() {
			for range each {
				work.once(t, l)
			}
		})
	}
	all.Wait()
	if work.writes != 3*each {
		t.Errorf("got %d writes, want %d", work.writes, 3*each)
	}
}

// cuttable are the leases as one replica reaches them, until it is cut off.
type cuttable struct {
	store.Leases
	cut atomic.Bool
}

var errCut = errors.New("the network is cut")

func (c *cuttable) HoldLease(ctx context.Context, name, holder string, ttl time.Duration) (int64, error) {
	if c.cut.Load() {
		return 0, errCut
	}
	return c.Leases.HoldLease(ctx, name, holder, ttl)
}

func (c *cuttable) ReleaseLease(ctx context.Context, name, holder string) error {
	if c.cut.Load() {
		return errCut
	}
	return c.Leases.ReleaseLease(ctx, name, holder)
}

// cutOff needs no time travel: the lease is short, and what is cut off notices by
// its own clock.
func cutOff(t testing.TB, h *harness) {
	if h.raw == nil {
		t.Skip("embedded, time passes only by travel, which the holder's own clock does not take part in")
	}
	log := slog.New(slog.DiscardHandler)
	net := &cuttable{Leases: h.Leases}
	var work fenced
	stopped := make(chan struct{})
	held := make(chan struct{})
	go func() {
		defer close(stopped)
		err := lease.New(net, "audit", 3*h.unit, log).Do(t.Context(), func(ctx context.Context, hold *lease.Hold) error {
			work.inside.Add(1)
			defer work.inside.Add(-1)
			net.cut.Store(true)
			close(held)
			<-ctx.Done()
			if _, err := hold.Fence(); !errors.Is(err, lease.ErrLost) || !errors.Is(context.Cause(ctx), lease.ErrLost) {
				t.Errorf("got %v and cause %v, want that it is lost", err, context.Cause(ctx))
			}
			return ctx.Err()
		})
		if !errors.Is(err, lease.ErrLost) {
			t.Errorf("got %v, want that it is lost", err)
		}
	}()
	<-held
	work.once(t, lease.New(h.Leases, "audit", time.Minute, log))
	<-stopped
}

// pausedHolder: the process stands still while its lease runs out and another has
// its turn, and goes on with what it was about to write.
func pausedHolder(t testing.TB, h *harness) {
	log := slog.New(slog.DiscardHandler)
	net := &cuttable{Leases: h.Leases}
	var asleep atomic.Int64
	paused := lease.New(net, "audit", 3*h.unit, log)
	paused.Now = func() time.Time { return time.Now().Add(time.Duration(asleep.Load())) }
	pause := func() {
		net.cut.Store(true) // nothing of it runs
		h.pass(t, 3*h.unit)
		new(fenced).once(t, lease.New(h.Leases, "audit", time.Minute, log))
		asleep.Store(int64(3 * h.unit)) // its clocks went on
	}
	err := paused.Do(t.Context(), func(ctx context.Context, hold *lease.Hold) error {
		before, err := hold.Fence()
		if err != nil {
			return err
		}
		if saved, err := h.Cursors.MoveCursor(ctx, before, nil, []byte("1-0")); !saved || err != nil {
			t.Errorf("in its turn: got %v, %v, want it saved", saved, err)
		}
		pause()
		if saved, err := h.Cursors.MoveCursor(context.WithoutCancel(ctx), before, []byte("1-0"), []byte("2-0")); saved || err != nil {
			t.Errorf("a write of the turn before: got %v, %v, want it refused", saved, err)
		}
		if _, err := hold.Fence(); !errors.Is(err, lease.ErrLost) || ctx.Err() == nil {
			t.Errorf("got %v, want that it is lost, by the clock alone", err)
		}
		return nil
	})
	if !errors.Is(err, lease.ErrLost) {
		t.Errorf("got %v, want that it was lost, though the work says nothing of it", err)
	}
}

func cursorMovesInTurn(t testing.TB, h *harness) {
	move := func(holder string, turn int64, previous, state string, want bool) {
		t.Helper()
		got, err := h.Cursors.MoveCursor(t.Context(), lease.Fence{Lease: "audit", Holder: holder, Turn: turn}, []byte(previous), []byte(state))
		if err != nil || got != want {
			t.Errorf("move the cursor for %s in turn %d: got %v, %v, want %v", holder, turn, got, err, want)
		}
	}
	if got, err := h.Cursors.LoadCursor(t.Context(), "audit"); got != nil || err != nil {
		t.Errorf("cursor of nobody: got %q, %v, want nothing", got, err)
	}
	move("a", 1, "", "nobody's", false)
	first := wantLease(t, h.Store, "a", h.unit, true)
	move("a", first, "", "1-0\x00\xff", true)
	move("a", first, "", "1-0\x00\xff", true) // a repeat
	move("a", first+1, "1-0\x00\xff", "a turn to come", false)
	move("b", first, "1-0\x00\xff", "b's", false)
	move("a", first, "not what is kept", "x", false)
	// A lease that ran out unnoticed, while nobody else had it.
	h.pass(t, h.unit)
	move("a", first, "1-0\x00\xff", "1-1", true)
	second := wantLease(t, h.Store, "b", time.Minute, true)
	move("a", first, "1-1", "too late", false)
	move("b", second, "1-1", "2-0", true)
	if err := h.Leases.ReleaseLease(t.Context(), "audit", "b"); err != nil {
		t.Fatal(err)
	}
	move("a", first, "2-0", "too late", false)
	wantLease(t, h.Store, "a", time.Minute, true)
	move("a", first, "2-0", "of a turn before its own", false)
	if got, err := h.Cursors.LoadCursor(t.Context(), "audit"); err != nil || string(got) != "2-0" {
		t.Errorf("cursor: got %q, %v, want 2-0", got, err)
	}
}
