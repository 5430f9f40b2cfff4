package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/patience"
)

// Which replicas live. Each says so again and again, and says with it how it is, under a key
// of its own that ends by itself: who died is missing a few seconds later. An index names
// them, those that died among them until they are seen to be missing, or for an hour.
//
// When it was said, by Redis's clock, and for how long it counts is sealed with what was said: what
// somebody else puts back later is not believed. Whoever can write to Redis can have a replica
// missing, or a name there of which nobody knows how it is, and no more.
const (
	replicasKey = prefix + "{replicas}"
	// maxReplicas is far above what Slack has connections for.
	maxReplicas = 64
	maxSaid     = 1 << 10
	// maxSaidSealed bounds what is read and opened.
	maxSaidSealed = 2 * maxSaid
	// indexedFor covers clocks of replicas that differ by minutes.
	indexedFor = time.Hour
)

func replicaKey(id string) string { return replicasKey + ":" + id }

// Replicas keeps which replicas live.
type Replicas struct{ *core }

// A keptWord is what is sealed.
type keptWord struct {
	At   int64  `json:"at"`  // by Redis's clock, Unix ms
	Life int64  `json:"for"` // ms
	Said []byte `json:"said"`
}

// counts reports whether w is of now: not over, and not of a time from before Redis's clock was
// set back.
func (w keptWord) counts(now time.Time) bool {
	age := now.UnixMilli() - w.At
	return w.At > 0 && -w.Life < age && age < w.Life
}

// SayAlive keeps what the replica id says of itself, sealed, for life from now. Two round trips.
func (s Replicas) SayAlive(ctx context.Context, id string, said []byte, life time.Duration) error {
	if !plausible(id) || len(said) > maxSaid || life <= 0 {
		return errors.New("say that a replica lives: it needs an ID, a few words and a time")
	}
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	key, now := replicaKey(id), s.now()
	at, err := s.withClock(ctx, nil)
	var word []byte
	if err == nil {
		word, err = json.Marshal(keptWord{At: at.UnixMilli(), Life: milliseconds(life), Said: said})
	}
	if err == nil {
		_, err = s.first.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, key, s.ring.seal(key, word), life)
			p.ZAdd(ctx, replicasKey, redis.Z{Score: float64(now.UnixMilli()), Member: id})
			p.ZRemRangeByScore(ctx, replicasKey, "-inf", strconv.FormatInt(now.Add(-indexedFor).UnixMilli(), 10))
			p.PExpire(ctx, replicasKey, indexedFor)
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("say that a replica lives: %w", err)
	}
	return nil
}

// Leave forgets the replica id, which ends. One round trip.
func (s Replicas) Leave(ctx context.Context, id string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.first.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Del(ctx, replicaKey(id))
		p.ZRem(ctx, replicasKey, id)
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget a replica that ends: %w", err)
	}
	return nil
}

// Alive returns what each replica that lives said last, by its ID; nil where that does not
// open: it lives, and nobody knows how it is. What does not count any more is none. One round trip,
// and one more that forgets those that died.
func (s Replicas) Alive(ctx context.Context) (map[string][]byte, error) {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	said, dead, err := s.alive(ctx)
	if err == nil && len(dead) > 0 {
		err = s.first.ZRem(ctx, replicasKey, dead...).Err()
	}
	if err != nil {
		return nil, fmt.Errorf("ask which replicas live: %w", err)
	}
	return said, nil
}

func (s Replicas) alive(ctx context.Context) (said map[string][]byte, dead []any, err error) {
	var read *redis.Cmd
	now, err := s.withClock(ctx, func(p redis.Pipeliner) {
		read = p.Eval(ctx, aliveScript, []string{replicasKey}, maxReplicas, maxID, maxSaidSealed)
	})
	if err != nil {
		return nil, nil, err
	}
	found, err := read.StringSlice()
	if err != nil || len(found)%2 != 0 || len(found) > 2*maxReplicas {
		return nil, nil, errors.Join(errors.New("the answer is not a list of replicas"), err)
	}
	said = map[string][]byte{}
	for pair := range slices.Chunk(found, 2) {
		id, sealed := pair[0], pair[1]
		if sealed == "" || !plausible(id) {
			dead = append(dead, id)
			continue
		}
		word, err := s.word(id, sealed)
		switch {
		case err != nil:
			said[id] = nil
		case word.counts(now):
			said[id] = word.Said
		default:
			dead = append(dead, id)
		}
	}
	return said, dead, nil
}

// word opens what was read of the replica id.
func (s Replicas) word(id, sealed string) (w keptWord, err error) {
	if len(sealed) > maxSaidSealed {
		return w, errors.New("it is too long")
	}
	text, err := s.ring.open(replicaKey(id), []byte(sealed))
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err == nil && w.At == 0 {
		err = errors.New("it has no time: another release wrote it")
	}
	return w, err
}

// KEYS: the index. ARGV: how many are looked at, the newest, how long a name may be, and what a replica says,
// of which a byte more is read. The keys of those that it names begin with its own, and are in the
// same slot. It answers each name with what is there: "" for nothing, or what is no text. Names that
// are too long go.
const aliveScript = `
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], -ARGV[1], -1)) do
  if #id > tonumber(ARGV[2]) then
    redis.call('ZREM', KEYS[1], id)
  else
    local said = redis.pcall('GETRANGE', KEYS[1] .. ':' .. id, 0, ARGV[3])
    found[#found + 1] = id
    found[#found + 1] = type(said) == 'string' and said or ''
  end
end
return found`
