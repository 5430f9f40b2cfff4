package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/retry"
)

// Record is the audit record, and how far the holder of a lease has read it.
type Record interface {
	// ReadRecord returns up to limit entries after a position, in order; ""
	// starts at the oldest.
	ReadRecord(ctx context.Context, after string, limit int64) ([]broker.RecordEntry, error)
	// AwaitRecord returns nil once there is an entry after a position or wait
	// has passed.
	AwaitRecord(ctx context.Context, after string, wait time.Duration) error
	// MoveCursor replaces previous, what this holder loaded or saved last, by
	// state; false when another has had the lease since f.
	MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error)
	// LoadCursor returns the state kept last; nil when there is none.
	LoadCursor(ctx context.Context, name string) ([]byte, error)
}

const (
	auditLease    = "audit-channel"
	auditLeaseTTL = 15 * time.Second
	auditWait     = 2 * time.Second // how often a lease is looked after
	auditBatch    = 50
	auditFinish   = 5 * time.Second // what is on the record at SIGTERM is still posted, for so long
)

// An auditChannel posts the record to its channel, in order, from one replica
// at a time. It posts at least once: a replica that dies between a post and its
// cursor leaves the next one to post that Event again.
type auditChannel struct {
	record  Record
	lease   *lease.Lease
	channel string
	post    func(ctx context.Context, channel string, m blockkit.Message) (ts string, err error)
	// followUp does what an entry asks for beside being told; a repeat does nothing
	// more.
	followUp func(ctx context.Context, e broker.Event) error
	now      func() time.Time
	log      *slog.Logger
}

// An auditState is how far the poster got; the holder of the lease keeps it in
// the store.
type auditState struct {
	Position string           `json:"position"`
	Folds    map[string]tally `json:"folds,omitempty"` // by Slack user and kind
	Open     map[string]open  `json:"open,omitempty"`  // intents without an outcome yet, by Request

	saved []byte // as it is in the store
	hold  *lease.Hold
	turn  lease.Fence // of hold
}

// cleaned is the state as it was read back, from where others may write: what it
// shows is one line each, and there is something to write into.
func (s auditState) cleaned() auditState {
	folds, opened := map[string]tally{}, map[string]open{}
	for user, f := range s.Folds {
		f.User, f.Count, f.Kind = readBack(f.User), max(f.Count, 0), broker.EventKind(readBack(string(f.Kind)))
		codes := map[broker.Code]int{}
		for c, n := range f.Codes {
			codes[broker.Code(readBack(string(c)))] += max(n, 0)
		}
		f.Codes = codes
		folds[readBack(user)] = f
	}
	for request, o := range s.Open {
		o.Who, o.Account, o.Method = readBack(o.Who), readBack(o.Account), broker.Method(readBack(string(o.Method)))
		opened[readBack(request)] = o
	}
	s.Folds, s.Open = folds, opened
	return s
}

// readBack is a short text that was kept in clear.
func readBack(text string) string {
	return blockkit.Shortened(broker.OneLine(text[:min(len(text), command.MaxText)]), maxBlockID)
}

func newAuditChannel(d Deps, post func(context.Context, string, blockkit.Message) (string, error),
	followUp func(context.Context, broker.Event) error) *auditChannel {
	log := d.Log.With("part", "audit channel")
	return &auditChannel{
		record: d.Record, lease: lease.New(d.Leases, auditLease, auditLeaseTTL, log), channel: d.AuditChannel,
		post: post, followUp: followUp, now: d.Now, log: log,
	}
}

// run posts until ctx ends; it then posts what is on the record already and
// gives the lease up.
func (a *auditChannel) run(ctx context.Context) {
	waits := retry.Pace{First: 500 * time.Millisecond, Longest: 30 * time.Second}.Waits()
	a.lease.Run(ctx, auditWait, func(err error) time.Duration {
		d := waits.Next(err)
		a.log.Error("audit channel is behind the record", "error", err, "retry_in", d)
		return d
	}, func(ctx context.Context, h *lease.Hold) error { return a.lead(ctx, h, waits.Reset) })
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditFinish)
	defer cancel()
	if err := a.lease.Do(last, a.finish); err != nil && !errors.Is(err, lease.ErrTaken) {
		a.log.Warn("the rest of the record is left to another replica", "error", err)
	}
}

// finish posts what there is.
func (a *auditChannel) finish(ctx context.Context, h *lease.Hold) error {
	state, err := a.begin(ctx, h)
	for more := true; more && err == nil; {
		more, err = a.step(ctx, &state)
	}
	return err
}

// lead posts until ctx ends; well is called when something went well.
func (a *auditChannel) lead(ctx context.Context, h *lease.Hold, well func()) error {
	state, err := a.begin(ctx, h)
	for err == nil && ctx.Err() == nil {
		var more bool
		if more, err = a.step(ctx, &state); err == nil && !more {
			err = a.record.AwaitRecord(ctx, state.Position, auditWait)
		}
		if err == nil {
			well()
		}
	}
	return err
}

// begin is where the holder before h was.
func (a *auditChannel) begin(ctx context.Context, h *lease.Hold) (auditState, error) {
	turn, err := h.Fence()
	if err != nil {
		return auditState{}, err
	}
	state, err := a.load(ctx)
	state.hold, state.turn = h, turn
	return state, err
}

func (a *auditChannel) load(ctx context.Context) (auditState, error) {
	state := auditState{Folds: make(map[string]tally), Open: make(map[string]open)}
	data, err := a.record.LoadCursor(ctx, auditLease)
	if err != nil || data == nil {
		return state, err
	}
	state.saved = data
	if err := json.Unmarshal(data, &state); err != nil {
		return state, fmt.Errorf("audit channel's cursor: %w", err)
	}
	return state.cleaned(), nil
}

func (a *auditChannel) position(ctx context.Context) (string, error) {
	state, err := a.load(ctx)
	return state.Position, err
}

// step posts folds that are due and the next entries; more is true while there
// may be further ones at once. That an outcome is missing is known only once the
// record was read to its end, as it was before that.
func (a *auditChannel) step(ctx context.Context, state *auditState) (more bool, err error) {
	if err := a.flush(ctx, state); err != nil {
		return false, err
	}
	asOf := a.now()
	entries, err := a.record.ReadRecord(ctx, state.Position, auditBatch)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		if err := a.tell(ctx, state, entry); err != nil {
			return false, err
		}
	}
	if len(entries) == auditBatch {
		return true, nil
	}
	return false, a.tellOverdue(ctx, state, asOf)
}

// tellOverdue posts the intents whose outcome was not on the record as of then,
// and should have been.
func (a *auditChannel) tellOverdue(ctx context.Context, state *auditState, then time.Time) error {
	for _, request := range state.overdue(then) {
		if err := a.send(ctx, state, openMessage(state.Open[request], request)); err != nil {
			return err
		}
		delete(state.Open, request)
		if err := a.save(ctx, state); err != nil {
			return err
		}
	}
	return nil
}

// tell posts one entry, or folds it, and moves the cursor behind it.
func (a *auditChannel) tell(ctx context.Context, state *auditState, entry broker.RecordEntry) error {
	m, post := blockkit.Message{}, false
	if entry.Broken != "" {
		a.log.Error("an entry of the record cannot be read", "position", entry.Position, "error", entry.Broken)
		m, post = brokenMessage(entry.Position), true
	} else if !a.guarded(entry.Position, func() {
		state.follow(entry.Event, a.now())
		if m, post = auditMessage(entry.Event); post {
			post = !state.tallied(entry.Event, a.now())
		}
	}) {
		m, post = unshownMessage(entry.Position), true
	}
	var err error
	if a.guarded(entry.Position, func() { err = a.followUp(ctx, entry.Event) }); err != nil {
		return err
	}
	if post {
		err = a.send(ctx, state, m)
		if webapi.MessageRefused(err) {
			// Trying again would hold up everything behind it.
			a.log.Error("Slack does not take an event as it is rendered", "position", entry.Position, "error", err)
			if err = a.send(ctx, state, unshownMessage(entry.Position)); webapi.MessageRefused(err) {
				err = nil // it is on the record and in the log
			}
		}
		if err != nil {
			return err
		}
	}
	state.Position = entry.Position
	return a.save(ctx, state)
}

// guarded reports whether f ended without a panic: an entry that brings one about
// would do so on every replica, and hold up the channel for good.
func (a *auditChannel) guarded(position string, f func()) (ended bool) {
	defer func() {
		if what := recover(); what != nil {
			a.log.Error("panic over an entry of the record; the rest goes on", "position", position, "panic", panicText(what), "stack", string(debug.Stack()))
		}
	}()
	f()
	return true
}

// flush posts the counts of what was folded whose minute is over.
func (a *auditChannel) flush(ctx context.Context, state *auditState) error {
	for _, user := range state.due(a.now()) {
		f := state.Folds[user]
		if f.Count > 0 {
			if err := a.send(ctx, state, foldMessage(user, f)); err != nil {
				return err
			}
			// What follows within the next minute is counted again.
			state.Folds[user] = tally{User: f.User, Kind: f.Kind, Until: a.now().Add(foldWindow)}
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
func (a *auditChannel) send(ctx context.Context, state *auditState, m blockkit.Message) error {
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

func (a *auditChannel) postOnce(ctx context.Context, m blockkit.Message) error {
	// A post under way is not cut off: Slack may have taken it, and the next
	// holder would post it again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webapi.Timeout)
	defer cancel()
	_, err := a.post(ctx, a.channel, m)
	return err
}

var errLeaseLost = errors.New("the audit channel's lease went to another replica")

func (a *auditChannel) save(ctx context.Context, state *auditState) error {
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	// What was posted is behind the cursor even if the process is being stopped;
	// the store bounds it, and knows best whether another has had a turn.
	ok, err := a.record.MoveCursor(context.WithoutCancel(ctx), state.turn, state.saved, data)
	if err != nil {
		return err
	}
	if !ok {
		return errLeaseLost
	}
	state.saved = data
	return nil
}
