package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
)

// A registered public key is no secret, but whoever could replace it would read
// the next credentials, so it is sealed like what grants something: Redis alone
// cannot forge one, nor move one from another User. What Redis can do is lose
// it, or be made to: then credentials go out in clear again, and nothing that is
// itself in Redis could tell. So the Redis that holds keys needs
//
//   - appendonly yes. With appendfsync everysec the last second before a crash
//     is lost, with always nothing; snapshots alone lose minutes.
//   - maxmemory-policy noeviction: a key without TTL is evicted by allkeys-*.
//   - replicas, if there are any, that a fail-over does not promote while they
//     lag (min-replicas-to-write), and backups that are not older than a key's
//     removal or replacement: one that is brings the former key back.
//
// Where that is too little, `sealed: required` with keys in the config does not
// depend on Redis at all. An embedded Redis forgets every key when it ends.

// keptKey is what is sealed.
type keptKey struct {
	Key string    `json:"key"`
	Set time.Time `json:"set"`
}

// SealedKeys keeps the public keys that Users registered.
type SealedKeys struct{ *core }

var _ broker.SealedKeys = SealedKeys{}

// LoadKey implements [broker.SealedKeys]. One round trip.
func (s SealedKeys) LoadKey(ctx context.Context, user string) (broker.RegisteredKey, bool, error) {
	found, err := ask(ctx, s.core, keyQuestion(user), s.send(user))
	if err != nil {
		return broker.RegisteredKey{}, false, fmt.Errorf("load key: %w", err)
	}
	if found == nil {
		return broker.RegisteredKey{}, false, nil
	}
	key, _ := userKey(user, "publickey") // it was named before
	plain, err := s.ring.open(key, found)
	if errors.Is(err, broker.ErrNewer) {
		return broker.RegisteredKey{}, false, fmt.Errorf("load key: %w", err) // to register it again would undo it
	}
	if err != nil {
		return broker.RegisteredKey{}, false, fmt.Errorf("load key: %w: %w", broker.ErrKeyUnreadable, err)
	}
	var kept keptKey
	if err := json.Unmarshal(plain, &kept); err != nil || kept.Key == "" {
		return broker.RegisteredKey{}, false, fmt.Errorf("load key: %w: %s holds something else", broker.ErrKeyUnreadable, key)
	}
	s.reseal(ctx, key, found, plain)
	return broker.RegisteredKey{Text: kept.Key, Set: kept.Set}, true, nil
}

// send asks for the key as it is sealed; nil when there is none.
func (SealedKeys) send(user string) func(context.Context, redis.Pipeliner) (answer[[]byte], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[[]byte], error) {
		key, err := userKey(user, "publickey")
		if err != nil {
			return nil, err
		}
		get := p.Get(ctx, key)
		return func() ([]byte, error) {
			sealed, err := get.Bytes()
			if errors.Is(err, redis.Nil) {
				return nil, nil
			}
			return sealed, err
		}, nil
	}
}

// reseal seals a registered key anew that an older seal key sealed: it has no
// expiry, and the older seal key will be dropped some day. Where the key changed
// meanwhile it does nothing; if it fails, the next load tries again. One round trip
// more.
func (s SealedKeys) reseal(ctx context.Context, key string, sealed, plain []byte) {
	if s.ring.sealedByNewest(sealed) {
		return
	}
	_ = s.scripts.resealKey.Run(ctx, s.lane(ctx), []string{key}, sealed, s.ring.seal(key, plain)).Err()
}

// SaveKey implements [broker.SealedKeys]. One round trip.
func (s SealedKeys) SaveKey(ctx context.Context, user string, k broker.RegisteredKey) error {
	key, err := userKey(user, "publickey")
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	ahead.Drop(ctx, keyQuestion(user))
	if k.Text == "" {
		return errors.New("save key: it is empty")
	}
	plain, err := json.Marshal(keptKey{Key: k.Text, Set: k.Set})
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.lane(ctx).Set(ctx, key, s.ring.seal(key, plain), 0).Err(); err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	return nil
}

// RemoveKey implements [broker.SealedKeys]. One round trip.
func (s SealedKeys) RemoveKey(ctx context.Context, user string) error {
	key, err := userKey(user, "publickey")
	if err != nil {
		return fmt.Errorf("remove key: %w", err)
	}
	ahead.Drop(ctx, keyQuestion(user))
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.lane(ctx).Del(ctx, key).Err(); err != nil {
		return fmt.Errorf("remove key: %w", err)
	}
	return nil
}

// KEYS: any. ARGV: the value that is there, the one to take its place for good.
const resealKeyScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`
