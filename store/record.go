package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/text"
)

const (
	// recordLimit bounds the stream, roughly. A reader further behind than this
	// misses the oldest Events.
	recordLimit = 100_000
	// The fields of an entry. One that was written before version 1 has flatField alone.
	leafField, asideField, flatField = "leaf", "aside", "event"
	// recordStart comes before every entry.
	recordStart = "0-0"
	// mostFlat is the most bytes of an entry that was written before version 1.
	mostFlat   = 1 << 20
	defaultMax = 100
)

// Record keeps the audit record, and how far its readers are.
type Record struct {
	*core
	replica string // which process writes
}

var _ broker.Recorder = Record{}

// Record implements [broker.Recorder]: it appends e to the stream that all replicas
// share, its parts one after the other, and retries nothing. It is as durable as Redis is
// configured to be: appendfsync everysec may lose a second. One round trip.
func (s Record) Record(ctx context.Context, e event.Event) error {
	e.Replica = s.replica
	parts, err := event.Split(e)
	if err != nil {
		return fmt.Errorf("record event: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, part := range parts {
			leaf, aside, err := part.Encode()
			if err != nil {
				return err
			}
			p.XAdd(ctx, &redis.XAddArgs{
				Stream: recordKey, MaxLen: recordLimit, Approx: true,
				Values: []any{leafField, leaf, asideField, aside},
			})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record event %s: %w", e.ID, err)
	}
	return nil
}

// ReadRecord returns up to limit entries after the position after, in the
// record's order; "" starts at the oldest one kept, and a limit of 0 or less
// means 100. An entry that cannot be read is returned as Broken, so that it does
// not hold up those behind it. One round trip.
func (s Record) ReadRecord(ctx context.Context, after string, limit int64) ([]broker.RecordEntry, error) {
	if limit <= 0 {
		limit = defaultMax
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	streams, err := s.rdb.XRead(ctx, &redis.XReadArgs{
		Streams: []string{recordKey}, ID: position(after), Count: limit, Block: -1,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	var out []broker.RecordEntry
	for _, stream := range streams {
		for _, m := range stream.Messages {
			out = append(out, decodeEntry(m))
		}
	}
	return out, nil
}

// AwaitRecord returns once there is an entry after the position after, or wait
// has passed, whichever comes first; both are nil. A ctx that is cancelled is
// noticed within a quarter of a second. It uses a connection of its own, so that whoever
// waits takes none from those who work.
func (s Record) AwaitRecord(ctx context.Context, after string, wait time.Duration) error {
	if err := s.awaitStream(ctx, recordKey, position(after), wait); err != nil {
		return fmt.Errorf("await record: %w", err)
	}
	return nil
}

func position(after string) string {
	if after == "" {
		return recordStart
	}
	return after
}

func decodeEntry(m redis.XMessage) broker.RecordEntry {
	out := broker.RecordEntry{Position: m.ID}
	leaf, ok := m.Values[leafField].(string)
	if !ok {
		return decodeFlat(out, m)
	}
	aside, _ := m.Values[asideField].(string)
	var err error
	if out.Event, err = event.Decode([]byte(leaf), []byte(aside)); err != nil {
		out.Broken = "the entry is not an event: " + err.Error()
	}
	return out
}

// decodeFlat reads an entry that was written before version 1.
func decodeFlat(out broker.RecordEntry, m redis.XMessage) broker.RecordEntry {
	flat, ok := m.Values[flatField].(string)
	if !ok || len(flat) > mostFlat {
		out.Broken = "the entry has no field " + leafField
		return out
	}
	var head struct {
		ID      string    `json:"id"`
		Time    time.Time `json:"time"`
		Request string    `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(flat), &head); err != nil {
		out.Broken = "the entry is not an event: " + err.Error()
		return out
	}
	out.Event = event.Event{
		V: event.Version, ID: head.ID, Time: head.Time, Kind: event.Imported, Request: text.AtMost(text.OneLine(head.Request), event.MaxID),
		Data: event.NewImported(m.ID, []byte(flat)),
	}
	return out
}

// MoveCursor replaces the reader's state, where it is in the record and what it
// has folded. It changes nothing and returns false when another has had the lease
// since f, or when the state is no longer previous, which is what this holder
// loaded or saved last; nil where there was none. The state is kept in clear: it
// must hold no secret. One round trip.
func (s Record) MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error) {
	moved, err := s.swapInTurn(ctx, f, cursorKey(f.Lease), previous, state)
	if err != nil {
		return false, fmt.Errorf("move cursor %s: %w", f.Lease, err)
	}
	return moved, nil
}

// LoadCursor returns what MoveCursor kept last, nil when there is nothing. Load
// it after taking the lease, or another holder may still be moving it. One round
// trip.
func (s Record) LoadCursor(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	state, err := s.rdb.Get(ctx, cursorKey(name)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load cursor %s: %w", name, err)
	}
	return state, nil
}
