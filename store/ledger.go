package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
)

var _ broker.Ledger = (*Store)(nil)

// FindGrant implements [broker.Ledger]. Credentials that do not open are an
// error. One round trip.
func (s *Store) FindGrant(ctx context.Context, user, grantID string) (broker.KeptGrant, bool, error) {
	keys, err := grantKeys(user, grantID)
	if err != nil {
		return broker.KeptGrant{}, false, nil // nothing is kept under such a name
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	values, err := s.rdb.MGet(ctx, keys.grant, keys.credentials, keys.ended).Result()
	if err != nil {
		return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
	}
	text, ok := values[0].(string)
	if !ok || values[2] != nil || s.ended.holds(keys.grant, s.now()) {
		return broker.KeptGrant{}, false, nil
	}
	found := foundGrant{keys: keys, text: text}
	if found.Grant, err = decodeGrant(keys.grant, text, user, grantID); err != nil {
		return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
	}
	kept := broker.KeptGrant{Grant: found.Grant}
	if !found.Expires.After(s.now()) {
		return broker.KeptGrant{}, false, nil
	}
	if found.sealed, ok = values[1].(string); ok {
		if kept.Credentials, kept.Kept, err = s.openCredentials(found); err != nil {
			return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
		}
	}
	return kept, true, nil
}

// EndGrant implements [broker.Ledger]. The Grant and its Credentials go together;
// an index that still names them only costs a look. That it has ended is noted
// beside it and in this process, first: where a value is put back, that still
// counts. One round trip.
func (s *Store) EndGrant(ctx context.Context, user, grantID string) error {
	keys, err := grantKeys(user, grantID)
	if err != nil {
		return fmt.Errorf("end grant: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	s.ended.note(keys.grant, s.now())
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, keys.ended, s.now().UnixMilli(), endRemembered)
		p.Del(ctx, keys.grant, keys.credentials)
		p.ZRem(ctx, keys.index, grantID)
		return nil
	})
	if err != nil {
		return fmt.Errorf("end grant: %w", err)
	}
	return nil
}

// holdersKey is a sorted set: who may have live Grants, by when the last of them
// ends.
const holdersKey = prefix + "{holders}"

var _ broker.Holders = (*Store)(nil)

// Holders implements [broker.Holders]. One round trip.
func (s *Store) Holders(ctx context.Context) ([]string, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	users, err := s.rdb.ZRange(ctx, holdersKey, 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("list holders: %w", err)
	}
	return slices.DeleteFunc(users, func(user string) bool { return !plausible(user) }), nil
}

// addHolder notes that user is about to have a Grant. It comes before the Grant,
// in another slot of a cluster, so that no Grant is without its holder.
func (s *Store) addHolder(ctx context.Context, user string, expires, now time.Time) error {
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.ZAddArgs(ctx, holdersKey, redis.ZAddArgs{GT: true, Members: []redis.Z{{Score: float64(expires.UnixMilli()), Member: user}}})
		p.ZRemRangeByScore(ctx, holdersKey, "-inf", strconv.FormatInt(now.Add(-pruneAfter).UnixMilli(), 10))
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the holder: %w", err)
	}
	return nil
}
