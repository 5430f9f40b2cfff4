package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

const (
	// batchFor is how long a repeat of a batch is known as one.
	batchFor = time.Hour
	// replicasWait bounds waiting for Redis's replicas; it is below ioTimeout.
	replicasWait = time.Second
	maxOrigin    = 255
	maxReplica   = 255
)

// Append implements [record.Entries]. With Options.Replicas it waits until so many
// Redis replicas have the entries, and fails with [record.ErrReplicas] when they have
// not within a second. One round trip.
func (s Log) Append(ctx context.Context, b entry.Batch) (entry.Appended, error) {
	keys, args, err := s.appendArguments(b)
	if err != nil {
		return entry.Appended{}, fmt.Errorf("append to the record: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	send := func(run evaluate) (entry.Appended, error) {
		return s.appendOnce(ctx, func(p redis.Pipeliner) *redis.Cmd { return run(ctx, p, keys, args...) })
	}
	out, err := send(s.scripts.appendLog.EvalSha)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		out, err = send(s.scripts.appendLog.Eval)
	}
	if _, moved := redis.IsMovedError(err); moved {
		s.reloadNodes(ctx) // for the repeat
	}
	if err != nil {
		return entry.Appended{}, fmt.Errorf("append to the record: %w", err)
	}
	return out, nil
}

type evaluate func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// appendArguments checks what the script must not meet half-way.
func (s Log) appendArguments(b entry.Batch) (keys []string, args []any, err error) {
	switch {
	case b.Origin == "" || len(b.Origin) > maxOrigin:
		return nil, nil, fmt.Errorf("an origin of %d bytes", len(b.Origin))
	case b.Replica == "" || len(b.Replica) > maxReplica:
		return nil, nil, fmt.Errorf("a replica's name of %d bytes", len(b.Replica))
	case b.ID == "" || len(b.ID) > entry.MaxID || len(b.AfterID) > entry.MaxID:
		return nil, nil, errors.New("the batch has no ID, or a long one")
	case b.After < -1 || b.After >= maxNumber || (b.After == -1) != (b.AfterID == ""):
		return nil, nil, fmt.Errorf("a batch after the entry %d with the ID %q", b.After, b.AfterID)
	case len(b.Entries) == 0 || len(b.Entries) > entry.MaxBatch:
		return nil, nil, fmt.Errorf("a batch of %d entries", len(b.Entries))
	}
	keys = []string{s.names.entries, s.names.origin, logBatch(b.Replica), s.names.asides, s.names.checkpoint, s.names.tiles, s.names.mark}
	args = []any{b.Origin, b.ID, b.After, b.AfterID, entry.Window, int(batchFor.Seconds()), mostRead, b.Passed, entry.MaxMark}
	for _, e := range b.Entries {
		if e.After != b.After || !fits(e) {
			return nil, nil, fmt.Errorf("the entry %q is sealed after another, or lacks something, or is too long", e.ID)
		}
		args = append(args, e.Root, e.ID, e.Leaf, e.MACs, e.Aside)
	}
	return keys, args, nil
}

// appendOnce sends the script and, where replicas are asked for, WAIT as one pipeline.
func (s Log) appendOnce(ctx context.Context, run func(redis.Pipeliner) *redis.Cmd) (entry.Appended, error) {
	node := s.first
	if s.replicas > 0 {
		var err error
		if node, err = s.recordNode(ctx); err != nil {
			return entry.Appended{}, err
		}
	}
	var script, wait *redis.Cmd
	_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		script = run(p)
		if s.replicas > 0 {
			wait = p.Do(ctx, "wait", s.replicas, replicasWait.Milliseconds())
		}
		return nil
	})
	out, err := readAppended(script)
	if err != nil {
		return entry.Appended{}, err
	}
	if wait != nil {
		if have, err := wait.Int(); err != nil || have < s.replicas {
			return entry.Appended{}, errors.Join(entry.ErrReplicas, err)
		}
	}
	return out, nil
}

func readAppended(script *redis.Cmd) (entry.Appended, error) {
	said, err := script.Result()
	if err != nil {
		return entry.Appended{}, err
	}
	switch said {
	case int64(saidRewound):
		return entry.Appended{}, tree.ErrRewound
	case int64(saidForeign):
		return entry.Appended{}, entry.ErrForeign
	case int64(saidMarked):
		return entry.Appended{}, entry.ErrMarked
	case int64(saidBehind):
		return entry.Appended{}, entry.ErrBehind
	}
	if parts, _ := said.([]any); len(parts) == 2 {
		first, isNumber := parts[0].(int64)
		if found, ok := parts[1].([]any); ok && isNumber && first >= 0 {
			return entry.Appended{First: first, Entries: readEntries(found)}, nil
		}
	}
	return entry.Appended{}, errors.New("the script answered what it never does")
}

// What the script answers when it refused.
const (
	saidRewound = -1
	saidForeign = -2
	saidBehind  = -3
	saidMarked  = -4
)

// KEYS: entries, origin, the writer's batch, asides, checkpoint, tiles, mark. ARGV: origin,
// batch ID, the entry that the writer had checked, its ID, Window, how long a batch is
// known in s, how many entries it reads, the mark that the writer passes over, the most bytes
// of one; then for each entry its root, ID, leaf, MACs and aside. It answers the number of
// the first and what stands after that entry, or why it refuses.
//
// A script does not roll back, so that everything is checked before the first write. That
// the newest entries were deleted is seen at the first XADD: Redis gives no ID twice. An
// origin, batch or tree without entries is of a record that was lost. A repeat writes
// its batch again, or WAIT would have nothing to wait for.
const appendLogScript = `
local function place(n) return string.format('%.0f-0', n + 1) end
local function at(n)
  local found = redis.call('XRANGE', KEYS[1], place(n), place(n))[1]
  for i = 1, found and #found[2] or 0, 2 do
    if found[2][i] == 'id' then return found[2][i + 1] end
  end
end
local function remember(first)
  redis.call('SET', KEYS[3], string.format('%.0f ', first) .. ARGV[2], 'EX', ARGV[6])
  return { first, entries(place(tonumber(ARGV[3]) + 1), ARGV[7]) }
end
local after, count = tonumber(ARGV[3]), (#ARGV - 9) / 5

local origin = redis.call('GET', KEYS[2])
if origin and origin ~= ARGV[1] then return -2 end
local mark = readMark(KEYS[7], ARGV[9])
if mark ~= '' and mark ~= ARGV[8] then return -4 end
local newest, next = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1], 0
if newest then
  next = tonumber(string.match(newest[1], '^(%d+)-0$') or '')
  if not origin or not next or next > 4503599627370496 then return -1 end
elseif redis.call('EXISTS', unpack(KEYS, 1, 6)) > 0 then
  return -1
end

local first, batch = string.match(redis.call('GET', KEYS[3]) or '', '^(%d+) (.*)$')
if batch == ARGV[2] then
  first = tonumber(first)
  if at(first) ~= ARGV[11] or at(first + count - 1) ~= ARGV[6 + 5 * count] then return -1 end
  return remember(first)
end

if after >= next then return -1 end
if next + count - 1 - after > tonumber(ARGV[5]) then return -3 end
if after >= 0 and at(after) ~= ARGV[4] then return -1 end
redis.call('HLEN', KEYS[4])

for i = 0, count - 1 do
  local n, root, id, leaf, macs, aside = next + i, unpack(ARGV, 10 + 5 * i, 14 + 5 * i)
  local added = (i == 0 and redis.pcall or redis.call)('XADD', KEYS[1], place(n),
    'after', ARGV[3], 'root', root, 'id', id, 'leaf', leaf, 'macs', macs)
  if type(added) == 'table' and added.err then
    if string.find(added.err, 'equal or smaller', 1, true) then return -1 end
    return added
  end
  if aside ~= '' then redis.call('HSET', KEYS[4], string.format('%.0f', n), aside) end
end
if not origin then redis.call('SET', KEYS[2], ARGV[1]) end
return remember(next)`
