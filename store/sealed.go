package store

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// getSealed reads what is sealed under key, opened and as it is; sealed is nil
// when there is nothing or it could not be asked for. One that does not open is
// an [*UnsealError]. One round trip.
func (s *Store) getSealed(ctx context.Context, key string) (plain, sealed []byte, err error) {
	sealed, err = s.rdb.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	plain, err = s.ring.open(key, sealed)
	return plain, sealed, err
}
