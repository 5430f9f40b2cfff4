package record

import (
	"context"
	"time"
)

// await returns once the view has size entries, or the Log has stopped.
func (r *reading) await(ctx context.Context, size int64) error {
	for {
		r.mu.Lock()
		have, broken, read := r.view.Size(), r.broken, r.read
		r.mu.Unlock()
		switch {
		case broken != nil:
			return broken
		case have >= size:
			return nil
		}
		select {
		case <-read:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Await returns nil once there is an entry of that number among those that were read, or
// wait has passed.
func (r *reading) Await(ctx context.Context, number int64, wait time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := r.await(bounded, number+1); err != nil && bounded.Err() == nil {
		return err
	}
	return ctx.Err()
}

// CaughtUp returns once everything was read that was there when it was called.
func (r *reading) CaughtUp(ctx context.Context) error {
	_, next, err := r.kept.store.Bounds(ctx)
	if err != nil {
		return err
	}
	return r.await(ctx, next)
}

// AwaitStop returns why the Log has stopped, once it has; nil when ctx ends before.
func (r *reading) AwaitStop(ctx context.Context) error {
	for {
		r.mu.Lock()
		broken, read := r.broken, r.read
		r.mu.Unlock()
		if broken != nil {
			return broken
		}
		select {
		case <-read:
		case <-ctx.Done():
			return nil
		}
	}
}

// awaitFrom returns once size entries were read, or within has passed.
func (r *reading) awaitFrom(ctx context.Context, size int64, within time.Duration) {
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if r.await(waiting, size) != nil {
		<-waiting.Done() // also when the Log has stopped
	}
}
