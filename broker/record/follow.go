package record

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
)

const (
	// pageMost is how many entries are read at once.
	pageMost = 256
	// awaitFor is how long a reader waits for the next entry before it asks anew.
	awaitFor = 5 * time.Second
)

// follow reads until ctx ends or the Log stops.
func (l *Log) follow(ctx context.Context) {
	waits := storePace().Waits()
	for ctx.Err() == nil {
		err := l.readOn(ctx)
		if err == nil {
			err = l.Entries.Await(ctx, l.Size(), awaitFor)
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
		asked := l.Now()
		entries, err := l.Entries.Read(ctx, l.Size(), pageMost)
		if err != nil {
			return err
		}
		end := len(entries) < pageMost
		if err := l.advance(entries, asked, end); err != nil || end {
			return err
		}
	}
}
