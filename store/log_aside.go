package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/assumebot/assumebot/broker/record/entry"
)

// Asides implements [record.Entries]. One that is too long is cut, and no longer has
// its digest. One round trip for each 256.
func (s Log) Asides(ctx context.Context, numbers []int64) (map[int64][]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	out := map[int64][]byte{}
	for len(numbers) > 0 {
		some := numbers[:min(len(numbers), mostRead)]
		numbers = numbers[len(some):]
		names := make([]string, len(some))
		for i, n := range some {
			names[i] = strconv.FormatInt(n, 10)
		}
		found, err := s.hashFields(ctx, s.names.asides, entry.MaxAside+1, names)
		if err != nil {
			return nil, fmt.Errorf("read asides of the record: %w", err)
		}
		for i, n := range some {
			if found[i] != "" {
				out[n] = []byte(found[i])
			}
		}
	}
	return out, nil
}

// Forget implements [record.Entries]. It erases the aside in Redis alone, not what was
// copied elsewhere. One round trip.
func (s Log) Forget(ctx context.Context, number int64) (bool, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	n, err := s.lane(ctx).HDel(ctx, s.names.asides, strconv.FormatInt(number, 10)).Result()
	if err != nil {
		return false, fmt.Errorf("forget what was said in entry %d of the record: %w", number, err)
	}
	return n > 0, nil
}

// hashFields reads fields of a hash, each up to most bytes; one that is not there is "".
func (s *core) hashFields(ctx context.Context, key string, most int, names []string) ([]string, error) {
	args := []any{most}
	for _, name := range names {
		args = append(args, name)
	}
	found, err := s.scripts.hashFields.Run(ctx, s.lane(ctx), []string{key}, args...).StringSlice()
	if err == nil && len(found) != len(names) {
		err = fmt.Errorf("Redis answers with %d of %d fields", len(found), len(names))
	}
	return found, err
}

// KEYS: a hash. ARGV: how many bytes of each field at most, names of fields.
const hashFieldsScript = `
local out = redis.call('HMGET', KEYS[1], unpack(ARGV, 2))
for i = 1, #ARGV - 1 do out[i] = string.sub(out[i] or '', 1, tonumber(ARGV[1])) end
return out`
