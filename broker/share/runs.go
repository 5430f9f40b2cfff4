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
	result[T]
	covers map[string]bool
}

// Do calls do, unless a run of that name is under way that covers all ids: then it
// waits for that one's answer while ctx lasts, and shared is true. After [ErrUnfinished]
// do was not called: the caller chooses whether to do it alone, and in which context.
func (r *Runs[T]) Do(ctx context.Context, name string, ids []string, do func() T) (answer T, shared bool, err error) {
	r.mu.Lock()
	if other := r.under[name]; other != nil && other.coversAll(ids) {
		r.mu.Unlock()
		answer, err = other.Wait(ctx)
		return answer, true, err
	}
	own := &run[T]{result: unfinished[T](), covers: map[string]bool{}}
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

// A result is what others wait for.
type result[T any] struct {
	done   chan struct{} // closed once the rest is there
	answer T
	err    error
}

func unfinished[T any]() result[T] { return result[T]{done: make(chan struct{}), err: ErrUnfinished} }

// Wait returns what came of it, while ctx lasts.
func (r *result[T]) Wait(ctx context.Context) (answer T, err error) {
	select {
	case <-r.done:
		return r.answer, r.err
	case <-ctx.Done():
	}
	select {
	case <-r.done: // what was done counts, also at the last moment
		return r.answer, r.err
	default:
		return answer, errors.Join(ErrUnfinished, ctx.Err())
	}
}

func (r *run[T]) coversAll(ids []string) bool {
	for _, id := range ids {
		if !r.covers[id] {
			return false
		}
	}
	return true
}
