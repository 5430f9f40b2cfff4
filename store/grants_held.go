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

// holdersKey is a sorted set of the Users who may have live Grants, by when the
// last of these ends.
const holdersKey = prefix + "{holders}"

// addHolder notes that user is about to have a Grant. It is sent before the Grant. On a
// cluster it stands on another node: where that one fails the Grant counts as not kept.
func (s Grants) addHolder(ctx context.Context, p redis.Pipeliner, user string, expires time.Time) *redis.IntCmd {
	noted := p.ZAddArgs(ctx, holdersKey, redis.ZAddArgs{GT: true, Members: []redis.Z{{Score: float64(expires.UnixMilli()), Member: user}}})
	p.ZRemRangeByScore(ctx, holdersKey, "-inf", strconv.FormatInt(s.now().Add(-pruneAfter).UnixMilli(), 10))
	return noted
}

// heldPages bounds how often more people are looked at: whoever can write to Redis can
// name any number there who hold nothing.
const heldPages = 10

// Held implements [broker.Grants]. Three round trips, and as many more for each page of
// people who turn out to hold nothing; one where nobody holds anything.
func (s Grants) Held(ctx context.Context, most int) (broker.Held, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var held broker.Held
	for page := range heldPages {
		users, err := s.rdb.ZRangeArgs(ctx, s.longest(holdersKey, page*most, most+1)).Result()
		more := len(users) > most
		users = slices.DeleteFunc(users[:min(len(users), most)], func(user string) bool { return !plausible(user) })
		if err == nil && len(users) > 0 {
			err = s.addHeld(ctx, &held, users, most)
		}
		if err != nil {
			return broker.Held{}, fmt.Errorf("list held grants: %w", err)
		}
		if held.More = held.More || more; !more || len(held.Grants) >= most {
			break
		}
	}
	return held, nil
}

// longest reads what of an index has not ended, what ends last first.
func (s Grants) longest(index string, from, count int) redis.ZRangeArgs {
	return redis.ZRangeArgs{
		Key: index, ByScore: true, Rev: true, Start: "+inf", Stop: strconv.FormatInt(s.now().UnixMilli(), 10), Offset: int64(from), Count: int64(count),
	}
}

// addHeld adds the live Grants of users, up to most in all.
func (s Grants) addHeld(ctx context.Context, held *broker.Held, users []string, most int) error {
	indexes := make([]*redis.StringSliceCmd, len(users))
	if _, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, user := range users {
			index, err := userKey(user, "grants")
			if err != nil {
				return err
			}
			indexes[i] = p.ZRangeArgs(ctx, s.longest(index, 0, most+1))
		}
		return nil
	}); err != nil {
		return err
	}
	type one struct {
		user, id string
		keys     userKeys
		values   *redis.SliceCmd
	}
	var asked []one
	if _, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, user := range users {
			for _, id := range indexes[i].Val() {
				if len(held.Grants)+len(asked) == most {
					held.More = true
					return nil
				}
				if keys, err := grantKeys(user, id); plausible(id) && err == nil {
					asked = append(asked, one{user, id, keys, p.MGet(ctx, keys.grant, keys.ended)})
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, a := range asked {
		text, ok := a.values.Val()[0].(string)
		if !ok || a.values.Val()[1] != nil || s.ended.has(a.keys.grant, s.now()) {
			continue
		}
		g, err := decodeGrant(a.keys.grant, text, a.user, a.id)
		if err != nil {
			return err
		}
		if g.Expires.After(s.now()) {
			held.Grants = append(held.Grants, g)
		}
	}
	return nil
}
