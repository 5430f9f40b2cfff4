// Package share has one thing done once for all who want it at the same time.
package share

import (
	"context"
	"errors"
	"sync"
)

// ErrUnfinished is in the chain of the error of who waited for what did not end, as
// it panicked or they had no more time.
var ErrUnfinished = errors.New("what was waited for did not end")

// Runs share one run among those that would do the same. The zero value is ready.
type Runs[T any] struct {
	mu    sync.Mutex
	under map[string]*run[T] // way, by name
}

type run[T any] struct {
	covers map[string]bool
	done   chan struct{}
	answer T
	err    error
}

// Do calls do, unless a run of that name is under way that covers all ids: then it
// waits for that one's answer while ctx lasts, and shared is true.
func (r *Runs[T]) Do(ctx context.Context, name string, ids []string, do func() T) (answer T, shared bool, err error) {
	r.mu.Lock()
	if other := r.under[name]; other != nil && other.coversAll(ids) {
		r.mu.Unlock()
		select {
		case <-other.done:
			return other.answer, true, other.err
		case <-ctx.Done():
			return do(), false, nil
		}
	}
	own := &run[T]{covers: map[string]bool{}, done: make(chan struct{}), err: ErrUnfinished}
	for _, id := range ids {
		own.covers[id] = true
	}
	if r.under == nil {
		r.under = map[string]*run[T]{}
	}
	r.under[name] = own
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.under[name] == own {
			delete(r.under, name)
		}
		close(own.done)
	}()
	own.answer = do()
	own.err = nil
	return own.answer, false, nil
}

func (r *run[T]) coversAll(ids []string) bool {
	for _, id := range ids {
		if !r.covers[id] {
			return false
		}
	}
	return true
}
