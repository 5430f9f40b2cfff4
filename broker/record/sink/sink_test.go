package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/retry"
)

// A shelf is a record of so many entries, and what is kept of one position.
type shelf struct {
	mu      sync.Mutex
	entries int64
	gone    int64 // of the first ones
	state   []byte
	refuse  error // each move of the position
	taken   bool  // another has had the lease
	moves   int   // of the position
	quick   bool  // it tells at once that there is an entry, else late
}

func (s *shelf) Read(_ context.Context, from int64, limit int) (found []record.Followed, missed int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := max(from, s.gone); n < s.entries && len(found) < limit; n++ {
		found = append(found, record.Followed{Number: n})
	}
	return found, max(s.gone-from, 0), nil
}

func (s *shelf) End(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries, nil
}

func (s *shelf) Await(ctx context.Context, number int64, wait time.Duration) error {
	look := wait
	if s.quick {
		look = time.Millisecond
	}
	for until := time.Now().Add(wait); time.Now().Before(until) && ctx.Err() == nil; retry.Sleep(ctx, look) {
		if end, _ := s.End(ctx); s.quick && end > number {
			break
		}
	}
	return nil
}

func (s *shelf) MoveCursor(_ context.Context, _ lease.Fence, previous, state []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return false, s.refuse
	}
	if s.taken || string(previous) != string(s.state) {
		return false, nil
	}
	s.moves++
	s.state = state
	return true, nil
}

func (s *shelf) LoadCursor(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, nil
}

func (s *shelf) HoldLease(context.Context, string, string, time.Duration) (int64, error) {
	return 1, nil
}

func (s *shelf) ReleaseLease(context.Context, string, string) error { return nil }

// A taker is a Sink that takes at most so many entries at once.
type taker struct {
	mu   sync.Mutex
	most int
	fail error
	got  []int64
}

func (k *taker) Take(_ context.Context, entries []record.Followed) (Taken, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := min(len(entries), k.most)
	for _, e := range entries[:n] {
		k.got = append(k.got, e.Number)
	}
	if n < len(entries) {
		return Taken{Count: n}, k.fail
	}
	return Taken{Count: n}, nil
}

func (k *taker) told() []int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.got)
}

// running runs a Follower; stop ends it, and waits.
func running(s *shelf, k *taker, first func(context.Context) (int64, error)) (f *Follower, stop func()) {
	f = New(Deps{Name: "test", Sink: k, Record: s, Cursors: s, Leases: s, First: first, Log: discard})
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { f.Run(ctx) })
	return f, func() {
		cancel()
		run.Wait()
	}
}

func upTo(from, to int64) (numbers []int64) {
	for n := from; n < to; n++ {
		numbers = append(numbers, n)
	}
	return numbers
}

// TestASinkIsToldEverythingInOrder: what it takes in part, and refuses for a while, comes
// again from where it got to, also to the next replica.
func TestASinkIsToldEverythingInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := &shelf{entries: 120}, &taker{most: 7, fail: errors.New("full")}
		f, stop := running(s, k, nil)
		pass(20 * time.Minute)
		if next, err := f.Next(t.Context()); err != nil || next != 120 {
			t.Errorf("got position %d, %v; want 120", next, err)
		}
		stop()
		s.mu.Lock()
		s.entries = 130
		s.mu.Unlock()
		_, stop = running(s, k, nil)
		pass(time.Minute)
		stop()
		if got := k.told(); !slices.Equal(got, upTo(0, 130)) {
			t.Errorf("got %v, want 0 to 129, once each", got)
		}
	})
}

// TestWhatComesOneByOneIsToldTogether: the first at once, and what comes soon after it not by
// itself. Each position that is saved is a write that those wait for who ask for credentials.
func TestWhatComesOneByOneIsToldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := &shelf{quick: true}, &taker{most: 50}
		_, stop := running(s, k, nil)
		pass(time.Minute)
		for i := range 200 {
			s.mu.Lock()
			s.entries++
			s.mu.Unlock()
			pass(5 * time.Millisecond)
			if i == 0 && len(k.told()) != 1 {
				t.Errorf("got %d told after 5 ms, want the first", len(k.told()))
			}
		}
		pass(time.Second)
		stop()
		if got := k.told(); !slices.Equal(got, upTo(0, 200)) {
			t.Errorf("got %v, want 0 to 199, once each", got)
		}
		if s.moves < 5 || s.moves > 15 {
			t.Errorf("got %d positions saved in a second, want about ten", s.moves)
		}
	})
}

// TestWhatIsOnTheRecordAtTheEndIsStillTold.
func TestWhatIsOnTheRecordAtTheEndIsStillTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := &shelf{}, &taker{most: 50}
		_, stop := running(s, k, nil)
		pass(time.Second)
		s.mu.Lock()
		s.entries = 60
		s.mu.Unlock()
		stop()
		if got := k.told(); !slices.Equal(got, upTo(0, 60)) {
			t.Errorf("got %v, want 0 to 59", got)
		}
	})
}

// TestASinkThatWasNeverToldAnythingBeginsWhereItIsSaidTo and passes over what is gone.
func TestASinkThatWasNeverToldAnythingBeginsWhereItIsSaidTo(t *testing.T) {
	for name, test := range map[string]struct {
		state string
		gone  int64
		want  []int64
	}{
		"never":   {"", 0, upTo(8, 10)},
		"before":  {`{"next":5}`, 0, upTo(5, 10)},
		"gone":    {`{"next":5}`, 7, upTo(7, 10)},
		"hostile": {`{"next":-5}`, 0, upTo(0, 10)},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, k := &shelf{entries: 10, gone: test.gone}, &taker{most: 50}
			if test.state != "" {
				s.state = []byte(test.state)
			}
			_, stop := running(s, k, func(context.Context) (int64, error) { return 8, nil })
			pass(time.Second)
			stop()
			if got := k.told(); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %v, want %v", name, got, test.want)
			}
		})
	}
}

// TestWhereASinkBeginsIsKeptAtOnce: what it is reckoned from moves on.
func TestWhereASinkBeginsIsKeptAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k, begins := &shelf{entries: 5}, &taker{most: 50}, int64(5)
		_, stop := running(s, k, func(context.Context) (int64, error) { return begins, nil })
		pass(time.Second)
		stop()
		begins, s.entries = 9, 9
		_, stop = running(s, k, func(context.Context) (int64, error) { return begins, nil })
		pass(time.Second)
		stop()
		if got := k.told(); !slices.Equal(got, upTo(5, 9)) {
			t.Errorf("got %v, want 5 to 8", got)
		}
	})
}

// TestAPositionThatDoesNotMoveIsToldAgain: at least once, whatever fails between.
func TestAPositionThatDoesNotMoveIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := &shelf{entries: 3, refuse: errors.New("Redis is away")}, &taker{most: 50}
		f, stop := running(s, k, nil)
		pass(time.Second)
		s.mu.Lock()
		s.refuse = nil
		s.mu.Unlock()
		pass(time.Minute)
		stop()
		if got := k.told(); len(got) < 6 || !strings.HasPrefix(fmt.Sprint(got), "[0 1 2 0 1 2") {
			t.Errorf("got %v, want all of it again", got)
		}
		if next, err := f.Next(t.Context()); err != nil || next != 3 {
			t.Errorf("got position %d, %v; want 3", next, err)
		}
	})
}

var discard = slog.New(slog.DiscardHandler)

// pass lets time pass, and waits until what was due at its end is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
