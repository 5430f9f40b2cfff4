package lease

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// memory keeps leases as the store does, by the bubble's clock.
type memory struct {
	mu    sync.Mutex
	held  map[string]grant
	turns map[string]Fence
	away  error
	slow  time.Duration // how long each answer takes
	asks  int
	at    map[time.Time]int // and when
}

type grant struct {
	holder string
	until  time.Time
}

func newMemory() *memory { return &memory{held: map[string]grant{}, turns: map[string]Fence{}} }

func (m *memory) HoldLease(ctx context.Context, name, holder string, ttl time.Duration) (int64, error) {
	turn, slow, err := m.hold(name, holder, ttl)
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return turn, err
}

func (m *memory) hold(name, holder string, ttl time.Duration) (turn int64, slow time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asks++; m.at == nil {
		m.at = map[time.Time]int{}
	}
	m.at[time.Now().Round(0)]++
	if m.away != nil {
		return 0, m.slow, m.away
	}
	if g := m.held[name]; g.holder != holder && time.Now().Before(g.until) {
		return 0, m.slow, nil
	}
	f := m.turns[name]
	if f.Holder != holder {
		f = Fence{Lease: name, Holder: holder, Turn: f.Turn + 1}
	}
	m.held[name], m.turns[name] = grant{holder, time.Now().Add(ttl)}, f
	return f.Turn, m.slow, nil
}

func (m *memory) ReleaseLease(_ context.Context, name, holder string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return m.away
	}
	if m.held[name].holder == holder {
		delete(m.held, name)
	}
	return nil
}

func (m *memory) set(away error) { m.change(func() { m.away = away }) }

func (m *memory) change(what func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what()
}

// turn is whose turn it was last.
func (m *memory) turn(name string) Fence {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.turns[name]
}

// free says that nobody holds the lease.
func (m *memory) free(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !time.Now().Before(m.held[name].until)
}

const ttl = 15 * time.Second

var errAway = errors.New("the store is away")

func newLease(m *memory) *Lease { return New(m, "x", ttl, slog.New(slog.DiscardHandler)) }

func TestWorkThatOutlastsTheLeaseKeepsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		err := newLease(m).Do(t.Context(), func(ctx context.Context, h *Hold) error {
			for range 20 {
				pass(ttl)
				if err := newLease(m).Do(ctx, nil); !errors.Is(err, ErrTaken) {
					t.Errorf("another: got %v, want that it is taken", err)
				}
				if f, err := h.Fence(); err != nil || f != m.turn("x") {
					t.Errorf("got %+v, %v, want %+v", f, err, m.turn("x"))
				}
			}
			return ctx.Err()
		})
		if err != nil || !m.free("x") {
			t.Errorf("got %v, free %v, want it given up after the work", err, m.free("x"))
		}
	})
}

// TestLeasesOfAProcessAreLookedAfterTogether: whoever took one when, all are renewed, and
// looked for, at the same moments, and no later than before.
func TestLeasesOfAProcessAreLookedAfterTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i, name := range []string{"a", "a", "b", "b", "c"} { // two of them hold none
			all.Go(func() {
				pass(time.Duration(i) * 130 * time.Millisecond)
				New(m, name, ttl, slog.New(slog.DiscardHandler)).Run(ctx, 2*time.Second, func(error) time.Duration { return 0 },
					func(ctx context.Context, _ *Hold) error { <-ctx.Done(); return nil })
			})
		}
		pass(6500 * time.Millisecond)
		m.change(func() { m.at = nil })
		pass(time.Minute)
		m.change(func() {
			renewed := 0
			for moment, asks := range m.at {
				if moment.Nanosecond() != 0 || asks < 2 {
					t.Errorf("got %d asked at %s, want all at full seconds", asks, moment)
				}
				renewed += asks
			}
			if want := 3*60/5 + 2*60/2; renewed != want {
				t.Errorf("got %d, want %d: each renewal after 5 s, and two who look each 2 s", renewed, want)
			}
		})
		cancel()
		all.Wait()
	})
}

func TestTheWorkStopsBeforeAnotherCanBegin(t *testing.T) {
	for name, trouble := range map[string]func(*memory){
		"the store is away":            func(m *memory) { m.set(errAway) },
		"the store answers too late":   func(m *memory) { m.change(func() { m.slow = time.Hour }) },
		"the answer is late each time": func(m *memory) { m.change(func() { m.slow = ttl - time.Second }) },
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			began := time.Now()
			err := newLease(m).Do(t.Context(), func(ctx context.Context, h *Hold) error {
				trouble(m)
				<-ctx.Done()
				if _, err := h.Fence(); !errors.Is(err, ErrLost) || !errors.Is(context.Cause(ctx), ErrLost) {
					t.Errorf("%s: got %v, %v, want that it is lost", name, err, context.Cause(ctx))
				}
				if took := time.Since(began); took >= ttl {
					t.Errorf("%s: it ended after %s, want before %s", name, took, ttl)
				}
				return errAway
			})
			if !errors.Is(err, ErrLost) || !errors.Is(err, errAway) {
				t.Errorf("%s: got %v, want both that it was lost and what the work says", name, err)
			}
		})
	}
}

func TestAStoreThatComesBackInTimeIsNotNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		if err := newLease(m).Do(t.Context(), func(ctx context.Context, _ *Hold) error {
			for range 10 {
				m.set(errAway)
				pass(ttl / 3)
				m.set(nil)
				pass(ttl / 3)
			}
			return ctx.Err()
		}); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestALeaseThatTheStoreGaveToAnotherIsLostAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		err := newLease(m).Do(t.Context(), func(ctx context.Context, _ *Hold) error {
			// A fail-over that lost the first.
			m.change(func() { m.held["x"] = grant{"another", time.Now().Add(time.Hour)} })
			began := time.Now()
			<-ctx.Done()
			if took := time.Since(began); took > ttl/3 {
				t.Errorf("it went on for %s, want until the first renewal", took)
			}
			return nil
		})
		if !errors.Is(err, ErrLost) || m.free("x") {
			t.Errorf("got %v, free %v, want it lost, and the other's hold as it was", err, m.free("x"))
		}
	})
}

// TestAPausedHolderLearnsItFromItsClocks before any timer or answer says so.
func TestAPausedHolderLearnsItFromItsClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, clock := range map[string]func() time.Time{
			"both clocks went on":           func() time.Time { return time.Now().Add(ttl) },
			"the monotonic one stood still": func() time.Time { return time.Now().Round(0).Add(ttl) },
		} {
			l := newLease(newMemory())
			var paused atomic.Bool
			l.Now = func() time.Time {
				if paused.Load() {
					return clock()
				}
				return time.Now()
			}
			_ = l.Do(t.Context(), func(ctx context.Context, h *Hold) error {
				if _, err := h.Fence(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				paused.Store(true)
				if _, err := h.Fence(); !errors.Is(err, ErrLost) || ctx.Err() == nil {
					t.Errorf("%s: got %v, want that it is lost", name, err)
				}
				return nil
			})
		}
	})
}

// TestAClockThatIsSetBackLengthensNothing: the monotonic one counts then.
func TestAClockThatIsSetBackLengthensNothing(t *testing.T) {
	l := newLease(newMemory())
	then := time.Now()
	l.Now = func() time.Time { return then.Add(time.Minute) }
	if got := l.since(then); got < time.Minute {
		t.Errorf("got %s, want a minute", got)
	}
	l.Now = func() time.Time { return then.Round(0).Add(-time.Hour) }
	if got := l.since(then); got > 0 {
		t.Errorf("without a monotonic clock: got %s", got)
	}
}

func TestDoReturnsOnlyWhenTheWorkHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		ctx, cancel := context.WithCancel(t.Context())
		var working atomic.Bool
		go func() {
			pass(time.Second)
			cancel()
		}()
		err := newLease(m).Do(ctx, func(ctx context.Context, h *Hold) error {
			working.Store(true)
			defer working.Store(false)
			<-ctx.Done()
			pass(10 * ttl) // it finishes what it began
			if _, err := h.Fence(); err != nil || m.free("x") {
				t.Errorf("got %v, free %v, want it renewed until the work has returned", err, m.free("x"))
			}
			return ctx.Err()
		})
		if working.Load() || !errors.Is(err, context.Canceled) || errors.Is(err, ErrLost) || !m.free("x") {
			t.Errorf("got %v, working %v, free %v", err, working.Load(), m.free("x"))
		}
		asked := m.asks
		pass(10 * ttl)
		if m.asks != asked {
			t.Error("something still renews")
		}
	})
}

func TestWorkThatPanicsGivesTheLeaseUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		func() {
			defer func() { _ = recover() }()
			_ = newLease(m).Do(t.Context(), func(context.Context, *Hold) error { panic("x") })
		}()
		if !m.free("x") {
			t.Error("it is held by nobody and not free")
		}
	})
}

func TestALeaseIsTakenOnceByItsOwnHolderToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLease(newMemory())
		if err := l.Do(t.Context(), func(ctx context.Context, _ *Hold) error {
			if err := l.Do(ctx, nil); !errors.Is(err, ErrTaken) {
				t.Errorf("got %v, want that it is taken", err)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestAfterFailedWorkOthersRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		l := newLease(m)
		l.Rest = 5 * time.Second
		if err := l.Do(t.Context(), func(context.Context, *Hold) error { return errAway }); !errors.Is(err, errAway) {
			t.Errorf("got %v", err)
		}
		pass(l.Rest - time.Millisecond)
		if m.free("x") {
			t.Error("others may begin at once")
		}
		pass(2 * time.Millisecond)
		if !m.free("x") {
			t.Error("others may not begin after the rest")
		}
	})
}

// TestOfThreeHoldersOneWorksAtATime while the store comes and goes, and each that
// fails lets another begin.
func TestOfThreeHoldersOneWorksAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		var (
			inside  atomic.Int32
			highest int64
			turns   = map[string]int{}
			all     sync.WaitGroup
		)
		for range 3 {
			l := newLease(m)
			all.Go(func() {
				l.Run(ctx, 2*time.Second, func(error) time.Duration { return time.Second }, func(ctx context.Context, h *Hold) error {
					if inside.Add(1) != 1 {
						t.Error("two work at once")
					}
					defer inside.Add(-1)
					f, err := h.Fence()
					if err != nil {
						return err
					}
					if f.Turn < highest {
						t.Errorf("turn %d after %d", f.Turn, highest)
					}
					highest = f.Turn
					turns[f.Holder]++
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(rand.N(2 * ttl)):
						return errAway
					}
				})
			})
		}
		for ctx.Err() == nil {
			pass(rand.N(4 * ttl))
			m.set(errAway)
			pass(rand.N(2 * ttl))
			m.set(nil)
		}
		all.Wait()
		if len(turns) != 3 {
			t.Errorf("got turns %v, want that all three worked", turns)
		}
	})
}

func TestRunTellsOfFailuresAndLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		ctx, stop := context.WithCancel(t.Context())
		var told []error
		worked := 0
		newLease(m).Run(ctx, time.Second, func(err error) time.Duration {
			told = append(told, err)
			m.set(nil)
			return time.Minute
		}, func(context.Context, *Hold) error {
			switch worked++; worked {
			case 1:
				m.set(errAway) // it cannot even be given up
				return nil
			case 2:
				return errors.New("work")
			}
			stop()
			return nil
		})
		if worked != 3 || len(told) != 2 || !errors.Is(told[0], errAway) {
			t.Errorf("worked %d times, told %v, want three and both failures", worked, told)
		}
	})
}

// pass lets time pass, and waits until what was due at its end is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
