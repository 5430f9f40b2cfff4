package record

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

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

// mending is what puts back entries that the store has lost.
type mending struct {
	*reading
	keys   entry.Keys
	origin string
	alarm  func(event.AlarmData) // has one written, without waiting for it

	turn   turn
	recall recall // what can be put back
	// oldest is the number of the oldest entry that the store had when it was last whole.
	oldest    atomic.Int64
	settleFor time.Duration // a test waits less
}

func newMending(r *reading, d Deps, alarm func(event.AlarmData)) *mending {
	return &mending{reading: r, keys: d.Keys, origin: d.Origin, alarm: alarm, turn: make(turn, 1), settleFor: settleFor}
}

// mend puts back what the store has lost of what this replica has read. nil says that
// all of it is there, now or again.
func (m *mending) mend(ctx context.Context) error {
	_, err := m.putBackLost(ctx)
	return err
}

// putBackLost is mend, and returns how many entries it put back.
func (m *mending) putBackLost(ctx context.Context) (count int64, err error) {
	if err := m.turn.take(ctx); err != nil {
		return 0, err
	}
	defer m.turn.end()
	if err := m.Err(); err != nil {
		return 0, err
	}
	first, next, err := m.kept.store.Bounds(ctx)
	if err != nil {
		return 0, err
	}
	size := m.Size()
	if next >= size {
		return 0, m.compareLast(ctx)
	}
	from := next - 1 // with one that must still be there
	if next == 0 {
		if from, err = m.oldestToPutBack(); err != nil {
			return 0, err
		}
	} else if from < first {
		return 0, m.lost(next, size)
	}
	count, err = m.putBack(ctx, from, next, size)
	if count > 0 {
		m.out.Error("the store had lost entries of the record: they were put back", "first", max(next, from), "count", count)
		m.alarm(event.AlarmData{Code: alarmPutBack, Entries: &event.Range{First: max(next, from), Count: count}})
		retry.Sleep(ctx, m.settleFor)
	}
	return count, err
}

// putLastBack puts the last entry that was read over itself, which gives the store the name of
// the record again.
func (m *mending) putLastBack(ctx context.Context) error {
	last := m.Size() - 1
	if last < 0 {
		return nil
	}
	entries, err := m.recalled(ctx, last)
	if err != nil || len(entries) == 0 {
		return err
	}
	_, err = m.kept.store.Restore(ctx, m.origin, entries[:1])
	return err
}

// oldestToPutBack is where to begin in an empty store.
func (m *mending) oldestToPutBack() (int64, error) {
	had, oldest := m.oldest.Load(), m.recall.first()
	if oldest < 0 {
		return 0, m.lost(had, m.Size())
	}
	if needed := max(had, m.kept.archive.Size()); oldest > needed {
		return 0, m.lost(needed, oldest)
	}
	return oldest, nil
}

// putBack puts back what is lost from an entry on, and returns how many entries that were.
func (m *mending) putBack(ctx context.Context, from, next, size int64) (count int64, err error) {
	for at := from; ; {
		entries, err := m.recalled(ctx, at)
		switch {
		case errors.Is(err, archive.ErrNoObject) || err == nil && len(entries) == 0:
			return count, m.lost(max(at, next), size)
		case err != nil:
			return count, err
		}
		put, err := m.kept.store.Restore(ctx, m.origin, entries)
		count += put
		switch {
		case errors.Is(err, tree.ErrRewound):
			return count, m.stop(entry.Disagrees(fmt.Errorf("%w: of the entries from %d to %d that were read, some are lost and others stand in their place; %s",
				tree.ErrForked, max(at, next), size-1, whatToDo)))
		case errors.Is(err, entry.ErrForeign):
			return count, m.stop(err)
		case err != nil:
			return count, err
		}
		last := entries[len(entries)-1].Number
		if last >= size-1 {
			return count, nil
		}
		if last == at {
			return count, m.lost(at+1, size)
		}
		at = last // it must be there for what follows
	}
}

// recalled returns entries from one on, from memory, else from the archive.
func (m *mending) recalled(ctx context.Context, from int64) ([]entry.Entry, error) {
	entries, ok := m.recall.since(from)
	if ok || m.kept.archive == nil {
		return entries, nil
	}
	for len(entries) < mendAtOnce {
		more, err := m.kept.archive.Entries(ctx, from+int64(len(entries)), mendAtOnce)
		if err != nil || len(more) == 0 {
			return entries, err
		}
		for _, e := range more {
			if err := e.Check(m.keys, m.origin); err != nil {
				return nil, fmt.Errorf("entry %d in the archive: %w", e.Number, err)
			}
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

// compareLast compares the last entry that was read with what stands there now.
func (m *mending) compareLast(ctx context.Context) error {
	number, id, _ := m.last()
	if number < 0 || id == "" {
		return nil
	}
	entries, err := m.kept.store.Read(ctx, number, 1)
	if err != nil {
		return err
	}
	if len(entries) == 0 || entries[0].Number != number || entries[0].ID != id {
		return m.stop(entry.Disagrees(fmt.Errorf("%w: entry %d is not the one that was read; %s", tree.ErrRewound, number, whatToDo)))
	}
	return nil
}

// missing is what to do about an entry that was read and is not in the store.
func (m *mending) missing(ctx context.Context, number int64) error {
	if err := m.mend(ctx); err != nil {
		return err
	}
	entries, _, err := m.kept.read(ctx, number, 1)
	switch {
	case err != nil:
		return err
	case len(entries) == 0 || entries[0].Number != number:
		return m.lost(number, number+1)
	}
	return fmt.Errorf("entry %d was lost for a while", number)
}

// leaves returns the hashes of the entries from one number up to another;
// tree.ErrLetGo where the store keeps them no more.
func (m *mending) leaves(ctx context.Context, from, to int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for at := from; at < to; at = from + int64(len(out)) {
		entries, _, err := m.kept.read(ctx, at, int(min(to-at, entry.PageMost)))
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 || entries[0].Number != at {
			first, _, err := m.kept.store.Bounds(ctx)
			switch {
			case err != nil:
				return nil, err
			case at < first:
				return nil, tree.ErrLetGo
			}
			return nil, m.missing(ctx, at)
		}
		for _, e := range entries {
			if e.Number == from+int64(len(out)) {
				out = append(out, tlog.RecordHash(e.Leaf))
			}
		}
	}
	return out[:to-from], nil
}

const whatToDo = "nothing is issued until somebody has looked at it; to go on without them, in a new record, run: assumebot record accept"

func (m *mending) lost(first, next int64) error { return m.stop(lostEntries(first, next)) }

func lostEntries(first, next int64) error {
	err := fmt.Errorf("%w: the entries from %d to %d are lost, and neither this replica nor an archive has them; %s", tree.ErrRewound, first, next-1, whatToDo)
	return &entry.Disagreement{Err: err, First: first, Lost: true}
}
