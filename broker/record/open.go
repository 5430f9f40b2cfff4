package record

import (
	"context"
	"log/slog"
	"slices"
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
		return retryIn(c.out, waits, "intents without an outcome are not looked for", err)
	}, func(ctx context.Context, h *lease.Hold) error { return c.lead(ctx, h, waits.Reset) })
}

func (c *Closer) lead(ctx context.Context, h *lease.Hold, well func()) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if _, err := h.Fence(); err != nil {
			return err
		}
		if err := c.closeOverdue(ctx); err != nil {
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

// closeOverdue puts on the record that nobody knows the outcome of the intents that are
// overdue.
func (c *Closer) closeOverdue(ctx context.Context) error {
	for _, o := range c.overdue() {
		act := o.Intent.Data.(event.IntentData).Act
		if _, err := c.log.Record(ctx, closing(o.Intent, event.UnknownData{Act: act, Intent: o.Number}, c.log.Now())); err != nil {
			return err
		}
	}
	return nil
}

// overdue returns the intents whose outcome should have been there when this replica last
// had read everything.
func (c *Closer) overdue() []state.Opened {
	at := c.log.readUpTo() // and only then which are open: an outcome that is read meanwhile counts
	return slices.DeleteFunc(c.log.state.Intents(), func(o state.Opened) bool { return at.Before(o.Read.Add(OutcomeDue)) })
}
