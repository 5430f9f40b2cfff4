package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/assumebot/assumebot/broker/record"
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
		found, err := s.rdb.HMGet(ctx, s.names.asides, names...).Result()
		if err != nil {
			return nil, fmt.Errorf("read asides of the record: %w", err)
		}
		for i, n := range some {
			if text := bounded(found[i], record.MaxAside); text != "" {
				out[n] = []byte(text)
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
	n, err := s.rdb.HDel(ctx, s.names.asides, strconv.FormatInt(number, 10)).Result()
	if err != nil {
		return false, fmt.Errorf("forget what was said in entry %d of the record: %w", number, err)
	}
	return n > 0, nil
}
