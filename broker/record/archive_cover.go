package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/retry"
)

// Where the archive is required, an outcome counts once a checkpoint in the archive covers
// it. Who waits for that asks the archive itself, and nobody else: the store could say
// anything. Publisher and Archiver of whichever replicas have the leases read the outcome
// too, and hurry.

const (
	// coveredWithin is how long somebody waits for that.
	coveredWithin = 5 * time.Second
	// archivedWithin is how long entries may stay out of a required archive before
	// nothing more is given to anybody.
	archivedWithin = time.Minute
	// notArchived is why nothing is given then.
	notArchived = "archive"
)

// ErrNotArchived says that a required archive does not have an entry yet. It may have it later.
var ErrNotArchived = errors.New("the archive of the record does not have it yet")

// coverage is how far the archive goes, as far as it was compared with what this replica has read.
type coverage struct {
	log      *Log
	archive  *archive.Archive
	required bool // nothing is given to anybody while the archive does not follow
	out      *slog.Logger

	mu      sync.Mutex
	reading chan struct{} // closed when a read of the archive's checkpoint has ended; nil while there is none
	readErr error         // of the last one
	behind  time.Time     // since when there is more than the archive has; zero while there is not
	was     int64         // how far it went then
}

// Covered returns once the archive has an entry, where it is required; else at once. It
// waits 5 s at most.
func (c *coverage) Covered(ctx context.Context, number int64) error {
	if !c.required {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, coveredWithin)
	defer cancel()
	for {
		err := c.look(ctx)
		switch {
		case errors.Is(err, ErrStopped):
			return err
		case err == nil && c.archive.Size() > number:
			return nil
		case ctx.Err() != nil:
			return errors.Join(fmt.Errorf("entry %d: %w", number, ErrNotArchived), err)
		}
		retry.Sleep(ctx, flushEvery)
	}
}

// look reads how far the archive goes, once for all that ask at a time, and compares it
// with what this replica has read.
func (c *coverage) look(ctx context.Context) error {
	c.mu.Lock()
	if reading := c.reading; reading != nil {
		c.mu.Unlock()
		select {
		case <-reading:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.readErr
	}
	c.reading = make(chan struct{})
	c.mu.Unlock()

	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), coveredWithin) // others wait for it too
	defer cancel()
	newest, err := c.archive.Checkpoint(reading)
	if err == nil && newest.Size > 0 {
		err = c.log.checkTree(reading, newest.Tree())
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.readErr = err
	close(c.reading)
	c.reading = nil
	return err
}

// Ask compares, before this replica gives anybody anything, the archive with what the store
// has: if the archive goes further, and what is lost cannot be read from it, the Log stops.
// While a required archive does not answer, the Log is held.
func (c *coverage) Ask(ctx context.Context) error {
	err := c.look(ctx)
	switch {
	case errors.Is(err, ErrStopped):
		return err
	case errors.Is(err, archive.ErrOther):
		return c.log.stop(err)
	case err != nil && c.required:
		c.log.held.hold(notArchived, err)
	case err != nil:
		c.out.Warn("the archive does not say how far it goes", "error", err)
	}
	return nil
}

func (c *coverage) watchAll(ctx context.Context) {
	for ; ctx.Err() == nil; retry.Sleep(ctx, archiveEvery) {
		c.watch(ctx)
	}
}

// watch holds the Log while a required archive does not follow.
func (c *coverage) watch(ctx context.Context) {
	err := c.look(ctx)
	if err != nil && ctx.Err() == nil && c.log.Err() == nil {
		c.out.Warn("the archive is not compared", "error", err)
	}
	if !c.required {
		return
	}
	size, read, now := c.archive.Size(), c.log.Size(), c.log.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case size >= read:
		c.behind = time.Time{}
	case c.behind.IsZero() || size > c.was:
		c.behind = now
	}
	c.was = size
	switch {
	case !c.behind.IsZero() && now.Sub(c.behind) >= archivedWithin:
		c.log.held.hold(notArchived, fmt.Errorf("the archive does not have the entries after %d", size-1))
	case err == nil:
		c.log.held.hold(notArchived, nil)
	}
}

// Needed is the number of the oldest entry that the archive still needs; for
// PublisherDeps.Needed. While the archive is away it is the last one that is known.
func (c *coverage) Needed(ctx context.Context) (int64, error) {
	if err := c.look(ctx); err != nil && ctx.Err() != nil {
		return 0, err
	}
	return c.archive.Size() / tree.TileWidth * tree.TileWidth, nil
}
