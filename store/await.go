package store

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// awaitSlice bounds how long a cancelled wait keeps its connection: go-redis obeys
// a context's deadline while it reads, but not its cancellation.
const awaitSlice = 2 * time.Second

// awaitStream returns once there is something after an ID of a stream, or wait has
// passed; both are nil. It ends with ctx at once: what go-redis still does then ends by
// itself, or when the Store closes.
func (s *core) awaitStream(ctx context.Context, stream, after string, wait time.Duration) error {
	done := make(chan error, 1)
	s.awaits.Go(func() { done <- s.awaitSlices(ctx, stream, after, wait) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *core) awaitSlices(ctx context.Context, stream, after string, wait time.Duration) error {
	for wait > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		slice := max(min(wait, awaitSlice), time.Millisecond) // BLOCK 0 would be for ever
		found, err := s.awaitOnce(ctx, stream, after, slice)
		if err != nil || found {
			return err
		}
		wait -= slice
	}
	return ctx.Err()
}

func (s *core) awaitOnce(ctx context.Context, stream, after string, slice time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, slice+OpTimeout)
	defer cancel()
	err := s.waiting.XRead(ctx, &redis.XReadArgs{Streams: []string{stream}, ID: after, Count: 1, Block: slice}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if size := (*sizeError)(nil); errors.As(err, &size) { // there is something: whoever reads it next sees what
		return true, nil
	}
	return err == nil, err
}
