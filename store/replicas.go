package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Which replicas live. Each says so again and again, and says with it how it is, under a key
// of its own that ends by itself: who died is missing a few seconds later. An index names
// them, those that died among them until they are seen to be missing, or for an hour.
const (
	replicasKey = prefix + "{replicas}"
	// maxReplicas is far above what Slack has connections for.
	maxReplicas = 64
	maxSaid     = 1 << 10
	// indexedFor covers clocks of replicas that differ by minutes.
	indexedFor = time.Hour
)

func replicaKey(id string) string { return replicasKey + ":" + id }

// Replicas keeps which replicas live.
type Replicas struct{ *core }

// SayAlive keeps what the replica id says of itself, sealed, for life from now. One round trip.
func (s Replicas) SayAlive(ctx context.Context, id string, said []byte, life time.Duration) error {
	if !plausible(id) || len(said) > maxSaid || life <= 0 {
		return errors.New("say that a replica lives: it needs an ID, a few words and a time")
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	key, now := replicaKey(id), s.now()
	_, err := s.first.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, key, s.ring.seal(key, said), life)
		p.ZAdd(ctx, replicasKey, redis.Z{Score: float64(now.UnixMilli()), Member: id})
		p.ZRemRangeByScore(ctx, replicasKey, "-inf", strconv.FormatInt(now.Add(-indexedFor).UnixMilli(), 10))
		p.PExpire(ctx, replicasKey, indexedFor)
		return nil
	})
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
// open: it lives, and nobody knows how it is. Two round trips, and one more that forgets
// those that died.
func (s Replicas) Alive(ctx context.Context) (map[string][]byte, error) {
	ctx, cancel := s.bound(ctx)
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
	ids, err := s.first.ZRangeArgs(ctx, redis.ZRangeArgs{Key: replicasKey, Start: 0, Stop: maxReplicas - 1, Rev: true}).Result()
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = replicaKey(id)
	}
	sealed, err := s.first.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, nil, err
	}
	said = map[string][]byte{}
	for i, id := range ids {
		value, lives := sealed[i].(string)
		if !lives || !plausible(id) {
			dead = append(dead, id)
			continue
		}
		if said[id], err = s.ring.open(keys[i], []byte(value)); err != nil || len(said[id]) > maxSaid {
			said[id] = nil
		}
	}
	return said, dead, nil
}
