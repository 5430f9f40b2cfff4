package store

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
)

var _ broker.Ledger = (*Store)(nil)

// FindGrant implements [broker.Ledger]. Credentials that do not open are an
// error. One round trip.
func (s *Store) FindGrant(ctx context.Context, user, grantID string) (broker.KeptGrant, bool, error) {
	keys, err := grantKeys(user, grantID)
	if err != nil {
		return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	values, err := s.rdb.MGet(ctx, keys.grant, keys.credentials).Result()
	if err != nil {
		return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
	}
	text, ok := values[0].(string)
	if !ok {
		return broker.KeptGrant{}, false, nil
	}
	found := foundGrant{keys: keys}
	if found.Grant, err = decodeGrant(keys.grant, text, user, grantID); err != nil {
		return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
	}
	kept := broker.KeptGrant{Grant: found.Grant}
	if !found.Expires.After(s.now()) {
		return broker.KeptGrant{}, false, nil
	}
	if found.sealed, ok = values[1].(string); ok {
		if kept.Credentials, err = s.openCredentials(found); err != nil {
			return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
		}
		kept.Kept = true
	}
	return kept, true, nil
}

// EndGrant implements [broker.Ledger]. The Grant and its Credentials go together;
// an index that still names them only costs a look. One round trip.
func (s *Store) EndGrant(ctx context.Context, user, grantID string) error {
	keys, err := grantKeys(user, grantID)
	if err != nil {
		return fmt.Errorf("end grant: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Del(ctx, keys.grant, keys.credentials)
		p.ZRem(ctx, keys.index, grantID)
		return nil
	})
	if err != nil {
		return fmt.Errorf("end grant: %w", err)
	}
	return nil
}
