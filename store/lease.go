package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/lease"
)

// Leases keeps which replica does what.
type Leases struct{ *core }

var _ lease.Leases = Leases{}

// HoldLease takes the lease name for holder, or renews it, for ttl from now. It
// returns the turn, a number that grows with each new holder; 0 when another holds
// the lease. holder must be a name that nobody had before, or it would inherit that
// holder's lease. One round trip, which others may share.
func (s Leases) HoldLease(ctx context.Context, name, holder string, ttl time.Duration) (turn int64, err error) {
	if holder == "" || ttl <= 0 {
		return 0, fmt.Errorf("lease %s: it needs a holder and a time", name)
	}
	turn, err = askChore(ctx, s.core, func(ctx context.Context, p redis.Pipeliner) (answer[int64], error) {
		return s.scripts.holdLease.EvalSha(ctx, p, []string{leaseKey(name), turnKey(name)}, holder, milliseconds(ttl)).Int64, nil
	})
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
	if err := s.scripts.release.Run(ctx, s.first, []string{leaseKey(name)}, holder).Err(); err != nil {
		return fmt.Errorf("release lease %s: %w", name, err)
	}
	return nil
}

// KEYS: lease, turn. ARGV: holder, TTL in ms. The turn, a number and its holder,
// stays when the lease ends. It answers the number; 0 when another holds the lease.
const holdLeaseScript = `
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

// swapInTurn replaces what is under key, which shares the hash tag of f's lease. It
// changes nothing and returns false when another has had a turn since f, or when
// previous is not there any more.
func (s *core) swapInTurn(ctx context.Context, f lease.Fence, key string, previous, next []byte) (bool, error) {
	if f.Holder == "" || f.Turn <= 0 || len(next) == 0 {
		return false, errors.New("it needs a turn and a state")
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	turn := fmt.Sprintf("%d %s", f.Turn, f.Holder)
	return s.scripts.swapInTurn.Run(ctx, s.first, []string{turnKey(f.Lease), key}, turn, previous, next).Bool()
}

// KEYS: turn, state. ARGV: the turn as holdLeaseScript keeps it, the state that its
// holder loaded or saved last, the state to keep. A lease that ran out is no
// hindrance while nobody else has had a turn; a repeat is answered as the first time.
const swapInTurnScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local kept = redis.call('GET', KEYS[2]) or ''
if kept ~= ARGV[2] and kept ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
return 1`
