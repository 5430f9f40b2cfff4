package record

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/state"
)

// disownedFor is how long an intent that was given up may still appear.
const disownedFor = time.Hour

// disowned is the intents that were given up, since nobody knew whether the store took them. One
// that appears all the same is closed: AWS was not asked.
type disowned struct {
	state *state.State
	now   func() time.Time
	write func(event.Event) // without waiting for it

	mu    sync.Mutex
	since map[string]time.Time // by Attempt
}

// giveUp gives up the intents among events.
func (d *disowned) giveUp(events []event.Event) {
	now := d.now()
	d.mu.Lock()
	for attempt, since := range d.since {
		if now.Sub(since) > disownedFor {
			delete(d.since, attempt)
		}
	}
	d.mu.Unlock()
	for _, e := range events {
		intent, ok := e.Data.(event.IntentData)
		if !ok {
			continue
		}
		d.mu.Lock()
		d.since[intent.Attempt] = now
		d.mu.Unlock()
		if o, ok := d.state.Intent(intent.Attempt); ok { // it was read meanwhile
			d.close(o.Intent)
		}
	}
}

// close has it written that AWS was not asked, if an intent that was read is one of these.
func (d *disowned) close(intent event.Event) {
	data, ok := intent.Data.(event.IntentData)
	if !ok {
		return
	}
	d.mu.Lock()
	_, given := d.since[data.Attempt]
	delete(d.since, data.Attempt)
	d.mu.Unlock()
	if given {
		d.write(closing(intent, event.NotActedData(data), d.now()))
	}
}

// closing is an Event of the bot's that closes an intent.
func closing(intent event.Event, data event.Payload, now time.Time) event.Event {
	return event.Event{ID: rand.Text(), Time: now, Actor: intent.Actor, Request: intent.Request, Data: data}
}
