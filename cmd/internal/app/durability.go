package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// Durability asks the Redis of REDIS_URL how well it keeps the record. Of the
// environment it needs no more than what leads there. It does not wait for Redis.
func Durability(ctx context.Context, getenv func(string) string) (d store.Durability, err error) {
	r := settingsReader{getenv: getenv}
	var s Settings
	s.RedisURL, _ = r.redis(r.secret("REDIS_URL"))
	s.RedisCA, s.Risks = r.redisCA(s.RedisURL), r.risks
	if err := errors.Join(r.problems...); err != nil {
		return store.Durability{}, err
	}
	if s.EmbeddedRedis() {
		return store.Durability{}, fmt.Errorf("REDIS_URL is %s, whose record ends with the bot: there is no Redis to ask", Embedded)
	}
	st, err := store.Open(ctx, s.storeOptions())
	if err != nil {
		return store.Durability{}, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return st.Log.Durability(ctx)
}

// storeOptions are what leads to the Redis of s. Without seal keys it makes one, for who
// seals nothing.
func (s Settings) storeOptions() store.Options {
	keys := s.SealKeys
	if len(keys) == 0 {
		keys = []secret.Text{NewSealKey()}
	}
	return store.Options{URL: s.RedisURL, SealKeys: keys, Cleartext: s.ClearRedis(), Roots: s.RedisCA}
}

// Health asks the Redis of s how it is. It does not wait for Redis.
func (s Settings) Health(ctx context.Context) (h store.Health, err error) {
	st, err := store.Open(ctx, s.storeOptions())
	if err != nil {
		return store.Health{}, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return st.Health(ctx)
}
