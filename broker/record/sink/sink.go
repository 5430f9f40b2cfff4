// Package sink brings the record to whoever wants it beside Slack's channel.
//
// A Sink is told every entry, in order and at least once, by one replica at a time. How far
// it got is kept in the store, by the Sink's name, so another replica goes on from there.
package sink

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/position"
	"github.com/assumebot/assumebot/broker/retry"
)

// A Sink takes entries.
type Sink interface {
	// Take takes entries in order. It may be told some of them again.
	Take(ctx context.Context, entries []record.Followed) (Taken, error)
}

// Taken is what became of entries that a Sink was told.
type Taken struct {
	Count   int     // that it need not be told again
	Refused []int64 // numbers of those among them that it will never take
}

// Record is the record as this process has read and checked it.
type Record interface {
	// Read returns up to limit entries from a number on, in order, and how many are gone
	// before the first of them.
	Read(ctx context.Context, from int64, limit int) (found []record.Followed, missed int64, err error)
	// End returns the number after the last entry, once what was there has been read.
	End(ctx context.Context) (int64, error)
	// Await returns nil once there is an entry of that number or wait has passed.
	Await(ctx context.Context, number int64, wait time.Duration) error
}

// Deps is what a Follower is made of. All but First and Alarm is needed.
type Deps struct {
	Name    string // of the position: it never changes
	Origin  string // of the record: a position on another one counts for nothing
	Sink    Sink
	Record  Record
	Cursors position.Cursors
	Leases  lease.Leases
	// First is where a Sink begins that was never told anything; nil: at the first entry.
	First func(ctx context.Context) (int64, error)
	// Alarm puts on the record that a Sink is away, is back, or refuses something; nil: the
	// log alone says so.
	Alarm func(ctx context.Context, a event.AlarmData) error
	Log   *slog.Logger
}

const (
	leaseTTL  = 15 * time.Second
	lookEvery = 2 * time.Second // how often a lease is looked after
	batch     = 50
	// gatherFor is how long a Sink that has everything is let be. What comes meanwhile it is
	// told together, and its position is saved once.
	gatherFor = 100 * time.Millisecond
	// finishWithin is for what is on the record at SIGTERM.
	finishWithin = 5 * time.Second
)

// A Follower reads the record to one Sink.
type Follower struct {
	Deps
	lease *lease.Lease
	place position.Place

	failing failing
	under   chan outcome // of what the Sink has not come back from; nil: of nothing
}

// New returns a Follower; it does nothing yet.
func New(d Deps) *Follower {
	d.Log = d.Log.With("sink", d.Name)
	name := "sink-" + d.Name
	return &Follower{
		Deps: d, lease: lease.New(d.Leases, name, leaseTTL, d.Log), place: position.Place{Cursors: d.Cursors, Lease: name, Origin: d.Origin},
	}
}

// Run tells the Sink until ctx ends; then what is on the record already, and gives the
// lease up.
func (f *Follower) Run(ctx context.Context) {
	waits := retry.Pace{First: 500 * time.Millisecond, Longest: 30 * time.Second}.Waits()
	f.lease.Run(ctx, lookEvery, func(err error) time.Duration {
		d := waits.Next(err)
		if !errors.Is(err, record.ErrStopped) { // the record says that itself
			f.Log.Error("a sink is behind the record", "error", err, "retry_in", d)
		}
		return d
	}, func(ctx context.Context, h *lease.Hold) error {
		return f.follow(ctx, h, func(ctx context.Context, next int64) error {
			waits.Reset()
			retry.Sleep(ctx, gatherFor)
			if err := f.Record.Await(ctx, next, lookEvery); err != nil {
				return err
			}
			return ctx.Err()
		})
	})
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	err := f.lease.Do(last, func(ctx context.Context, h *lease.Hold) error {
		return f.follow(ctx, h, func(context.Context, int64) error { return errDone })
	})
	if err != nil && !errors.Is(err, errDone) && !errors.Is(err, lease.ErrTaken) {
		f.Log.Warn("the rest of the record is left to another replica", "error", err)
	}
}

var errDone = errors.New("the record is read to its end")

// Next is the number of the first entry that the Sink does not have for good.
func (f *Follower) Next(ctx context.Context) (int64, error) {
	at, err := f.load(ctx)
	return at.Next, err
}

// givenUpAfter is how long the record keeps what a Sink that takes nothing was not told.
const givenUpAfter = 7 * 24 * time.Hour

// Needed is the number of the first entry that the record has to keep for the Sink.
func (f *Follower) Needed(ctx context.Context) (int64, error) {
	at, err := f.load(ctx)
	if at.Away && time.Since(at.Moved) > givenUpAfter {
		return math.MaxInt64, err
	}
	return at.Next, err
}

// A progress is what the store keeps of a Sink.
type progress struct {
	position.Mark
	Next  int64     `json:"next"`
	Moved time.Time `json:"moved,omitzero"` // when it last did
	alarms
}

func (f *Follower) load(ctx context.Context) (progress, error) {
	var at progress
	former, err := f.place.Load(ctx, &at)
	switch {
	case err != nil:
		return at, err
	case at.New() && f.First != nil:
		at.Next, err = f.First(ctx)
		return at, err
	case former:
		return progress{Mark: at.Mark}, nil
	}
	at.Next, at.First, at.Refused = max(at.Next, 0), max(at.First, 0), min(max(at.Refused, 0), refusedMost)
	return at, nil
}

// follow tells the Sink, and calls end whenever it has everything, until that or anything
// else fails.
func (f *Follower) follow(ctx context.Context, h *lease.Hold, end func(ctx context.Context, next int64) error) error {
	turn, err := h.Fence()
	if err != nil {
		return err
	}
	at, err := f.load(ctx)
	if err == nil && at.New() && f.First != nil {
		err = f.save(ctx, turn, &at, at) // where it begins may be another place soon
	}
	if err == nil {
		err = f.notAhead(ctx, turn, &at)
	}
	for err == nil {
		var found []record.Followed
		found, err = f.read(ctx, turn, &at)
		if err == nil && len(found) > 0 {
			err = f.tell(ctx, turn, &at, found)
		}
		if err == nil && len(found) < batch {
			err = end(ctx, at.Next)
		}
	}
	return err
}

// notAhead puts a position that is beyond the end of the record there, once somebody was told: the
// store went back, or somebody moved the position. Else the next entries would be told nobody.
func (f *Follower) notAhead(ctx context.Context, turn lease.Fence, at *progress) error {
	end, err := f.Record.End(ctx)
	if errors.Is(err, record.ErrStopped) { // it is told as far as it goes
		return nil
	}
	if err != nil || at.Next <= end {
		return err
	}
	f.Log.Error("a sink was told more entries than the record has, if its position is right; it goes on at the end", "position", at.Next, "end", end)
	if f.Alarm != nil {
		if err := f.Alarm(ctx, event.AlarmData{Code: alarmAhead, About: f.Name, Entries: &event.Range{First: end}}); err != nil {
			return err
		}
	}
	then := *at
	then.Next = end
	return f.save(ctx, turn, at, then)
}

// read is what comes next. What is gone is passed over, once and for all, when somebody was told.
func (f *Follower) read(ctx context.Context, turn lease.Fence, at *progress) ([]record.Followed, error) {
	found, missed, err := f.Record.Read(ctx, at.Next, batch)
	if err == nil && missed > 0 {
		f.Log.Error("entries of the record are gone that a sink was not told of", "first", at.Next, "count", missed)
		if f.Alarm != nil {
			err = f.Alarm(ctx, event.AlarmData{Code: alarmMissed, About: f.Name, Entries: &event.Range{First: at.Next, Count: missed}})
		}
		if err == nil {
			then := *at
			then.Next += missed
			err = f.save(ctx, turn, at, then)
		}
	}
	return found, err
}

// tell moves the position behind what the Sink has, also while the process is being stopped.
func (f *Follower) tell(ctx context.Context, turn lease.Fence, at *progress, found []record.Followed) error {
	taken, failed := f.take(ctx, found)
	then := *at
	if taken.Count > 0 {
		then.Next, then.Moved = found[taken.Count-1].Number+1, time.Now()
	}
	told := f.alarm(context.WithoutCancel(ctx), &then, taken.Refused, failed)
	if then.Next == at.Next && then.alarms == at.alarms {
		return errors.Join(failed, told)
	}
	return errors.Join(failed, told, f.save(ctx, turn, at, then))
}

func (f *Follower) save(ctx context.Context, turn lease.Fence, at *progress, then progress) error {
	err := f.place.Save(ctx, turn, at, &then)
	if err == nil {
		*at = then
	}
	return err
}
