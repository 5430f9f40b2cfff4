package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/lease"
)

// Cursors keep how far the readers of the record are.
type Cursors struct{ *core }

// MoveCursor replaces the reader's state, where it is in the record and what it
// has folded. It changes nothing and returns false when another has had the lease
// since f, or when the state is no longer previous, which is what this holder
// loaded or saved last; nil where there was none. The state is kept in clear: it
// must hold no secret. One round trip.
func (s Cursors) MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error) {
	moved, err := s.swapInTurn(ctx, f, cursorKey(f.Lease), previous, state)
	if err != nil {
		return false, fmt.Errorf("move cursor %s: %w", f.Lease, err)
	}
	return moved, nil
}

// LoadCursor returns what MoveCursor kept last, nil when there is nothing. Load
// it after taking the lease, or another holder may still be moving it. One round
// trip.
func (s Cursors) LoadCursor(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	state, err := s.rdb.Get(ctx, cursorKey(name)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load cursor %s: %w", name, err)
	}
	return state, nil
}
