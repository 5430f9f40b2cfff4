package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A copy is what Slack said of groups or of a person, kept for all replicas.
// Its age counts by Redis's clock alone, from before Slack was asked: BeginCopy
// leaves a marker with the whole time to live, and SaveCopy gives the copy what is
// left of it. DropCopy, after a change, deletes both, so that an answer from before
// the change is not kept. The end is within the seal too: whoever can write to Redis
// could put an old copy back, or take its TTL away.

// A keptCopy is what is sealed.
type keptCopy struct {
	Until time.Time `json:"until"` // by Redis's clock
	Plain []byte    `json:"plain"`
}

func copyKeys(name string) (value, asked string, err error) {
	if name == "" || strings.ContainsAny(name, "{}") {
		return "", "", errors.New("the name of a copy is empty or holds a brace, so it cannot name a key")
	}
	return prefix + "{copy:" + name + "}:value", prefix + "{copy:" + name + "}:asked", nil
}

// Copies keeps what Slack said of groups and people.
type Copies struct{ *core }

// LoadCopy returns what SaveCopy kept last under name; nil when there is none or
// it is too old. One that does not open is an [*UnsealError]. One round trip.
func (s Copies) LoadCopy(ctx context.Context, name string) ([]byte, error) {
	value, _, err := copyKeys(name)
	if err != nil {
		return nil, fmt.Errorf("load copy: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var get *redis.StringCmd
	now, err := s.withClock(ctx, func(p redis.Pipeliner) { get = p.Get(ctx, value) })
	if err != nil {
		return nil, fmt.Errorf("load copy: %w", err)
	}
	sealed, err := get.Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	plain, err := s.ring.open(value, sealed)
	if err != nil {
		return nil, fmt.Errorf("load copy: %w", err)
	}
	var kept keptCopy
	if err := json.Unmarshal(plain, &kept); err != nil {
		return nil, fmt.Errorf("load copy: %s holds something else", value)
	}
	if !now.Before(kept.Until) {
		return nil, nil
	}
	return kept.Plain, nil
}

// BeginCopy notes that whoever holds token, which is used once, is about to ask
// Slack; what it says may be kept until age from now. It takes the place of any
// other begun under name. One round trip.
func (s Copies) BeginCopy(ctx context.Context, name, token string, age time.Duration) error {
	_, asked, err := copyKeys(name)
	if err != nil || token == "" || age <= 0 {
		return errors.Join(errors.New("begin copy: it needs a name, a token and a time"), err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.rdb.Set(ctx, asked, token, age).Err(); err != nil {
		return fmt.Errorf("begin copy: %w", err)
	}
	return nil
}

// SaveCopy keeps plain, sealed, for what is left of the age that BeginCopy gave
// token, and for no longer than age from now: whoever can write to Redis could
// stretch the marker. It keeps nothing and returns false when DropCopy or another
// BeginCopy came between, or the age is over. Two round trips.
func (s Copies) SaveCopy(ctx context.Context, name, token string, plain []byte, age time.Duration) (bool, error) {
	value, asked, err := copyKeys(name)
	if err != nil || token == "" || len(plain) == 0 || age <= 0 {
		return false, errors.Join(errors.New("save copy: it needs a name, a token, a content and a time"), err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var left *redis.DurationCmd
	now, err := s.withClock(ctx, func(p redis.Pipeliner) { left = p.PTTL(ctx, asked) })
	if err != nil {
		return false, fmt.Errorf("save copy: %w", err)
	}
	kept, err := json.Marshal(keptCopy{Until: now.Add(min(left.Val(), age)), Plain: plain})
	if err != nil {
		return false, fmt.Errorf("save copy: %w", err)
	}
	saved, err := s.scripts.saveCopy.Run(ctx, s.rdb, []string{asked, value}, token, s.ring.seal(value, kept)).Bool()
	if err != nil {
		return false, fmt.Errorf("save copy: %w", err)
	}
	return saved, nil
}

// DropCopy forgets the copy, and keeps those begun from being saved. One round
// trip.
func (s Copies) DropCopy(ctx context.Context, name string) error {
	value, asked, err := copyKeys(name)
	if err != nil {
		return fmt.Errorf("drop copy: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.rdb.Del(ctx, value, asked).Err(); err != nil {
		return fmt.Errorf("drop copy: %w", err)
	}
	return nil
}

// knownKey is for what was compared last, under the name of a copy and without an
// end.
func knownKey(name string) (string, error) {
	if _, _, err := copyKeys(name); err != nil {
		return "", err
	}
	return prefix + "{copy:" + name + "}:known", nil
}

// LoadKnown returns what was compared last under name, and what SwapKnown needs
// to replace it; both nil when there is none. One that does not open is an
// [*UnsealError], and what SwapKnown needs comes with it. One round trip.
func (s Copies) LoadKnown(ctx context.Context, name string) (plain, sealed []byte, err error) {
	key, err := knownKey(name)
	if err != nil {
		return nil, nil, fmt.Errorf("load known: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	plain, sealed, err = s.getSealed(ctx, key)
	if err != nil {
		return nil, sealed, fmt.Errorf("load known %s: %w", name, err)
	}
	return plain, sealed, nil
}

// SwapKnown replaces what LoadKnown returned as sealed by plain, without an end;
// false when another replaced it before. One round trip.
func (s Copies) SwapKnown(ctx context.Context, name string, sealed, plain []byte) (bool, error) {
	key, err := knownKey(name)
	if err != nil {
		return false, fmt.Errorf("swap known: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	swapped, err := s.scripts.swapKnown.Run(ctx, s.rdb, []string{key}, sealed, s.ring.seal(key, plain)).Bool()
	if err != nil {
		return false, fmt.Errorf("swap known %s: %w", name, err)
	}
	return swapped, nil
}

// KEYS: marker, copy. ARGV: token, the sealed copy. The copy ends when the marker
// does; a marker at its last millisecond is over.
const saveCopyScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', left)
return 1`

// KEYS: any. ARGV: the value that is there or "", the one to take its place for
// good. A repeat finds its own there.
const swapKnownScript = `
local kept = redis.call('GET', KEYS[1]) or ''
if kept ~= ARGV[1] and kept ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`
