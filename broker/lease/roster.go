package lease

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Roster is Leases that remember which of them this process was given.
type Roster struct {
	Leases
	now func() time.Time

	mu    sync.Mutex
	until map[string]time.Time // by name: what the store said last
}

// NewRoster returns a Roster of leases that are all taken through it.
func NewRoster(leases Leases, now func() time.Time) *Roster {
	return &Roster{Leases: leases, now: now, until: map[string]time.Time{}}
}

// HoldLease implements [Leases].
func (r *Roster) HoldLease(ctx context.Context, name, holder string, ttl time.Duration) (int64, error) {
	asked := r.now()
	turn, err := r.Leases.HoldLease(ctx, name, holder, ttl)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil: // it is held for as long as the store said last
	case turn > 0:
		r.until[name] = asked.Add(ttl)
	default:
		delete(r.until, name)
	}
	return turn, err
}

// ReleaseLease implements [Leases].
func (r *Roster) ReleaseLease(ctx context.Context, name, holder string) error {
	r.mu.Lock()
	delete(r.until, name)
	r.mu.Unlock()
	return r.Leases.ReleaseLease(ctx, name, holder)
}

// Held are the names of the leases that are held, in order. What ran out is forgotten.
func (r *Roster) Held() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	maps.DeleteFunc(r.until, func(_ string, until time.Time) bool { return !until.After(now) })
	return slices.Sorted(maps.Keys(r.until))
}
