package record

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/state"
)

// An intent without an outcome is closed by somebody else: its process has ended, or
// could not record what came of it, and AWS may have issued credentials. One replica
// at a time looks for those, by its own clock, from when it read the intent, and only as
// of a moment at which it had read everything: one that is behind would find the
// outcome later. If the owner wakes up after that, its own outcome comes second and it
// shows nothing.

const (
	// OutcomeDue is how long an intent may stay without an outcome: longer than any
	// Request takes, which bot makes sure of.
	OutcomeDue = 2 * time.Minute
	// lookEvery is how often somebody looks for such intents.
	lookEvery    = 2 * time.Second
	closingLease = "record-closing"
	closingTTL   = 15 * time.Second
)

// A Closer closes intents whose outcome is overdue.
type Closer struct {
	log   *Log
	lease *lease.Lease
	out   *slog.Logger
}

// NewCloser returns a Closer; it does nothing yet.
func NewCloser(l *Log, leases lease.Leases) *Closer {
	return &Closer{log: l, lease: lease.New(leases, closingLease, closingTTL, l.Log), out: l.Log}
}

// Run closes what is overdue until ctx ends, on one replica at a time.
func (c *Closer) Run(ctx context.Context) {
	waits := storePace().Waits()
	c.lease.Run(ctx, lookEvery, func(err error) time.Duration {
		return c.log.retryIn(c.out, waits, "intents without an outcome are not looked for", err)
	}, func(ctx context.Context, h *lease.Hold) error { return c.lead(ctx, h, waits.Reset) })
}

func (c *Closer) lead(ctx context.Context, h *lease.Hold, well func()) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if _, err := h.Fence(); err != nil {
			return err
		}
		if err := c.log.CloseOverdue(ctx); err != nil {
			return err
		}
		well()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// CloseOverdue puts on the record that nobody knows the outcome of the intents that are
// overdue.
func (l *Log) CloseOverdue(ctx context.Context) error {
	for _, o := range l.overdue() {
		act := o.Intent.Data.(event.IntentData).Act
		if _, err := l.Record(ctx, l.closing(o.Intent, event.UnknownData{Act: act, Intent: o.Number})); err != nil {
			return err
		}
	}
	return nil
}

// overdue returns the intents whose outcome should have been there when this replica last
// had read everything.
func (l *Log) overdue() []state.Opened {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []state.Opened
	for _, o := range l.state.Intents() {
		if !l.upToDate.Before(o.Read.Add(OutcomeDue)) {
			out = append(out, o)
		}
	}
	return out
}

// openBefore reports whether an intent before that number has no outcome.
func (l *Log) openBefore(number int64) bool {
	open := l.state.Intents()
	return len(open) > 0 && open[0].Number < number
}

// closing is an Event of the bot's that closes an intent.
func (l *Log) closing(intent event.Event, data event.Payload) event.Event {
	return event.Event{ID: rand.Text(), Time: l.Now(), Actor: intent.Actor, Request: intent.Request, Data: data}
}

// disown gives up intents of which nobody knows whether the store took them.
func (l *Log) disown(events []event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	for attempt, since := range l.disowned {
		if now.Sub(since) > disownedFor {
			delete(l.disowned, attempt)
		}
	}
	for _, e := range events {
		intent, ok := e.Data.(event.IntentData)
		if !ok {
			continue
		}
		l.disowned[intent.Attempt] = now
		if o, ok := l.state.Intent(intent.Attempt); ok { // it was read meanwhile
			l.closeDisowned(o.Intent)
		}
	}
}

// closeDisowned has it written that AWS was not asked. It is called under mu.
func (l *Log) closeDisowned(intent event.Event) {
	data, ok := intent.Data.(event.IntentData)
	if _, given := l.disowned[data.Attempt]; !ok || !given {
		return
	}
	delete(l.disowned, data.Attempt)
	l.recordLaterLocked(l.closing(intent, event.NotActedData(data)))
}

// recordLater has an Event written without waiting for it.
func (l *Log) recordLater(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recordLaterLocked(e)
}

func (l *Log) recordLaterLocked(e event.Event) {
	e.Replica = l.Replica
	s, err := sealingOf(e)
	if err == nil {
		err = l.enqueueLocked(&write{events: []sealing{s}, done: make(chan struct{})})
	}
	if err != nil && !errors.Is(err, ErrStopped) {
		l.Log.Error("an event of the bot's own is not on the record", "kind", e.Data.Kind(), "request", e.Request, "error", err)
	}
}
