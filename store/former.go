package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/record"
)

// Former is the record as it was kept before version 1: a stream of flat JSON. It is only
// read, and removed.
type Former struct{ Cursors }

var _ record.Former = Former{}

const (
	formerField = "event"
	formerStart = "0-0"
	// mostFormer is how much is kept of one entry.
	mostFormer = 1 << 20
)

// ReadFormer implements [record.Former]. One round trip.
func (s Former) ReadFormer(ctx context.Context, after string, limit int64) ([]record.FormerEntry, error) {
	if after == "" {
		after = formerStart
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	streams, err := s.rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{recordKey, after}, Count: limit, Block: -1}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the former record: %w", err)
	}
	var out []record.FormerEntry
	for _, stream := range streams {
		for _, m := range stream.Messages {
			out = append(out, record.FormerEntry{Position: m.ID, Bytes: []byte(field(m, formerField, mostFormer))})
		}
	}
	return out, nil
}

// RemoveFormer implements [record.Former]. One round trip.
func (s Former) RemoveFormer(ctx context.Context) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.rdb.Del(ctx, recordKey).Err(); err != nil {
		return fmt.Errorf("remove the former record: %w", err)
	}
	return nil
}
