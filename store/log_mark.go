package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/record/entry"
)

// Mark implements [record.Entries]. One round trip.
func (s Log) Mark(ctx context.Context) ([]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	mark, err := s.rdb.GetRange(ctx, s.names.mark, 0, entry.MaxMark).Bytes()
	if err != nil {
		return nil, fmt.Errorf("read the record's mark: %w", err)
	}
	if len(mark) == 0 {
		return nil, nil
	}
	return mark, nil
}

// SetMark implements [record.Entries]; a repeat is answered as the first time. One round trip.
func (s Log) SetMark(ctx context.Context, origin string, previous, mark []byte) (bool, error) {
	if origin == "" || len(origin) > maxOrigin || len(mark) > entry.MaxMark {
		return false, errors.New("leave a mark: it is too long, or of no record")
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	set, err := s.scripts.setMark.Run(ctx, s.rdb, []string{s.names.mark, s.names.origin}, origin, previous, mark, entry.MaxMark).Int64()
	if err != nil {
		return false, fmt.Errorf("leave a mark at the record: %w", err)
	}
	return set == 1, nil
}

// KEYS: mark, origin. ARGV: origin, the mark before, the next one or ”, the most bytes of one.
const setMarkScript = `
local origin = redis.call('GET', KEYS[2])
if origin and origin ~= ARGV[1] then return 0 end
local there = redis.call('GETRANGE', KEYS[1], 0, ARGV[4])
if there == ARGV[3] then return 1 end
if there ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[3])
end
return 1`
