package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// A due list is a sorted set: what is to be done, by when it is due. It lives
// under a hash tag of its own, and its entries are kept in clear and without an
// end: they must hold no secret, and whoever works the list off drops them. Due
// times are moments of the bot's clock that no clock but the bot's is compared
// with.

// PutDue keeps entry in list until it is dropped, due at at. Where old is not
// nil it takes old's place, and when old is no longer there nothing changes and
// it returns false: another holder of the list settled it. The same entry again
// only moves. One round trip.
func (s *Store) PutDue(ctx context.Context, list string, at time.Time, entry, old []byte) (bool, error) {
	key, err := dueKey(list)
	if err == nil && len(entry) == 0 {
		err = errors.New("it needs an entry")
	}
	if err != nil {
		return false, fmt.Errorf("put on due list: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	put, err := s.scripts.due.Run(ctx, s.rdb, []string{key}, at.UnixMilli(), entry, old).Bool()
	if err != nil {
		return false, fmt.Errorf("put on due list %s: %w", list, err)
	}
	return put, nil
}

// DueBy returns up to limit entries of list that are due at now or before, the
// earliest first. They stay. One round trip.
func (s *Store) DueBy(ctx context.Context, list string, now time.Time, limit int64) ([][]byte, error) {
	key, err := dueKey(list)
	if err != nil {
		return nil, fmt.Errorf("read due list: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	texts, err := s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: key, ByScore: true, Start: "-inf", Stop: strconv.FormatInt(now.UnixMilli(), 10), Count: limit,
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("read due list %s: %w", list, err)
	}
	entries := make([][]byte, len(texts))
	for i, text := range texts {
		entries[i] = []byte(text)
	}
	return entries, nil
}

// DropDue takes entry off list; one that is not there is no error. One round
// trip.
func (s *Store) DropDue(ctx context.Context, list string, entry []byte) error {
	key, err := dueKey(list)
	if err != nil {
		return fmt.Errorf("drop from due list: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.rdb.ZRem(ctx, key, entry).Err(); err != nil {
		return fmt.Errorf("drop from due list %s: %w", list, err)
	}
	return nil
}
