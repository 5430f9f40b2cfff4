package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/record/entry"
)

// noMark is what is read as the mark where something of another type stands, which no replica
// leaves: who wrote it must not keep the others from writing, or from leaving a mark.
const noMark = "of another type"

// Mark implements [record.Entries]. One round trip.
func (s Log) Mark(ctx context.Context) ([]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	mark, err := s.rdb.GetRange(ctx, s.names.mark, 0, entry.MaxMark).Bytes()
	if redis.HasErrorPrefix(err, "WRONGTYPE") {
		return []byte(noMark), nil
	}
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

// markScript is a function for scripts: the mark as Mark returns it, empty for none.
const markScript = `
local function readMark(key, most)
  local there = redis.pcall('GETRANGE', key, 0, most)
  if type(there) ~= 'table' then return there end
  if string.find(there.err, 'WRONGTYPE', 1, true) then return '` + noMark + `' end
  return redis.call('GETRANGE', key, 0, most) -- fails again
end`

// KEYS: mark, origin. ARGV: origin, the mark before, the next one or ”, the most bytes of one.
const setMarkScript = `
local origin = redis.call('GET', KEYS[2])
if origin and origin ~= ARGV[1] then return 0 end
local there = readMark(KEYS[1], ARGV[4])
if there == ARGV[3] then return 1 end
if there ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[3])
end
return 1`
