package record

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
)

// A Request whose process has died is interrupted by another: before it tells anybody, it
// closes on the record what the Request has begun and says that the process is dead. The
// record's order then decides what is true. If the owner was only slow, and its outcome came
// first, that counts, and whoever tells finds it here. If it comes second, the owner keeps
// and shows nothing, nor does it begin anything more.

// An Interruption is a Request that is to be interrupted.
type Interruption struct {
	Request string
	Actor   event.Actor // who asked
	Account string      // that was asked for; "" where none was
	From    int64       // number of an entry before all that the Request wrote
}

// Told is what the record tells of a Request.
type Told struct {
	Events []Followed // in their order
	Lost   bool       // the record may have told more: it let that go, or another followed it
}

// interruptTries bounds how often what comes meanwhile is looked for: what a Request begins
// after the first time is late.
const interruptTries = 5

// Interrupt interrupts Requests, if nobody did before, and returns what the record tells of
// each then.
func (l *Log) Interrupt(ctx context.Context, of []Interruption) (map[string]Told, error) {
	if err := l.CaughtUp(ctx); err != nil {
		return nil, err
	}
	told := map[string]Told{}
	size := l.Size()
	next := size
	for _, i := range of {
		told[i.Request] = Told{Lost: i.From > size || i.From < 0}
		next = min(next, max(i.From, 0))
	}
	for range interruptTries {
		var err error
		if next, err = l.tellOf(ctx, next, of, told); err != nil {
			return nil, err
		}
		events := l.interrupting(of, told)
		if len(events) == 0 {
			return told, nil
		}
		for some := range slices.Chunk(events, batchMost) {
			if _, err := l.Record(ctx, some...); err != nil {
				return nil, err
			}
		}
	}
	return nil, fmt.Errorf("requests go on, %d times after they were interrupted", interruptTries)
}

// tellOf adds what the record tells of Requests from a number on, and returns where it ends.
func (l *Log) tellOf(ctx context.Context, from int64, of []Interruption, told map[string]Told) (next int64, err error) {
	for next = from; next < l.Size(); {
		found, missed, err := l.Read(ctx, next, 256)
		if err != nil {
			return 0, err
		}
		if len(found) == 0 {
			return 0, fmt.Errorf("the record shows no entry from %d on", next)
		}
		for _, i := range of {
			if missed > 0 && i.From < found[0].Number {
				told[i.Request] = Told{Events: told[i.Request].Events, Lost: true}
			}
		}
		for _, f := range found {
			if t, ok := told[f.Event.Request]; ok && f.Broken == "" {
				told[f.Event.Request] = Told{Events: append(t.Events, f), Lost: t.Lost}
			}
		}
		next = found[len(found)-1].Number + 1
	}
	return next, nil
}

// interrupting are the Events that are yet to be written.
func (l *Log) interrupting(of []Interruption, told map[string]Told) (events []event.Event) {
	add := func(i Interruption, data event.Payload) {
		events = append(events, event.Event{ID: rand.Text(), Time: l.Now(), Actor: i.Actor, Request: i.Request, Data: data})
	}
	for _, i := range of {
		interrupted := false
		for _, f := range told[i.Request].Events {
			interrupted = interrupted || f.Event.Kind == event.Interrupted
			intent, ok := f.Event.Data.(event.IntentData)
			if _, open := l.state.Intent(intent.Attempt); ok && open {
				add(i, event.UnknownData{Act: intent.Act, Intent: f.Number})
			}
		}
		if !interrupted {
			add(i, event.InterruptedData{Account: i.Account})
		}
	}
	return events
}
