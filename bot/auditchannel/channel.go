package auditchannel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// Record is the audit record as this process has read and checked it.
type Record interface {
	// Read returns up to limit entries from a number on, in order, and how many are gone
	// before the first of them.
	Read(ctx context.Context, from int64, limit int) (found []record.Followed, missed int64, err error)
	// Await returns nil once there is an entry of that number or wait has passed.
	Await(ctx context.Context, number int64, wait time.Duration) error
	// AwaitStop returns why nothing is written to it any more, once that is so; nil when ctx
	// ends before.
	AwaitStop(ctx context.Context) error
}

// Cursors keep how far the holder of a lease has read the record.
type Cursors interface {
	// MoveCursor replaces previous, what this holder loaded or saved last, by
	// state; false when another has had the lease since f.
	MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error)
	// LoadCursor returns the state kept last; nil when there is none.
	LoadCursor(ctx context.Context, name string) ([]byte, error)
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
	lease *lease.Lease
}

// A progress is how far the poster got; the holder of the lease keeps it in
// the store.
type progress struct {
	Next  int64            `json:"next"`            // number of the first entry that was not told
	Folds map[string]tally `json:"folds,omitempty"` // by Slack user and kind
	Open  map[string]open  `json:"open,omitempty"`  // intents of the former record without an outcome yet, by request
	// Former is the last entry of the former record that was told when this reader met
	// its first import.
	Former *string `json:"former,omitempty"`

	saved []byte // as it is in the store
	hold  *lease.Hold
	turn  lease.Fence // of hold
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
	Cursors Cursors
	Leases  lease.Leases
	Channel string // its Slack ID
	// Post posts to Slack once; it waits out no rate limit.
	Post func(ctx context.Context, channel string, m blockkit.Message) (ts string, err error)
	// FollowUp does what an entry asks for beside its post; a repeat changes nothing.
	FollowUp func(ctx context.Context, e event.Event) error
	Now      func() time.Time
	Log      *slog.Logger
}

// New returns a Channel; it does nothing yet.
func New(d Deps) *Channel {
	d.Log = d.Log.With("part", "audit channel")
	return &Channel{Deps: d, lease: lease.New(d.Leases, leaseName, leaseTTL, d.Log)}
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
	return state, err
}

func (a *Channel) load(ctx context.Context) (progress, error) {
	state := progress{Folds: make(map[string]tally), Open: make(map[string]open)}
	data, err := a.Cursors.LoadCursor(ctx, leaseName)
	if err != nil || data == nil {
		return state, err
	}
	state.saved = data
	if err := json.Unmarshal(data, &state); err != nil {
		return state, fmt.Errorf("audit channel's cursor: %w", err)
	}
	return state.cleaned(), nil
}

// Next is the number of the first entry that was not told.
func (a *Channel) Next(ctx context.Context) (int64, error) {
	state, err := a.load(ctx)
	return state.Next, err
}

// step posts folds that are due and the next entries; more is true while there
// may be further ones at once. That an outcome is missing is known only once the
// record was read to its end as of asOf.
func (a *Channel) step(ctx context.Context, state *progress) (more bool, err error) {
	if err := a.flush(ctx, state); err != nil {
		return false, err
	}
	asOf := a.Now()
	entries, missed, err := a.Record.Read(ctx, state.Next, batch)
	if err != nil {
		return false, err
	}
	if missed > 0 {
		if err := a.tellMissed(ctx, state, missed); err != nil {
			return false, err
		}
	}
	for _, entry := range entries {
		if err := a.tell(ctx, state, entry); err != nil {
			return false, err
		}
	}
	if len(entries) == batch {
		return true, nil
	}
	return false, a.tellOverdue(ctx, state, asOf)
}

// tellMissed posts that entries are gone which nobody was told of.
func (a *Channel) tellMissed(ctx context.Context, state *progress, missed int64) error {
	a.Log.Error("entries of the record are gone that the audit channel was not told of", "first", state.Next, "count", missed)
	if err := a.send(ctx, state, missedMessage(state.Next, missed)); err != nil {
		return err
	}
	state.Next += missed
	return a.save(ctx, state)
}

// tellOverdue posts the intents whose outcome was not on the record as of then,
// and should have been.
func (a *Channel) tellOverdue(ctx context.Context, state *progress, then time.Time) error {
	for _, attempt := range state.overdue(then) {
		if err := a.send(ctx, state, openMessage(state.Open[attempt])); err != nil {
			return err
		}
		delete(state.Open, attempt)
		if err := a.save(ctx, state); err != nil {
			return err
		}
	}
	return nil
}

// tell posts one entry, or folds it, and moves the cursor behind it.
func (a *Channel) tell(ctx context.Context, state *progress, entry record.Followed) error {
	m, post := blockkit.Message{}, false
	told, err := a.toldBefore(ctx, state, entry.Event)
	if err != nil {
		return err
	}
	if entry.Late && entry.Event.Kind == event.Unknown { // the outcome is known, or was unknown already
		state.Next = entry.Number + 1
		return a.save(ctx, state)
	}
	if entry.Broken != "" {
		a.Log.Error("an entry of the record cannot be read", "entry", entry.Number, "error", entry.Broken)
		m, post = brokenMessage(entry.Number), true
	} else if !a.guarded(entry.Number, func() {
		e := factsOf(entry.Event)
		e.entry = &entry.Number
		state.follow(e, a.Now())
		if m, post = render(e); post {
			post = !told && !state.tallied(e, a.Now())
		}
	}) {
		m, post = unshownMessage(entry.Number), true
	}
	if a.guarded(entry.Number, func() { err = a.FollowUp(ctx, entry.Event) }); err != nil {
		return err
	}
	if post {
		err = a.send(ctx, state, m)
		if webapi.MessageRefused(err) {
			// Trying again would hold up everything behind it.
			a.Log.Error("Slack does not take an event as it is rendered", "entry", entry.Number, "error", err)
			if err = a.send(ctx, state, unshownMessage(entry.Number)); webapi.MessageRefused(err) {
				err = nil // it is on the record and in the log
			}
		}
		if err != nil {
			return err
		}
	}
	state.Next = entry.Number + 1
	return a.save(ctx, state)
}

// guarded reports whether f ended without a panic: an entry that brings one about
// would do so on every replica, and hold up the channel for good.
func (a *Channel) guarded(number int64, f func()) (ended bool) {
	defer func() {
		if what := recover(); what != nil {
			a.Log.Error("panic over an entry of the record; the rest goes on", "entry", number, "panic", secret.PanicText(what), "stack", string(debug.Stack()))
		}
	}()
	f()
	return true
}

// flush posts the counts of what was folded whose minute is over.
func (a *Channel) flush(ctx context.Context, state *progress) error {
	for _, user := range state.due(a.Now()) {
		f := state.Folds[user]
		if f.Count > 0 {
			if err := a.send(ctx, state, foldMessage(user, f)); err != nil {
				return err
			}
			// What follows within the next minute is counted again.
			state.Folds[user] = tally{User: f.User, Kind: f.Kind, Until: a.Now().Add(foldWindow)}
		} else {
			delete(state.Folds, user)
		}
		if err := a.save(ctx, state); err != nil {
			return err
		}
	}
	return nil
}

// send posts one message, waiting as long as Slack asks, while the lease is held.
func (a *Channel) send(ctx context.Context, state *progress, m blockkit.Message) error {
	return retry.Pace{}.Do(ctx, func() error {
		if _, err := state.hold.Fence(); err != nil {
			return retry.Final(err)
		}
		err := a.postOnce(ctx, m)
		var limited *slack.RateLimitedError
		if errors.As(err, &limited) {
			return retry.After(err, limited.RetryAfter)
		}
		return retry.Final(err)
	})
}

func (a *Channel) postOnce(ctx context.Context, m blockkit.Message) error {
	// A post under way is not cut off: Slack may have taken it, and the next
	// holder would post it again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webapi.Timeout)
	defer cancel()
	_, err := a.Post(ctx, a.Channel, m)
	return err
}

var errLeaseLost = errors.New("the audit channel's lease went to another replica")

func (a *Channel) save(ctx context.Context, state *progress) error {
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	// The cursor passes what was posted even while the process is being stopped. The
	// store bounds the call, and refuses it if another replica has had a turn.
	ok, err := a.Cursors.MoveCursor(context.WithoutCancel(ctx), state.turn, state.saved, data)
	if err != nil {
		return err
	}
	if !ok {
		return errLeaseLost
	}
	state.saved = data
	return nil
}
