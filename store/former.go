package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/assumebot/assumebot/broker/record"
)

// Former is the record as it was kept before version 1: a stream of flat JSON. It is only
// read, and removed.
type Former struct{ Cursors }

var _ record.Former = Former{}

const (
	formerField = "event"
	formerStart = "0-0"
	// mostFormerRead is where one answer ends, at the next entry.
	mostFormerRead = 4 << 20
)

// ReadFormer implements [record.Former]. One round trip.
func (s Former) ReadFormer(ctx context.Context, after string, limit int64) ([]record.FormerEntry, error) {
	if after == "" {
		after = formerStart
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.scripts.readFormer.Run(ctx, s.rdb, []string{recordKey},
		after, limit, formerField, record.MaxFormer+1, mostFormerRead).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("read the former record: %w", err)
	}
	var out []record.FormerEntry
	for pair := range slices.Chunk(found, 2) {
		out = append(out, record.FormerEntry{Position: pair[0], Bytes: []byte(pair[1])})
	}
	return out, nil
}

// RemoveFormer implements [record.Former]. One round trip.
func (s Former) RemoveFormer(ctx context.Context, after string) (bool, error) {
	if after == "" {
		after = formerStart
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	removed, err := s.scripts.removeFormer.Run(ctx, s.rdb, []string{recordKey}, after).Bool()
	if err != nil {
		return false, fmt.Errorf("remove the former record: %w", err)
	}
	return removed, nil
}

// KEYS: the stream. ARGV: the position after which to read, how many entries at most, the
// field, how much of it, and after how many bytes to end. It answers positions and bytes in
// turn.
const readFormerScript = `
local out, size = {}, 0
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2] + 1)) do
  if entry[1] ~= ARGV[1] and #out < 2 * ARGV[2] and size < tonumber(ARGV[5]) then
    local bytes = ''
    for at = 1, #entry[2], 2 do
      if entry[2][at] == ARGV[3] then bytes = string.sub(entry[2][at + 1], 1, tonumber(ARGV[4])) end
    end
    out[#out + 1], out[#out + 2], size = entry[1], bytes, size + #bytes
  end
end
return out`

// KEYS: the stream. ARGV: the position after which there may be nothing.
const removeFormerScript = `
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', 2)) do
  if entry[1] ~= ARGV[1] then return 0 end
end
redis.call('DEL', KEYS[1])
return 1`
