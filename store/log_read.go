package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// mostRead bounds one answer: about 9 MB of the longest entries.
const mostRead = 256

// Read implements [record.Entries], with at most 256 entries at a time. One round trip.
func (s Log) Read(ctx context.Context, from int64, limit int) ([]entry.Entry, error) {
	if from < 0 || from >= maxNumber || limit <= 0 {
		return nil, fmt.Errorf("read %d entries of the record from %d on", limit, from)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.scripts.readLog.Run(ctx, s.lane(ctx), []string{s.names.entries}, streamID(from), min(limit, mostRead)).Slice()
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	return readEntries(found), nil
}

// Bounds implements [record.Entries]. What stands at an end and is no entry is an
// error. One round trip.
func (s Log) Bounds(ctx context.Context) (first, next int64, err error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.scripts.logBounds.Run(ctx, s.lane(ctx), []string{s.names.entries}).StringSlice()
	if err != nil {
		return 0, 0, fmt.Errorf("read the record: %w", err)
	}
	if len(found) != 2 {
		return 0, 0, nil
	}
	first, okFirst := entryNumber(found[0])
	last, okLast := entryNumber(found[1])
	if !okFirst || !okLast {
		return 0, 0, fmt.Errorf("the record's stream begins at %q and ends at %q, where no entries can be", found[0], found[1])
	}
	return first, last + 1, nil
}

// Await implements [record.Entries]. It ends with ctx, and uses a connection of its own, so
// that whoever waits takes none from those who work.
func (s Log) Await(ctx context.Context, from int64, wait time.Duration) error {
	if from < 0 || from >= maxNumber {
		return fmt.Errorf("await the entry %d of the record", from)
	}
	// After everything that could stand where the one before does.
	position := strconv.FormatInt(from, 10) + "-" + strconv.FormatUint(math.MaxUint64, 10)
	if err := s.awaitStream(ctx, s.names.entries, position, wait); err != nil {
		return fmt.Errorf("await the record: %w", err)
	}
	return nil
}

// readEntries reads what entriesScript answered.
func readEntries(found []any) []entry.Entry {
	out := make([]entry.Entry, len(found))
	for i, one := range found {
		parts, _ := one.([]any)
		out[i] = readEntry(parts)
	}
	return out
}

// readEntry leaves out what is not there, and all of what stands where no entry can:
// both fail their check.
func readEntry(parts []any) entry.Entry {
	part := func(i, most int) string {
		if i >= len(parts) {
			return ""
		}
		return bounded(parts[i], most)
	}
	n, ok := entryNumber(part(0, maxPlace))
	e := entry.Entry{Number: n, Sealed: entry.Sealed{After: math.MinInt64}}
	if !ok {
		return e
	}
	if after, err := strconv.ParseInt(part(1, maxDecimal), 10, 64); err == nil {
		e.After = after
	}
	e.Root = []byte(part(2, entry.RootSize))
	e.ID = part(3, entry.MaxID)
	e.Leaf = []byte(part(4, tree.MaxLeaf))
	e.MACs = part(5, entry.MaxMACs)
	return e
}

// entriesScript is a function for scripts whose first key is the stream: up to most
// entries from a place on, of each the place, after, root, ID, leaf and MACs. What is
// longer than it may be is cut to one byte more, so that it fails its check.
func entriesScript() string {
	var parts strings.Builder
	for _, field := range []struct {
		name string
		most int
	}{
		{fieldAfter, maxDecimal},
		{fieldRoot, entry.RootSize},
		{fieldID, entry.MaxID},
		{fieldLeaf, tree.MaxLeaf},
		{fieldMACs, entry.MaxMACs},
	} {
		fmt.Fprintf(&parts, "string.sub(of['%s'] or '', 1, %d), ", field.name, field.most+1)
	}
	return `
local function entries(from, most)
  local out = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', most)
  for i, entry in ipairs(out) do
    local of = {}
    for at = 1, #entry[2], 2 do of[entry[2][at]] = entry[2][at + 1] end
    out[i] = { entry[1], ` + parts.String() + `}
  end
  return out
end`
}

// KEYS: entries. ARGV: the place to read from, how many at most.
const readLogScript = `
return entries(ARGV[1], ARGV[2])`

// KEYS: entries. It answers the places of the oldest and of the newest.
const logBoundsScript = `
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return oldest and newest and { oldest[1], newest[1] } or {}`
