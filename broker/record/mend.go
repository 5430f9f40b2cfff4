package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/retry"
)

// A store can lose its newest entries, or all: a fail-over to a Redis replica that lagged,
// a flush, a backup that was restored. What is lost is put back under its numbers, byte
// for byte, from the memory of whichever replica has read it or from the archive, and an
// alarm says so. The store does that in one step, and only where nothing else stands.
//
// The Log stops for good where an entry that was read is nowhere any more, or another one
// stands in its place: somebody has written since, who had not read what was lost.

const (
	// mendAtOnce is how many entries of an archive are put back in one step.
	mendAtOnce = 4096
	// settleFor is how long who has put entries back writes nothing, so that others who
	// have read more put back theirs.
	settleFor = time.Second

	alarmPutBack = "entries_put_back"
)

// A turn is had by one at a time. Putting back of an archive may take minutes, which nobody who
// writes waits for.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("what the store has lost is put back meanwhile: %w", ctx.Err())
	}
}

func (t turn) end() { <-t }

// mend puts back what the store has lost of what this replica has read. nil says that
// all of it is there, now or again.
func (l *Log) mend(ctx context.Context) error {
	_, err := l.putBackLost(ctx)
	return err
}

// putBackLost is mend, and returns how many entries it put back.
func (l *Log) putBackLost(ctx context.Context) (count int64, err error) {
	if err := l.mending.take(ctx); err != nil {
		return 0, err
	}
	defer l.mending.end()
	if err := l.Err(); err != nil {
		return 0, err
	}
	first, next, err := l.Entries.Bounds(ctx)
	if err != nil {
		return 0, err
	}
	size := l.Size()
	if next >= size {
		return 0, l.compareLast(ctx)
	}
	from := next - 1 // with one that must still be there
	if next == 0 {
		if from, err = l.oldestToPutBack(); err != nil {
			return 0, err
		}
	} else if from < first {
		return 0, l.lost(next, size)
	}
	count, err = l.putBack(ctx, from, next, size)
	if count > 0 {
		l.Log.Error("the store had lost entries of the record: they were put back", "first", max(next, from), "count", count)
		alarm := event.AlarmData{Code: alarmPutBack, Entries: &event.Range{First: max(next, from), Count: count}}
		l.recordLater(event.Event{ID: rand.Text(), Time: l.Now(), Data: alarm})
		retry.Sleep(ctx, l.settleFor)
	}
	return count, err
}

// putLastBack puts the last entry that was read over itself, which gives the store the name of
// the record again.
func (l *Log) putLastBack(ctx context.Context) error {
	last := l.Size() - 1
	if last < 0 {
		return nil
	}
	entries, err := l.recalled(ctx, last)
	if err != nil || len(entries) == 0 {
		return err
	}
	_, err = l.Entries.Restore(ctx, l.Origin, entries[:1])
	return err
}

// oldestToPutBack is where to begin in an empty store.
func (l *Log) oldestToPutBack() (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.recall.entries) == 0 {
		return 0, l.stopLocked(lostEntries(l.oldest, l.view.Size()))
	}
	oldest := l.recall.entries[0].Number
	if oldest > max(l.oldest, l.Archive.Size()) {
		return 0, l.stopLocked(lostEntries(max(l.oldest, l.Archive.Size()), oldest))
	}
	return oldest, nil
}

// putBack puts back what is lost from an entry on, and returns how many entries that were.
func (l *Log) putBack(ctx context.Context, from, next, size int64) (count int64, err error) {
	for at := from; ; {
		entries, err := l.recalled(ctx, at)
		switch {
		case errors.Is(err, archive.ErrNoObject) || err == nil && len(entries) == 0:
			return count, l.lost(max(at, next), size)
		case err != nil:
			return count, err
		}
		put, err := l.Entries.Restore(ctx, l.Origin, entries)
		count += put
		switch {
		case errors.Is(err, tree.ErrRewound):
			return count, l.stop(entry.Disagrees(fmt.Errorf("%w: of the entries from %d to %d that were read, some are lost and others stand in their place; %s",
				tree.ErrForked, max(at, next), size-1, whatToDo)))
		case errors.Is(err, entry.ErrForeign):
			return count, l.stop(err)
		case err != nil:
			return count, err
		}
		last := entries[len(entries)-1].Number
		if last >= size-1 {
			return count, nil
		}
		if last == at {
			return count, l.lost(at+1, size)
		}
		at = last // it must be there for what follows
	}
}

// recalled returns entries from one on, from memory, else from the archive.
func (l *Log) recalled(ctx context.Context, from int64) ([]entry.Entry, error) {
	l.mu.Lock()
	entries, ok := l.recall.since(from)
	l.mu.Unlock()
	if ok || l.Archive == nil {
		return entries, nil
	}
	for len(entries) < mendAtOnce {
		more, err := l.Archive.Entries(ctx, from+int64(len(entries)), mendAtOnce)
		if err != nil || len(more) == 0 {
			return entries, err
		}
		for _, e := range more {
			if err := e.Check(l.Keys, l.Origin); err != nil {
				return nil, fmt.Errorf("entry %d in the archive: %w", e.Number, err)
			}
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

// compareLast compares the last entry that was read with what stands there now.
func (l *Log) compareLast(ctx context.Context) error {
	l.mu.Lock()
	number, id, _ := l.view.Last()
	l.mu.Unlock()
	if number < 0 || id == "" {
		return nil
	}
	entries, err := l.Entries.Read(ctx, number, 1)
	if err != nil {
		return err
	}
	if len(entries) == 0 || entries[0].Number != number || entries[0].ID != id {
		return l.stop(entry.Disagrees(fmt.Errorf("%w: entry %d is not the one that was read; %s", tree.ErrRewound, number, whatToDo)))
	}
	return nil
}

// missing is what to do about an entry that was read and is not in the store.
func (l *Log) missing(ctx context.Context, number int64) error {
	if err := l.mend(ctx); err != nil {
		return err
	}
	entries, _, err := l.readFrom(ctx, number, 1)
	switch {
	case err != nil:
		return err
	case len(entries) == 0 || entries[0].Number != number:
		return l.lost(number, number+1)
	}
	return fmt.Errorf("entry %d was lost for a while", number)
}

const whatToDo = "nothing is issued until somebody has looked at it; to go on without them, in a new record, run: assumebot record accept"

func (l *Log) lost(first, next int64) error { return l.stop(lostEntries(first, next)) }

func lostEntries(first, next int64) error {
	err := fmt.Errorf("%w: the entries from %d to %d are lost, and neither this replica nor an archive has them; %s", tree.ErrRewound, first, next-1, whatToDo)
	return &entry.Disagreement{Err: err, First: first, Lost: true}
}

// oldestKept is the number of the oldest entry that the store had.
func (l *Log) oldestKept() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.oldest
}

// look notices what the store has lost and who has stopped, while nobody writes.
func (l *Log) look(ctx context.Context) error {
	if err := l.heed(ctx); err != nil {
		return err
	}
	first, next, err := l.Entries.Bounds(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	size := l.view.Size()
	if next >= size {
		l.oldest = first
	}
	l.mu.Unlock()
	if next < size {
		return l.mend(ctx)
	}
	return nil
}

// readFrom reads the store, and from the archive what it has no more. more says that
// there may be entries after those, however few they are.
func (l *Log) readFrom(ctx context.Context, from int64, limit int) (entries []entry.Entry, more bool, err error) {
	entries, err = l.Entries.Read(ctx, from, limit)
	if n := len(entries); err != nil || n > 0 && entries[0].Number <= from || from >= l.Archive.Size() {
		archived := n > 0 && entries[n-1].Number+1 < l.Archive.Size()
		return entries, n >= min(limit, entry.PageMost) || archived, err
	}
	archived, err := l.Archive.Entries(ctx, from, limit)
	if err != nil && !errors.Is(err, archive.ErrNoObject) {
		return nil, false, fmt.Errorf("entry %d is in the archive alone: %w", from, err)
	}
	if len(archived) == 0 {
		return entries, false, nil
	}
	return archived, true, nil
}
