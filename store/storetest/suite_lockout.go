package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/store"
)

var lockoutTests = []test{
	{"the fifth wrong code locks, and each five after it twice as long", lockoutDoubles},
	{"a right code begins anew, but ends no lock-out", lockoutEnds},
	{"each wrong code tells how many are left, and how long the lock-out will be", lockoutCountsDown},
	{"one Request counts once, and is answered again as the first time", lockoutRepeats},
	{"of many at once each counts, on whichever replica", lockoutRaces},
	{"a lock-out hits one User", lockoutHitsOne},
	{"an unlock ends it, and it begins anew", unlockBeginsAnew},
}

// wrong counts n wrong codes of alice and returns what the last one brought.
func wrong(t testing.TB, s *store.Store, round string, n int) time.Duration {
	t.Helper()
	var locked time.Duration
	for i := range n {
		if locked > 0 {
			t.Fatalf("locked by wrong code %d of %d", i, n)
		}
		counted, err := s.Counters.WrongCode(t.Context(), "U01ALICE", fmt.Sprintf("%s-%d", round, i))
		if err != nil {
			t.Fatal(err)
		}
		locked = counted.Locked
	}
	return locked
}

func wantLocked(t testing.TB, s *store.Store, user string, want time.Duration) {
	t.Helper()
	got, err := s.Counters.LockedFor(t.Context(), user)
	if err != nil || got > want || got < want-time.Minute {
		t.Errorf("%s is locked out for %s, %v, want %s", user, got, err, want)
	}
}

func lockoutDoubles(t testing.TB, h *harness) {
	wantLocked(t, h.Store, "U01ALICE", 0)
	if locked := wrong(t, h.Store, "early", 4); locked != 0 {
		t.Errorf("four wrong codes lock for %s", locked)
	}
	want := 15 * time.Minute
	if locked := wrong(t, h.Store, "fifth", 1); locked != want {
		t.Errorf("got %s, want %s", locked, want)
	}
	wantLocked(t, h.Store, "U01ALICE", want)
	for round := range 8 {
		want = min(2*want, 24*time.Hour)
		if locked := wrong(t, h.Store, fmt.Sprint("round", round), 5); locked != want {
			t.Errorf("round %d: got %s, want %s", round, locked, want)
		}
	}
}

func lockoutEnds(t testing.TB, h *harness) {
	wrong(t, h.Store, "first", 4)
	if err := h.Counters.RightCode(t.Context(), "U01ALICE"); err != nil {
		t.Fatal(err)
	}
	if locked := wrong(t, h.Store, "second", 5); locked != 15*time.Minute {
		t.Errorf("got %s, want 15m: the wrong codes before a right one count", locked)
	}
	if err := h.Counters.RightCode(t.Context(), "U01ALICE"); err != nil {
		t.Fatal(err)
	}
	wantLocked(t, h.Store, "U01ALICE", 15*time.Minute)
	if locked := wrong(t, h.Store, "third", 5); locked != 15*time.Minute {
		t.Errorf("got %s, want 15m: a right code did not forget the last lock-out", locked)
	}
}

func lockoutCountsDown(t testing.TB, h *harness) {
	next := 15 * time.Minute
	for round := range 3 {
		for i := range 5 {
			want := broker.WrongCodes{Left: 4 - i, Next: next}
			if i == 4 {
				want = broker.WrongCodes{Locked: next}
			}
			id := fmt.Sprintf("round%d-%d", round, i)
			if got, err := h.Counters.WrongCode(t.Context(), "U01ALICE", id); err != nil || got != want {
				t.Errorf("round %d, wrong code %d: got %+v, %v, want %+v", round, i+1, got, err, want)
			}
			if i == 4 {
				break
			}
			first := fmt.Sprintf("round%d-0", round)
			if got, err := h.Counters.WrongCode(t.Context(), "U01ALICE", first); err != nil || got != (broker.WrongCodes{Left: 4, Next: next}) {
				t.Errorf("round %d, the first again after %d: got %+v, %v, want its own answer", round, i+1, got, err)
			}
		}
		next *= 2
	}
}

func lockoutRepeats(t testing.TB, h *harness) {
	for range 10 {
		if got, err := h.Counters.WrongCode(t.Context(), "U01ALICE", "one"); err != nil || got.Locked != 0 || got.Left != 4 {
			t.Fatalf("got %+v, %v, want one count", got, err)
		}
	}
	wrong(t, h.Store, "more", 3)
	for range 3 {
		if got, err := h.Counters.WrongCode(t.Context(), "U01ALICE", "last"); err != nil || got.Left != 0 ||
			got.Locked > 15*time.Minute || got.Locked < 14*time.Minute {
			t.Fatalf("got %+v, %v, want 15m each time", got, err)
		}
	}
	if _, err := h.Counters.WrongCode(t.Context(), "U01ALICE", ""); err == nil {
		t.Error("a wrong code of no Request was counted")
	}
}

func lockoutRaces(t testing.TB, h *harness) {
	var (
		mu    sync.Mutex
		locks []time.Duration
		all   sync.WaitGroup
	)
	for i := range 50 {
		all.Go(func() {
			got, err := h.Counters.WrongCode(t.Context(), "U01ALICE", fmt.Sprint("request", i))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if got.Locked > 0 {
				locks = append(locks, got.Locked)
			}
		})
	}
	all.Wait()
	if len(locks) != 10 {
		t.Errorf("50 wrong codes locked %d times, want 10: %v", len(locks), locks)
	}
}

func lockoutHitsOne(t testing.TB, h *harness) {
	wrong(t, h.Store, "alice", 5)
	wantLocked(t, h.Store, "U02BOB", 0)
}

func unlockBeginsAnew(t testing.TB, h *harness) {
	wantUnlocked := func(want bool) {
		t.Helper()
		if got, err := h.Counters.Unlock(t.Context(), "U01ALICE"); err != nil || got != want {
			t.Errorf("unlock: got %v, %v, want %v", got, err, want)
		}
	}
	wantUnlocked(false)
	wrong(t, h.Store, "first", 5)
	if _, err := h.Counters.Unlock(t.Context(), "U02BOB"); err != nil {
		t.Fatal(err)
	}
	wantLocked(t, h.Store, "U01ALICE", 15*time.Minute)
	wantUnlocked(true)
	wantLocked(t, h.Store, "U01ALICE", 0)
	wrong(t, h.Store, "second", 4)
	wantUnlocked(false)
	if locked := wrong(t, h.Store, "third", 5); locked != 15*time.Minute {
		t.Errorf("got %s, want 15m: the wrong codes or the lock-out before an unlock count", locked)
	}
}
