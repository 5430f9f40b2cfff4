package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
)

// A sealing is an Event on its way into an entry, and as it is read there.
type sealing struct {
	leaf, aside []byte
	read        event.Event
}

// sealingOf encodes e. It refuses what no reader could decode, and what would so stop all of
// them for good.
func sealingOf(e event.Event) (sealing, error) {
	leaf, aside, err := e.Encode()
	var read event.Event
	if err == nil {
		read, err = event.Decode(leaf, nil)
	}
	if err != nil {
		kind := e.Kind
		if e.Data != nil {
			kind = e.Data.Kind()
		}
		return sealing{}, fmt.Errorf("an event of kind %q cannot be recorded: %w", kind, err)
	}
	return sealing{leaf, aside, read}, nil
}

// sealingsOf encodes e, in parts if it is too large for one entry.
func sealingsOf(e event.Event) ([]sealing, error) {
	whole, err := sealingOf(e)
	if !errors.Is(err, event.ErrTooLarge) {
		return []sealing{whole}, err
	}
	parts, err := event.Split(e)
	if err != nil {
		return nil, fmt.Errorf("record event: %w", err)
	}
	var all []sealing
	for _, part := range parts {
		s, err := sealingOf(part)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Record puts Events on the record, side by side, and returns once this replica has
// read them there, and all that stands before. An error without [ErrUnsure] in its chain says
// that they are not on it and will not be; [ErrHeld], that nothing may be given for now.
//
// Of a closing Event the Receipt says whether it is the first of its Attempt: only
// then does what it tells count. [ErrInterrupted] says that others told whoever asked
// meanwhile, so that nothing is to be begun or shown; an intent is closed then.
func (l *Log) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return event.Receipt{}, err
	}
	w := &write{done: make(chan struct{})}
	for _, e := range events {
		e.Replica = l.Replica
		parts, err := sealingsOf(e)
		if err != nil {
			return event.Receipt{}, err
		}
		w.events = append(w.events, parts...)
	}
	if len(w.events) == 0 || len(w.events) > batchMost {
		return event.Receipt{}, fmt.Errorf("record %d events at once", len(w.events))
	}
	if err := l.enqueue(w, events); err != nil {
		return event.Receipt{}, err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if !l.queue.withdraw(w) {
			<-w.done // the writer has a bound of its own
		}
	}
	if w.err == nil && w.Late && !slices.ContainsFunc(events, closes) && slices.ContainsFunc(events, gives) {
		w.err = ErrInterrupted
	}
	if errors.Is(w.err, ErrUnsure) || errors.Is(w.err, ErrInterrupted) {
		l.disowned.giveUp(events)
	}
	return w.Receipt, w.err
}

func closes(e event.Event) bool { return event.Closes(e.Data.Kind()) }
func gives(e event.Event) bool  { return event.Gives(e.Data.Kind()) }

func (l *Log) enqueue(w *write, events []event.Event) error {
	if err := l.held.mayGive(events); err != nil {
		return err
	}
	if err := l.Err(); err != nil {
		return err
	}
	return l.queue.push(w)
}

// recordLater has an Event of the bot's own written without waiting for it. It asks the reading
// nothing: that may be reading.
func (l *Log) recordLater(e event.Event) {
	e.Replica = l.Replica
	s, err := sealingOf(e)
	if err == nil {
		err = l.queue.push(&write{events: []sealing{s}, done: make(chan struct{})})
	}
	if err != nil {
		l.Log.Error("an event of the bot's own is not on the record", "kind", e.Data.Kind(), "request", e.Request, "error", err)
	}
}

// alarm has an alarm written without waiting for it.
func (l *Log) alarm(data event.AlarmData) {
	l.recordLater(event.Event{ID: rand.Text(), Time: l.Now(), Data: data})
}
