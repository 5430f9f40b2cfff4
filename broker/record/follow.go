package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/record/entry"
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

// readOn reads what is there and was not read.
func (l *Log) readOn(ctx context.Context) error {
	for {
		asked, had := l.Now(), l.Size()
		entries, more, err := l.readFrom(ctx, had, entry.PageMost)
		if err != nil {
			return err
		}
		if err := l.advance(entries, asked, !more); err != nil || !more {
			return err
		}
		if l.Size() == had {
			return fmt.Errorf("the store has more than %d entries, and shows none of them", had)
		}
	}
}
