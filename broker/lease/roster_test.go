package lease

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// says answers every question about a lease with the same words.
type says struct {
	turn int64
	err  error
}

func (s *says) HoldLease(context.Context, string, string, time.Duration) (int64, error) {
	return s.turn, s.err
}
func (s *says) ReleaseLease(context.Context, string, string) error { return s.err }

func TestARosterKnowsWhatIsHeldAndForgetsWhatRanOut(t *testing.T) {
	now, store := time.Now(), &says{turn: 1}
	r := NewRoster(store, func() time.Time { return now })
	held := func(when string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, r.Held()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	for _, name := range []string{"record", "audit", "groups"} {
		_, _ = r.HoldLease(t.Context(), name, "me", time.Minute)
	}
	held("taken", "audit", "groups", "record")
	_ = r.ReleaseLease(t.Context(), "groups", "me")
	held("given up", "audit", "record")
	store.turn = 0
	_, _ = r.HoldLease(t.Context(), "audit", "me", time.Minute)
	held("another's", "record")
	store.err = errors.New("away")
	now = now.Add(59 * time.Second)
	_, _ = r.HoldLease(t.Context(), "record", "me", time.Minute)
	held("not renewed yet", "record")
	now = now.Add(time.Second)
	held("ran out")
}
