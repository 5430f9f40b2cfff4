package record

import (
	"context"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// A Followed is an entry as a Follower is told it, with its free text.
type Followed struct {
	Number int64
	Event  event.Event
	Leaf   []byte // the Event as it was written
	Late   bool   // it closes an Attempt that was closed before; not known of one that was read long ago
	Broken string // why it cannot be read; "" when it can. The Event is then zero
}

// Read returns up to limit entries from number from on, of those that this replica has
// read and checked. Each is checked again, by itself: it may have been changed since, and
// is then Broken. Missed says how many are gone before the first.
func (l *Log) Read(ctx context.Context, from int64, limit int) (found []Followed, missed int64, err error) {
	size := l.Size()
	if from >= size {
		return nil, 0, nil
	}
	entries, _, err := l.kept.read(ctx, from, int(min(int64(limit), size-from, entry.PageMost)))
	if err != nil || len(entries) == 0 {
		return nil, 0, err
	}
	asides, err := l.kept.asides(ctx, entries)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		if e.Number >= size {
			break
		}
		found = append(found, l.followed(e, asides[e.Number]))
	}
	if len(found) == 0 {
		return nil, size - from, nil
	}
	return found, max(found[0].Number-from, 0), nil
}

// End returns the number after the last entry, once this replica has read all that was there
// when it was called.
func (l *Log) End(ctx context.Context) (int64, error) {
	if err := l.CaughtUp(ctx); err != nil {
		return 0, err
	}
	return l.Size(), nil
}

func (l *Log) followed(e entry.Entry, aside []byte) Followed {
	out := Followed{Number: e.Number, Late: l.isLate(e.Number, 1)}
	err := l.genuine(e)
	if err == nil {
		out.Event, err = l.decoded.event(e, aside)
	}
	if err != nil {
		out.Event, out.Broken = event.Event{}, err.Error()
		return out
	}
	out.Leaf = e.Leaf
	return out
}
