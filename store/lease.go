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

// KEYS: lease, turn. ARGV: holder, TTL in ms. The turn is a number and whose it is,
// and stays when the lease ends. It answers the number; 0 when another holds the
// lease.
const holdScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
local n, whose = string.match(redis.call('GET', KEYS[2]) or '', '^(%d+) (.*)$')
n = tonumber(n) or 0
if whose ~= ARGV[1] or n < 1 then
  n = n < 9007199254740991 and n + 1 or 1
  redis.call('SET', KEYS[2], string.format('%.0f %s', n, ARGV[1]))
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return n`

// KEYS: turn, cursor. ARGV: the turn as holdScript keeps it, the state that its
// holder loaded or saved last, the state to keep. A lease that ran out is no
// hindrance while nobody else has had a turn; a repeat is answered as the first time.
const moveScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local kept = redis.call('GET', KEYS[2]) or ''
if kept ~= ARGV[2] and kept ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
return 1`
