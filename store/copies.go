package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A copy is what Slack said of groups or of a person, kept for all replicas.
// Its age counts by Redis's clock alone, from before Slack was asked: BeginCopy
// leaves a marker with the whole time to live, and SaveCopy gives the copy what is
// left of it. DropCopy, after a change, deletes both, so that an answer from before
// the change is not kept. The end is within the seal too: whoever can write to Redis
// could put an old copy back, or take its TTL away. A copy stays for a while after
// its age is over, for whoever can do with an older one.
//
// Processes keep copies too. DropCopy gives its name another version, which they ask
// for all names at once (CopyNews); so names share some hundred versions.

// copyVersions is how many versions names share. Of the copies in a process a change
// costs so many anew.
const copyVersions = 256

// Both have the tag, so that one round trip to one node reads them.
const (
	versionsKey = prefix + "{copies}:versions"
	awayKey     = prefix + "{copies}:away:"
)

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

// LoadCopy returns what SaveCopy kept last under name, and what is left of its age, 0
// or less when that is over; nil when there is none or it is over for longer than older.
// One that does not open is an [*UnsealError]. One round trip.
func (s Copies) LoadCopy(ctx context.Context, name string, older time.Duration) (plain []byte, left time.Duration, err error) {
	value, _, err := copyKeys(name)
	if err != nil {
		return nil, 0, fmt.Errorf("load copy: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var get *redis.StringCmd
	now, err := s.withClock(ctx, func(p redis.Pipeliner) { get = p.Get(ctx, value) })
	if err != nil {
		return nil, 0, fmt.Errorf("load copy: %w", err)
	}
	sealed, err := get.Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, 0, nil
	}
	if plain, err = s.ring.open(value, sealed); err != nil {
		return nil, 0, fmt.Errorf("load copy: %w", err)
	}
	var kept keptCopy
	if err := json.Unmarshal(plain, &kept); err != nil {
		return nil, 0, fmt.Errorf("load copy: %s holds something else", value)
	}
	if left = kept.Until.Sub(now); left <= -older {
		return nil, 0, nil
	}
	return kept.Plain, left, nil
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
// stretch the marker. For older after that it is still there. It keeps nothing and
// returns false when DropCopy or another BeginCopy came between, or the age is over.
// Two round trips.
func (s Copies) SaveCopy(ctx context.Context, name, token string, plain []byte, age, older time.Duration) (bool, error) {
	value, asked, err := copyKeys(name)
	if err != nil || token == "" || len(plain) == 0 || age <= 0 || older < 0 {
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
	saved, err := s.scripts.saveCopy.Run(ctx, s.rdb, []string{asked, value}, token, s.ring.seal(value, kept), older.Milliseconds()).Bool()
	if err != nil {
		return false, fmt.Errorf("save copy: %w", err)
	}
	return saved, nil
}

// DropCopy forgets the copy, keeps those begun from being saved, and gives name another
// version. Two round trips: whoever sees the version must not find the copy any more.
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
	// Never one that was there before: Redis may have lost those.
	if err := s.rdb.HSet(ctx, versionsKey, versionField(name), rand.Text()).Err(); err != nil {
		return fmt.Errorf("drop copy: %w", err)
	}
	return nil
}

func versionField(name string) string {
	sum := sha256.Sum256([]byte(name))
	return strconv.Itoa(int(sum[0]) % copyVersions)
}

// CopyNews returns the version of a name, which is another one after DropCopy, and for
// how long StayAway wants nobody to call a method. One round trip.
func (s Copies) CopyNews(ctx context.Context, methods ...string) (version func(name string) string, away map[string]time.Duration, err error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	fields := make([]string, copyVersions)
	for i := range fields {
		fields[i] = strconv.Itoa(i)
	}
	var versions *redis.SliceCmd
	left := make([]*redis.DurationCmd, len(methods))
	if _, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		versions = p.HMGet(ctx, versionsKey, fields...)
		for i, method := range methods {
			left[i] = p.PTTL(ctx, awayKey+method)
		}
		return nil
	}); err != nil {
		return nil, nil, fmt.Errorf("copy news: %w", err)
	}
	now := map[string]string{}
	for i, v := range versions.Val() {
		if text, ok := v.(string); ok {
			now[fields[i]] = text
		}
	}
	away = map[string]time.Duration{}
	for i, method := range methods {
		away[method] = min(max(left[i].Val(), 0), LongestAway)
	}
	return func(name string) string { return now[versionField(name)] }, away, nil
}

// LongestAway is the longest that StayAway holds.
const LongestAway = 5 * time.Minute

// StayAway has all replicas not call a method for a time: Slack said so. One round trip.
func (s Copies) StayAway(ctx context.Context, method string, length time.Duration) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	length = min(max(length, time.Millisecond), LongestAway)
	if err := s.rdb.Set(ctx, awayKey+method, "", length).Err(); err != nil {
		return fmt.Errorf("stay away: %w", err)
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

// KEYS: marker, copy. ARGV: token, the sealed copy, how long it is kept after its age
// is over, which is when the marker ends; a marker at its last millisecond is over.
const saveCopyScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', left + tonumber(ARGV[3]))
return 1`

// KEYS: any. ARGV: the value that is there or "", the one to take its place for
// good. A repeat finds its own there.
const swapKnownScript = `
local kept = redis.call('GET', KEYS[1]) or ''
if kept ~= ARGV[1] and kept ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`
