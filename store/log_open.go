package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// A log that was closed keeps all that it has, under keys of its own: nothing of it is
// ever written again.

var _ record.Logs = Log{}

// maxClosed bounds how many logs there may be, one after another.
const maxClosed = 1 << 20

// Closed is a log that was closed, to be read: the first is 1.
func (s *Store) Closed(number int) (Log, Checkpoints) {
	return Log{s.core, closedLog(number)}, Checkpoints{s.core, closedLog(number)}
}

// Origin implements [record.Logs]. One round trip.
func (s Log) Origin(ctx context.Context) (string, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	origin, err := s.rdb.Get(ctx, s.names.origin).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return "", nil
	case err == nil && len(origin) > maxOrigin:
		err = fmt.Errorf("it has %d bytes", len(origin))
	}
	if err != nil {
		return "", fmt.Errorf("read the record's origin: %w", err)
	}
	return origin, nil
}

// Open implements [record.Logs]. One round trip.
func (s Log) Open(ctx context.Context, old string, number int, next string, entries []entry.Sealed) (bool, error) {
	if next == "" || next == old || len(next) > maxOrigin || number < 1 || number > maxClosed || len(entries) == 0 || len(entries) > entry.MaxBatch {
		return false, fmt.Errorf("open a log of %d entries after log %d", len(entries), number)
	}
	args := []any{old, next}
	for _, e := range entries {
		if e.After != -1 || !fits(e) {
			return false, fmt.Errorf("open a log: the entry %q lacks something, or is too long", e.ID)
		}
		args = append(args, e.Root, e.ID, e.Leaf, e.MACs, e.Aside)
	}
	var keys []string
	for _, n := range []logNames{s.names, closedLog(number)} {
		keys = append(keys, n.entries, n.origin, n.asides, n.checkpoint, n.tiles, n.mark)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	said, err := s.scripts.openLog.Run(ctx, s.rdb, keys, args...).Int64()
	if err == nil && said < 0 {
		err = fmt.Errorf("log %d was closed before", number)
	}
	if err != nil {
		return false, fmt.Errorf("open a log: %w", err)
	}
	return said == 1, nil
}

// KEYS: entries, origin, asides, checkpoint, tiles and mark, and the same of the log that is
// closed. ARGV: origin of the old log and of the new one; then for each entry root, ID,
// leaf, MACs and aside. RENAME is the first that writes: it needs no memory, and what
// follows in a script that has written is not refused any.
const openLogScript = `
local origin = redis.call('GET', KEYS[2]) or ''
if origin == ARGV[2] then
  local first = redis.call('XRANGE', KEYS[1], '1-0', '1-0')[1]
  for i = 1, first and #first[2] or 0, 2 do
    if first[2][i] == 'id' and first[2][i + 1] == ARGV[4] then return 1 end
  end
  return 0
end
if origin ~= ARGV[1] then return 0 end
for i = 7, 12 do
  if redis.call('EXISTS', KEYS[i]) > 0 then return -1 end
end
for i = 1, 6 do
  if redis.call('EXISTS', KEYS[i]) > 0 then redis.call('RENAME', KEYS[i], KEYS[6 + i]) end
end
for i = 0, (#ARGV - 2) / 5 - 1 do
  local root, id, leaf, macs, aside = unpack(ARGV, 3 + 5 * i, 7 + 5 * i)
  redis.call('XADD', KEYS[1], string.format('%.0f-0', i + 1), 'after', '-1', 'root', root, 'id', id, 'leaf', leaf, 'macs', macs)
  if aside ~= '' then redis.call('HSET', KEYS[3], string.format('%.0f', i), aside) end
end
redis.call('SET', KEYS[2], ARGV[2])
return 1`
