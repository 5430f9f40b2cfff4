package record

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
)

const (
	// awaitFor is how long a reader waits for the next entry before it asks anew.
	awaitFor = 2 * time.Second
)

// follow reads until ctx ends or the Log stops.
func (l *Log) follow(ctx context.Context) {
	waits := storePace().Waits()
	for had := int64(-1); ctx.Err() == nil; {
		err := l.readOn(ctx)
		if err == nil && had == l.Size() {
			err = l.look(ctx)
		}
		if had = l.Size(); err == nil {
			err = l.Entries.Await(ctx, had, l.awaitFor)
		}
		switch {
		case err == nil:
			waits.Reset()
		case errors.Is(err, ErrStopped):
			<-ctx.Done()
		case ctx.Err() == nil:
			wait := waits.Next(err)
			l.Log.Warn("the record cannot be read", "error", err, "retry_in", wait)
			retry.Sleep(ctx, wait)
		}
	}
}

// look notices what the store has lost and who has stopped, while nobody writes.
func (l *Log) look(ctx context.Context) error {
	if err := l.marks.heed(ctx); err != nil {
		return err
	}
	first, next, err := l.Entries.Bounds(ctx)
	if err != nil {
		return err
	}
	if next < l.Size() {
		return l.mending.mend(ctx)
	}
	l.mending.oldest.Store(first)
	return nil
}
