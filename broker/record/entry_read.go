package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// Entry reads one entry again, without its free text: what the store has there now, by its
// MACs and, where this replica still remembers the entry, by the tree. One that closes what was
// closed before does not count. An error other than [entry.ErrNone] says that nobody knows.
func (l *Log) Entry(ctx context.Context, number int64) (event.Event, error) {
	if number >= l.Size() { // another replica may have written it just now
		if err := l.CaughtUp(ctx); err != nil {
			return event.Event{}, err
		}
	}
	if err := l.Err(); err != nil {
		return event.Event{}, err
	}
	if number < 0 || number >= l.Size() {
		return event.Event{}, fmt.Errorf("%w as %d", entry.ErrNone, number)
	}
	found, _, err := l.kept.read(ctx, number, 1)
	if err != nil {
		return event.Event{}, err
	}
	if len(found) == 0 || found[0].Number != number {
		return event.Event{}, fmt.Errorf("%w as %d: it is not kept any more", entry.ErrNone, number)
	}
	if err := l.again(found[0]); err != nil {
		return event.Event{}, fmt.Errorf("%w as %d: %w", entry.ErrNone, number, err)
	}
	e, err := event.Decode(found[0].Leaf, nil)
	if err != nil {
		return event.Event{}, fmt.Errorf("%w as %d: %w", entry.ErrNone, number, err)
	}
	return e, nil
}

// again checks an entry that was read before.
func (l *Log) again(e entry.Entry) error {
	if err := l.genuine(e); err != nil {
		return err
	}
	// Who began to read between an intent and its outcome does not know that of the latter.
	if _, from, whole := l.state.KnowsAll(); l.isLate(e.Number, 1) && (from == 0 || whole > 0 && e.Number > whole) {
		return errors.New("it closes what was closed before")
	}
	return nil
}

// genuine checks that an entry which was read before is still the same.
func (l *Log) genuine(e entry.Entry) error {
	if err := e.Check(l.Keys, l.Origin); err != nil {
		return err
	}
	if id := l.idAt(e.Number); id != "" && id != e.ID {
		return errors.New("it is another one than was read")
	}
	if root, known := l.rootAfter(e.After); known && !bytes.Equal(root[:], e.Root) {
		return errors.New("its writer read other entries than this replica")
	}
	return nil
}
