package auditchannel

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/position"
	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/text"
)

// Record is the audit record as this process has read and checked it.
type Record interface {
	sink.Record
	// AwaitStop returns why nothing is written to it any more, once that is so; nil when ctx
	// ends before.
	AwaitStop(ctx context.Context) error
}

const (
	leaseName = "audit-posts"
	// formerName is that of the lease under which the record was posted as it was before
	// version 1.
	formerName   = "audit-channel"
	leaseTTL     = 15 * time.Second
	lookEvery    = 2 * time.Second // how often a lease is looked after
	batch        = 50
	finishWithin = 5 * time.Second // what is on the record at SIGTERM is still posted, for so long
)

// A Channel posts the record to its channel, in order, from one replica
// at a time.
type Channel struct {
	Deps
	lease    *lease.Lease
	place    position.Place
	pace     pace
	most     int // lines of the next digest; fewer after Slack refused one
	overtook int // alarms in a row that went before the rest
}

// A progress is how far the poster got; the holder of the lease keeps it in
// the store.
type progress struct {
	position.Mark
	Next int64 `json:"next"` // number of the first entry that was not told, but for alarms
	// Alarms is the number of the first entry that may be an alarm that was not told; below
	// 0 where it is Next.
	Alarms int64 `json:"alarms"`
	// AlarmOut and RestOut say that a post was under way.
	AlarmOut bool `json:"alarm_out,omitempty"`
	RestOut  bool `json:"rest_out,omitempty"`

	Folds map[string]tally `json:"folds,omitempty"` // by Slack user and kind
	Open  map[string]open  `json:"open,omitempty"`  // intents of the former record without an outcome yet, by request
	// Former is the last entry of the former record that was told when this reader met
	// its first import.
	Former *string `json:"former,omitempty"`

	kept int64 // Alarms in the store
	hold *lease.Hold
	turn lease.Fence // of hold
}

// cleaned is s as it was read back from the store, where others may write, made fit
// to be shown and counted on.
func (s progress) cleaned() progress {
	folds, opened := map[string]tally{}, map[string]open{}
	for user, f := range s.Folds {
		f.User, f.Count, f.Kind = readBack(f.User), max(f.Count, 0), event.Kind(readBack(string(f.Kind)))
		codes := map[broker.Code]int{}
		for c, n := range f.Codes {
			codes[broker.Code(readBack(string(c)))] += max(n, 0)
		}
		f.Codes = codes
		folds[readBack(user)] = f
	}
	for attempt, o := range s.Open {
		o.Who, o.Account, o.Method = readBack(o.Who), readBack(o.Account), broker.Method(readBack(string(o.Method)))
		o.Request = readBack(o.Request)
		opened[readBack(attempt)] = o
	}
	s.Next, s.Folds, s.Open = max(s.Next, 0), folds, opened
	if s.Alarms < 0 {
		s.Alarms = s.Next
	}
	return s
}

// clone is s with maps of its own.
func (s progress) clone() progress {
	s.Folds, s.Open = maps.Clone(s.Folds), maps.Clone(s.Open)
	return s
}

// readBackMost is how much of it is shown.
const readBackMost = 255

// readBack is a short text that was kept in clear.
func readBack(kept string) string {
	return blockkit.Shortened(text.OneLine(kept[:min(len(kept), 16*readBackMost)]), readBackMost)
}

// Deps is what a Channel is made of. All of it is needed.
type Deps struct {
	Record  Record
	Cursors position.Cursors
	Leases  lease.Leases
	Origin  string // of the record: a position on another one counts for nothing
	Channel string // its Slack ID
	// Pace is the time from one post to the next; 0 is what Slack takes.
	Pace time.Duration
	// Post posts to Slack once; it waits out no rate limit.
	Post func(ctx context.Context, channel string, m blockkit.Message) (ts string, err error)
	Now  func() time.Time
	Log  *slog.Logger
}

// New returns a Channel; it does nothing yet.
func New(d Deps) *Channel {
	d.Log = d.Log.With("part", "audit channel")
	return &Channel{
		Deps: d, lease: lease.New(d.Leases, leaseName, leaseTTL, d.Log),
		place: position.Place{Cursors: d.Cursors, Lease: leaseName, Origin: d.Origin}, pace: pace{every: cmp.Or(d.Pace, postEvery)}, most: digestLines,
	}
}

// Run posts until ctx ends; it then posts what is on the record already and
// gives the lease up.
func (a *Channel) Run(ctx context.Context) {
	var telling sync.WaitGroup
	telling.Go(func() { a.tellStop(ctx) })
	defer telling.Wait()
	waits := retry.Pace{First: 500 * time.Millisecond, Longest: 30 * time.Second}.Waits()
	a.lease.Run(ctx, lookEvery, func(err error) time.Duration {
		d := waits.Next(err)
		if errors.Is(err, record.ErrStopped) {
			return d // the record says so itself
		}
		a.Log.Error("audit channel is behind the record", "error", err, "retry_in", d)
		return d
	}, func(ctx context.Context, h *lease.Hold) error { return a.lead(ctx, h, waits.Reset) })
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	if err := a.lease.Do(last, a.finish); err != nil && !errors.Is(err, lease.ErrTaken) {
		a.Log.Warn("the rest of the record is left to another replica", "error", err)
	}
}

// finish posts what there is.
func (a *Channel) finish(ctx context.Context, h *lease.Hold) error {
	state, err := a.begin(ctx, h)
	for more := true; more && err == nil; {
		more, err = a.step(ctx, &state)
	}
	return err
}

// lead posts until ctx ends; well is called when something went well.
func (a *Channel) lead(ctx context.Context, h *lease.Hold, well func()) error {
	state, err := a.begin(ctx, h)
	for err == nil && ctx.Err() == nil {
		var more bool
		if more, err = a.step(ctx, &state); err == nil && !more {
			err = a.Record.Await(ctx, state.Next, lookEvery)
		}
		if err == nil {
			well()
		}
	}
	return err
}

// begin is where the holder before h was.
func (a *Channel) begin(ctx context.Context, h *lease.Hold) (progress, error) {
	turn, err := h.Fence()
	if err != nil {
		return progress{}, err
	}
	state, err := a.load(ctx)
	state.hold, state.turn = h, turn
	if err == nil {
		err = a.notAhead(ctx, &state)
	}
	return state, err
}

// notAhead puts positions that are beyond the end of the record there, once that was told: the
// store went back, or somebody moved them. Else the next entries would be told nobody.
func (a *Channel) notAhead(ctx context.Context, state *progress) error {
	end, err := a.Record.End(ctx)
	if errors.Is(err, record.ErrStopped) { // it is told as far as it goes
		return nil
	}
	if err != nil || max(state.Next, state.Alarms) <= end {
		return err
	}
	a.Log.Error("the audit channel was told more entries than the record has, if its position is right; it goes on at the end",
		"position", max(state.Next, state.Alarms), "end", end)
	if err := a.pace.await(ctx); err != nil {
		return err
	}
	if err := a.send(ctx, state, true, aheadMessage(end)); err != nil {
		return err
	}
	then := state.clone()
	then.Next, then.Alarms, then.AlarmOut = min(state.Next, end), min(state.Alarms, end), false
	return a.save(ctx, state, then)
}

func (a *Channel) load(ctx context.Context) (progress, error) {
	state := progress{Alarms: -1, Folds: make(map[string]tally), Open: make(map[string]open)}
	former, err := a.place.Load(ctx, &state)
	if err != nil || state.New() {
		return state.cleaned(), err
	}
	if former {
		state = progress{Mark: state.Mark, Alarms: -1, Folds: make(map[string]tally), Open: make(map[string]open), Former: state.Former}
	}
	state = state.cleaned()
	state.kept = state.Alarms
	return state, nil
}

// Next is the number of the first entry that was not told.
func (a *Channel) Next(ctx context.Context) (int64, error) {
	state, err := a.load(ctx)
	return min(state.Next, state.Alarms), err
}

func (a *Channel) postOnce(ctx context.Context, m blockkit.Message) error {
	// A post under way is not cut off: Slack may have taken it, and the next
	// holder would post it again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webapi.Timeout)
	defer cancel()
	_, err := a.Post(ctx, a.Channel, m)
	return err
}

// save makes then the state, and keeps it.
func (a *Channel) save(ctx context.Context, state *progress, then progress) error {
	if err := a.place.Save(ctx, state.turn, state, &then); err != nil {
		return err
	}
	then.kept, then.hold, then.turn = then.Alarms, state.hold, state.turn
	*state = then
	return nil
}
