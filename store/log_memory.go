package store

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
)

// Memory tells how many bytes the Redis of the record holds, and how many it may: its own
// limit, or the memory of its machine. 0 is unknown, as of an embedded Redis. One round
// trip.
func (s Log) Memory(ctx context.Context) (used, most int64, err error) {
	if s.embedded != nil {
		return 0, 0, nil
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	node, err := s.recordNode(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("ask for Redis's memory: %w", err)
	}
	info, err := node.Info(ctx, "memory").Result()
	if err != nil {
		return 0, 0, fmt.Errorf("ask for Redis's memory: %w", err)
	}
	said := infoFields(info)
	return bytesOf(said["used_memory"]), cmp.Or(bytesOf(said["maxmemory"]), bytesOf(said["total_system_memory"])), nil
}

// bytesOf is 0 of what is no number of bytes.
func bytesOf(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
