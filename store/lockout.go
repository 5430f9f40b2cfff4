package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
)

const (
	wrongCodes  = 5
	wrongWindow = 15 * time.Minute
	firstLock   = 15 * time.Minute
	longestLock = 24 * time.Hour
	// lockMemory is how long the last lock-out's length is remembered: twice the
	// longest, so that waiting one out does not begin anew.
	lockMemory = 48 * time.Hour
)

// noExpiry is how go-redis returns the PTTL of a key that has none.
const noExpiry time.Duration = -1

// LockedFor implements [broker.Counters]. One round trip.
func (s Counters) LockedFor(ctx context.Context, user string) (time.Duration, error) {
	found, err := ask(ctx, s.core, lockQuestion(user), s.sendLocked(user))
	if err != nil {
		return 0, fmt.Errorf("look for a lock-out: %w", err)
	}
	if found.second {
		ahead.Keep(ctx, cleanQuestion(user), true)
	}
	return found.first, nil
}

// sendLocked asks how long a User is locked out, and whether they are without wrong codes.
func (Counters) sendLocked(user string) func(context.Context, redis.Pipeliner) (answer[pair[time.Duration, bool]], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[pair[time.Duration, bool]], error) {
		keys, err := lockKeys(user)
		if err != nil {
			return nil, err
		}
		lock, wrong := p.PTTL(ctx, keys[1]), p.Exists(ctx, keys[0], keys[2])
		return func() (pair[time.Duration, bool], error) {
			left, err := lock.Result()
			if err != nil {
				return pair[time.Duration, bool]{}, err
			}
			clean := wrong.Err() == nil && wrong.Val() == 0
			if left == noExpiry { // which this store never writes
				left = longestLock
			}
			return pair[time.Duration, bool]{min(max(left, 0), longestLock), clean}, nil // negative: there is none
		}, nil
	}
}

// WrongCode implements [broker.Counters]. One round trip.
func (s Counters) WrongCode(ctx context.Context, user, requestID string) (broker.WrongCodes, error) {
	ahead.Drop(ctx, lockQuestion(user), cleanQuestion(user))
	keys, err := lockKeys(user)
	if err == nil && requestID == "" {
		err = errors.New("it needs a request")
	}
	if err != nil {
		return broker.WrongCodes{}, fmt.Errorf("count a wrong code: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	answer, err := s.scripts.wrongCode.Run(ctx, s.lane(ctx), keys, requestID, wrongCodes,
		milliseconds(wrongWindow), milliseconds(firstLock), milliseconds(longestLock), milliseconds(lockMemory)).Int64Slice()
	if err == nil && len(answer) != 3 {
		err = fmt.Errorf("an answer of %d parts", len(answer))
	}
	if err != nil {
		return broker.WrongCodes{}, fmt.Errorf("count a wrong code: %w", err)
	}
	return broker.WrongCodes{
		Locked: lockOf(answer[0]),
		Left:   int(min(max(answer[1], 0), wrongCodes)),
		Next:   lockOf(answer[2]),
	}, nil
}

// lockOf is a lock-out of so many milliseconds, which are bounded.
func lockOf(ms int64) time.Duration {
	return time.Duration(min(max(ms, 0), longestLock.Milliseconds())) * time.Millisecond
}

// RightCode implements [broker.Counters]. One round trip; none where the Visit was told
// that there is nothing to forget.
func (s Counters) RightCode(ctx context.Context, user string) error {
	if clean, _ := ahead.Take[bool](ctx, cleanQuestion(user)); clean {
		return nil
	}
	keys, err := lockKeys(user)
	if err != nil {
		return fmt.Errorf("forget wrong codes: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.lane(ctx).Del(ctx, keys[0], keys[2]).Err(); err != nil {
		return fmt.Errorf("forget wrong codes: %w", err)
	}
	return nil
}

// Unlock implements [broker.Counters]. One round trip.
func (s Counters) Unlock(ctx context.Context, user string) (bool, error) {
	ahead.Drop(ctx, lockQuestion(user), cleanQuestion(user))
	keys, err := lockKeys(user)
	if err != nil {
		return false, fmt.Errorf("unlock: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var lock *redis.IntCmd
	_, err = s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Del(ctx, keys[0], keys[2])
		lock = p.Del(ctx, keys[1])
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("unlock: %w", err)
	}
	return lock.Val() > 0, nil
}

// lockKeys are the wrong codes, the lock-out and how long the last one was.
func lockKeys(user string) ([]string, error) {
	keys := make([]string, 0, 3)
	for _, part := range []string{"wrong-codes", "locked-out", "last-lock-out"} {
		key, err := userKey(user, part)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// KEYS: the Requests with wrong codes, lock-out, the last one's length. ARGV:
// request ID, how many wrong codes lock a User out, how long they count from the
// first on, the first lock-out, the longest, how long its length is remembered (all
// ms). It answers how long the User is locked out now, how many more wrong codes
// would do it, and for how long. A repeat is answered as the first time: the lock
// names the Request that brought it, and the others are answered by their place.
const wrongCodeScript = `
if redis.call('GET', KEYS[2]) == ARGV[1] then return {redis.call('PTTL', KEYS[2]), 0, 0} end
local lock = math.min(math.max(2 * (tonumber(redis.call('GET', KEYS[3]) or 0) or 0), tonumber(ARGV[4])), tonumber(ARGV[5]))
local wrong, n, limit = redis.call('GET', KEYS[1]) or '', 1, tonumber(ARGV[2])
for id in string.gmatch(wrong, '%S+') do
  if id == ARGV[1] then return {0, limit - n, lock} end
  n = n + 1
end
if n == 1 and limit > 1 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
  return {0, limit - n, lock}
elseif n < limit then
  redis.call('SET', KEYS[1], wrong .. ' ' .. ARGV[1], 'KEEPTTL')
  return {0, limit - n, lock}
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', lock)
redis.call('SET', KEYS[3], lock, 'PX', ARGV[6])
redis.call('DEL', KEYS[1])
return {lock, 0, 0}`
