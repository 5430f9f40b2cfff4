package record

import (
	"context"
	"errors"
	"fmt"
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

// Covered returns once the archive has an entry, where it is required; else at once. It
// waits 5 s at most.
func (a *Archiver) Covered(ctx context.Context, number int64) error {
	if !a.Required {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, coveredWithin)
	defer cancel()
	for {
		err := a.look(ctx)
		switch {
		case errors.Is(err, ErrStopped):
			return err
		case err == nil && a.Archive.Size() > number:
			return nil
		case ctx.Err() != nil:
			return errors.Join(fmt.Errorf("entry %d: %w", number, ErrNotArchived), err)
		}
		retry.Sleep(ctx, flushEvery)
	}
}

// look reads how far the archive goes, once for all that ask at a time, and compares it
// with what this replica has read.
func (a *Archiver) look(ctx context.Context) error {
	a.mu.Lock()
	if reading := a.reading; reading != nil {
		a.mu.Unlock()
		select {
		case <-reading:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.readErr
	}
	a.reading = make(chan struct{})
	a.mu.Unlock()

	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), coveredWithin) // others wait for it too
	defer cancel()
	c, err := a.Archive.Checkpoint(reading)
	if err == nil && c.Size > 0 {
		err = a.Log.checkTree(reading, c.Tree())
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	a.readErr = err
	close(a.reading)
	a.reading = nil
	return err
}

// Ask compares, before this replica gives anybody anything, the archive with what the store
// has: if the archive goes further, and what is lost cannot be read from it, the Log stops.
// While a required archive does not answer, the Log is held.
func (a *Archiver) Ask(ctx context.Context) error {
	err := a.look(ctx)
	switch {
	case errors.Is(err, ErrStopped):
		return err
	case errors.Is(err, archive.ErrOther):
		return a.Log.stop(err)
	case err != nil && a.Required:
		a.Log.held.hold(notArchived, err)
	case err != nil:
		a.Out.Warn("the archive does not say how far it goes", "error", err)
	}
	return nil
}

func (a *Archiver) watchAll(ctx context.Context) {
	for ; ctx.Err() == nil; retry.Sleep(ctx, archiveEvery) {
		a.watch(ctx)
	}
}

// watch holds the Log while a required archive does not follow.
func (a *Archiver) watch(ctx context.Context) {
	err := a.look(ctx)
	if err != nil && ctx.Err() == nil && a.Log.Err() == nil {
		a.Out.Warn("the archive is not compared", "error", err)
	}
	if !a.Required {
		return
	}
	size, read, now := a.Archive.Size(), a.Log.Size(), a.Log.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case size >= read:
		a.behind = time.Time{}
	case a.behind.IsZero() || size > a.was:
		a.behind = now
	}
	a.was = size
	switch {
	case !a.behind.IsZero() && now.Sub(a.behind) >= archivedWithin:
		a.Log.held.hold(notArchived, fmt.Errorf("the archive does not have the entries after %d", size-1))
	case err == nil:
		a.Log.held.hold(notArchived, nil)
	}
}

// Needed is the number of the oldest entry that the archive still needs; for
// PublisherDeps.Needed. While the archive is away it is the last one that is known.
func (a *Archiver) Needed(ctx context.Context) (int64, error) {
	if err := a.look(ctx); err != nil && ctx.Err() != nil {
		return 0, err
	}
	return a.Archive.Size() / tree.TileWidth * tree.TileWidth, nil
}
