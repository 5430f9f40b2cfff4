package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// mostRestored bounds what is put back in one step, which holds Redis up.
const mostRestored = 1 << 15

// Restore implements [record.Entries]. One round trip.
func (s Log) Restore(ctx context.Context, origin string, entries []entry.Entry) (int64, error) {
	args, err := restoreArguments(origin, entries)
	if err != nil {
		return 0, fmt.Errorf("put entries of the record back: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	put, err := s.scripts.restoreLog.Run(ctx, s.rdb, []string{s.names.entries, s.names.origin, s.names.asides}, args...).Int64()
	switch {
	case err != nil:
	case put == saidRewound:
		err = tree.ErrRewound
	case put == saidForeign:
		err = entry.ErrForeign
	case put < 0 || put > int64(len(entries)):
		err = fmt.Errorf("the script answered %d", put)
	}
	if err != nil {
		return 0, fmt.Errorf("put entries of the record back: %w", err)
	}
	return put, nil
}

func restoreArguments(origin string, entries []entry.Entry) ([]any, error) {
	if origin == "" || len(origin) > maxOrigin || len(entries) == 0 || len(entries) > mostRestored {
		return nil, fmt.Errorf("%d entries of an origin of %d bytes", len(entries), len(origin))
	}
	first := entries[0].Number
	if first < 0 || first >= maxNumber-mostRestored {
		return nil, fmt.Errorf("from the entry %d on", first)
	}
	args := []any{origin, first}
	for i, e := range entries {
		if e.Number != first+int64(i) {
			return nil, errors.New("they do not follow one another")
		}
		if !fits(e.Sealed) {
			return nil, fmt.Errorf("the entry %q lacks something, or is too long", e.ID)
		}
		args = append(args, e.After, e.Root, e.ID, e.Leaf, e.MACs, e.Aside)
	}
	return args, nil
}

// fits reports whether each part of s has a size that it may have.
func fits(s entry.Sealed) bool {
	return len(s.Root) == entry.RootSize && s.ID != "" && len(s.ID) <= entry.MaxID &&
		len(s.Leaf) > 0 && len(s.Leaf) <= tree.MaxLeaf && len(s.MACs) <= entry.MaxMACs && len(s.Aside) <= entry.MaxAside
}

// KEYS: entries, origin, asides. ARGV: origin, the number of the first; then for each
// entry what its writer had read, root, ID, leaf, MACs and aside. It answers how many
// it put, or why it refuses.
//
// A stream that was emptied by removals, and not lost, gives no ID again: it is begun
// anew. One of which the newest entries were removed does not either, and is refused.
const restoreLogScript = `
local function place(n) return string.format('%.0f-0', n + 1) end
local function id(n)
  local found = redis.call('XRANGE', KEYS[1], place(n), place(n))[1]
  for i = 1, found and #found[2] or 0, 2 do
    if found[2][i] == 'id' then return found[2][i + 1] end
  end
end
local first, count = tonumber(ARGV[2]), (#ARGV - 2) / 6

local origin = redis.call('GET', KEYS[2])
if origin and origin ~= ARGV[1] then return -2 end
local newest, next = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1], first
if newest then
  next = tonumber(string.match(newest[1], '^(%d+)-0$') or '')
  if not next or next <= first then return -1 end
  for n = first, math.min(next, first + count) - 1 do
    if id(n) ~= ARGV[5 + 6 * (n - first)] then return -1 end
  end
elseif redis.call('EXISTS', KEYS[1]) > 0 then
  redis.call('DEL', KEYS[1])
end
redis.call('HLEN', KEYS[3])

for n = next, first + count - 1 do
  local at = 3 + 6 * (n - first)
  local added = (n == next and redis.pcall or redis.call)('XADD', KEYS[1], place(n),
    'after', ARGV[at], 'root', ARGV[at + 1], 'id', ARGV[at + 2], 'leaf', ARGV[at + 3], 'macs', ARGV[at + 4])
  if type(added) == 'table' and added.err then
    if string.find(added.err, 'equal or smaller', 1, true) then return -1 end
    return added
  end
  if ARGV[at + 5] ~= '' then redis.call('HSET', KEYS[3], string.format('%.0f', n), ARGV[at + 5]) end
end
if not origin then redis.call('SET', KEYS[2], ARGV[1]) end
return math.max(first + count - next, 0)`
