package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/lease"
)

// Leases keeps which replica does what, and how far readers of the record are.
type Leases struct{ *core }

// HoldLease claims the lease name for holder, or renews it, for ttl from now. It
// returns whose turn it is, a number that grows with each new holder; 0 when
// another holds it. holder must be unique to who holds: one that took an old
// holder's name would inherit its lease. One round trip.
func (s Leases) HoldLease(ctx context.Context, name, holder string, ttl time.Duration) (turn int64, err error) {
	if holder == "" || ttl <= 0 {
		return 0, fmt.Errorf("lease %s: it needs a holder and a time", name)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	turn, err = s.scripts.hold.Run(ctx, s.rdb, []string{leaseKey(name), turnKey(name)}, holder, milliseconds(ttl)).Int64()
	if err == nil && turn < 0 {
		err = errors.New("its turn is no number above 0")
	}
	if err != nil {
		return 0, fmt.Errorf("lease %s: %w", name, err)
	}
	return turn, nil
}

// ReleaseLease gives the lease back if it is still holder's. One round trip.
func (s Leases) ReleaseLease(ctx context.Context, name, holder string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.scripts.release.Run(ctx, s.rdb, []string{leaseKey(name)}, holder).Err(); err != nil {
		return fmt.Errorf("release lease %s: %w", name, err)
	}
	return nil
}

// MoveCursor replaces the reader's state, where it is in the record and what it
// has folded. It changes nothing and returns false when another has had the lease
// since f, or when the state is no longer previous, which is what this holder
// loaded or saved last; nil where there was none. The state is kept in clear: it
// must hold no secret. One round trip.
func (s Leases) MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error) {
	if f.Holder == "" || f.Turn <= 0 || len(state) == 0 {
		return false, fmt.Errorf("move cursor %s: it needs a turn and a state", f.Lease)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	turn := fmt.Sprintf("%d %s", f.Turn, f.Holder)
	moved, err := s.scripts.move.Run(ctx, s.rdb, []string{turnKey(f.Lease), cursorKey(f.Lease)}, turn, previous, state).Bool()
	if err != nil {
		return false, fmt.Errorf("move cursor %s: %w", f.Lease, err)
	}
	return moved, nil
}

// LoadCursor returns what MoveCursor kept last, nil when there is nothing. Load
// it after taking the lease, or another holder may still be moving it. One round
// trip.
func (s Leases) LoadCursor(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	state, err := s.rdb.Get(ctx, cursorKey(name)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load cursor %s: %w", name, err)
	}
	return state, nil
}
