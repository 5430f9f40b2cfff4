package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/bot/auditchannel"
	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/retry"
)

// What a dead process owed is told here. First it is interrupted on the record: whatever
// came of it until then counts, and nothing that comes later. Then the person is told by
// what the record has, where they asked, or by direct message. A process that only stood
// still finds both when it goes on, and says nothing.
//
// An intent without an outcome whose process nobody knows to have died, since it could not
// be put on the ledger or is of an older release, is taken over the same way once its outcome
// is overdue.

// A Record is what the bot reads of the record, and what it closes there.
type Record interface {
	auditchannel.Record
	// CaughtUp returns once this replica has read all that was there when it was called.
	CaughtUp(ctx context.Context) error
	// Size is how many entries this replica has read.
	Size() int64
	// Overdue returns the intents whose outcome should have been there.
	Overdue() []state.Opened
	// Interrupt puts on the record that Requests were interrupted, if nobody did, and
	// closes what they began. It returns what the record then tells of each.
	Interrupt(ctx context.Context, of []record.Interruption) (map[string]record.Told, error)
}

const (
	// toldAtOnce is how many people are told at once, so that what a full process owes is told
	// in time: Slack has no limit for response_urls but five posts to each.
	// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
	toldAtOnce = 64
	// interruptWithin bounds one try to interrupt.
	interruptWithin = 10 * time.Second
	overdueLease    = "record-closing"
	overdueTTL      = 15 * time.Second
	overdueEvery    = 2 * time.Second
	// worthTelling is for how long it is that credentials may exist.
	worthTelling = policy.MaxRoleDuration
	// worthAnything is after how long all that was asked for has expired.
	worthAnything = policy.MaxSessionTokenDuration
)

// takeovers tell what dead processes owed.
type takeovers struct {
	*core
	record   Record
	ledger   *ledger.Ledger
	lease    *lease.Lease
	delivery *delivery
}

func newTakeovers(c *core, d Deps, to *delivery) *takeovers {
	b := &takeovers{core: c, record: d.Record, delivery: to, lease: lease.New(d.Leases, overdueLease, overdueTTL, c.log)}
	b.ledger = ledger.New(ledger.Deps{
		Store: d.Ledger, Owner: d.Replica, Serve: b.serve, Able: b.able, Pace: d.LedgerPace, Now: time.Now, Log: c.log,
	})
	return b
}

// able waits until the record was read, which a replica that has just started does for a while.
// Of one that does not check out nothing more is read: what there is to tell then is told.
func (b *takeovers) able(ctx context.Context) error {
	if err := b.record.CaughtUp(ctx); !errors.Is(err, record.ErrStopped) {
		return err
	}
	return nil
}

// run takes over until ctx ends.
func (b *takeovers) run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { b.ledger.Run(ctx) })
	waits := retry.Pace{First: 500 * time.Millisecond, Longest: 5 * time.Second}.Waits()
	b.lease.Run(ctx, overdueEvery, func(err error) time.Duration {
		d := waits.Next(err)
		b.log.Warn("intents without an outcome are not looked for", "error", err, "retry_in", d)
		return d
	}, func(ctx context.Context, h *lease.Hold) error {
		for ctx.Err() == nil {
			if _, err := h.Fence(); err != nil {
				return err
			}
			b.takeOverdue(ctx)
			waits.Reset()
			retry.Sleep(ctx, overdueEvery)
		}
		return nil
	})
	all.Wait()
}

// takeOverdue takes over the intents whose outcome is overdue.
func (b *takeovers) takeOverdue(ctx context.Context) {
	var debts []*ledger.Debt
	for _, intent := range b.record.Overdue() {
		e := intent.Intent
		o := owing{
			Request: e.Request, User: e.Actor.User, Team: e.Actor.Team, Channel: e.Actor.Channel, Since: e.Time, From: intent.Number,
			Account: e.Data.(event.IntentData).Account,
		}
		if d := b.ledger.Owe(ctx, b.ledger.Owed(o.Request, b.now(), o.text())); d != nil {
			debts = append(debts, d)
		}
	}
	if len(debts) > 0 {
		b.serve(ctx, debts)
	}
}

// A debt is an answer of a dead process that is to be told.
type debt struct {
	owing
	*ledger.Debt
}

// serve interrupts what a dead process owed, tells it, and settles what was told.
func (b *takeovers) serve(ctx context.Context, taken []*ledger.Debt) {
	var debts []debt
	var of []record.Interruption
	for _, d := range taken {
		o, ok := readOwing(d.Text)
		if !ok {
			b.log.ErrorContext(ctx, "an answer that a dead process owed is none, and is dropped")
			d.Settle()
			continue
		}
		debts = append(debts, debt{o, d})
		of = append(of, record.Interruption{
			Request: o.Request, Account: o.Account, From: o.From,
			Actor: event.Actor{User: o.User, Team: o.Team, Channel: o.Channel, Name: b.live.Load().broker.NameOf(o.User)},
		})
	}
	if len(debts) == 0 {
		return
	}
	told, known := b.interrupt(ctx, of)
	if ctx.Err() != nil && !known {
		return // whoever is next does it
	}
	for some := range slices.Chunk(debts, toldAtOnce) {
		if ctx.Err() != nil {
			return // whoever is next tells the rest
		}
		var all sync.WaitGroup
		for _, d := range some {
			all.Go(func() {
				defer d.Settle()
				defer b.rescue(ctx, conversation{requestID: d.Request}, nil)
				if d.User != "" && b.worthTellingOf(ctx, d.owing) && d.Still(ctx) {
					b.tell(ctx, d, told[d.Request], known)
				}
			})
		}
		all.Wait()
	}
}

// interrupt interrupts Requests, as soon as the record takes it. known is false where it
// does not check out, and nobody can say what came of them.
func (b *takeovers) interrupt(ctx context.Context, of []record.Interruption) (told map[string]record.Told, known bool) {
	pace := retry.Pace{First: 200 * time.Millisecond, Longest: 5 * time.Second, Report: func(err error, wait time.Duration) {
		b.log.WarnContext(ctx, "requests of a dead process are not on the record as interrupted yet, so nobody is told", "error", err, "retry_in", wait)
	}}
	err := pace.Do(ctx, func() (err error) {
		bounded, cancel := context.WithTimeout(ctx, interruptWithin)
		defer cancel()
		if told, err = b.record.Interrupt(bounded, of); errors.Is(err, record.ErrStopped) {
			return retry.Final(err)
		}
		return err
	})
	return told, err == nil
}

// worthTellingOf reports whether anybody still wants to know what came of o.
func (b *takeovers) worthTellingOf(ctx context.Context, o owing) bool {
	age := b.now().Sub(o.Since)
	if age >= worthAnything {
		b.log.ErrorContext(ctx, "a process died before it had answered, so long ago that nobody is told", "request", o.Request, "user", o.User,
			"account", o.Account, "asked", o.Since)
	}
	return age < worthAnything
}

// tell tells a person what came of their request, by what the record has.
func (b *takeovers) tell(ctx context.Context, d debt, told record.Told, known bool) {
	s, o := b.live.Load(), d.owing
	to, ref := o.conversation(s, b.now()), broker.ShortRef(o.Request)
	to.owing, to.debt = o, d.Debt
	b.log.ErrorContext(ctx, "a process died before it had answered", "request", o.Request, "user", o.User, "account", o.Account)
	came := whatCame(told.Events)
	switch {
	case came.granted != nil:
		b.tellIssued(ctx, to, o, came)
	case came.unknown != nil:
		b.deliver(ctx, to, message.UnknownOutcome(s.voice, came.unknown.Account, broker.Purpose(came.unknown.Purpose), ref), worthTelling)
	default:
		stop := message.Stop{Asked: o.Asked, Code: o.Code, Session: came.session, Key: came.key, Unknown: !known, Lost: told.Lost}
		b.deliver(ctx, to, message.Interrupted(s.voice, stop, ref), owedFor)
	}
}

// deliver tells m where it was asked for, or by direct message, for as long as it is worth it.
func (b *takeovers) deliver(ctx context.Context, to conversation, m blockkit.Message, worth time.Duration) {
	if to.responseURL.Empty() && to.view == "" || b.delivery.replyInTime(ctx, to, m) != nil {
		b.delivery.tellOrOweFor(ctx, to, m, worth)
	}
}

// tellIssued tells that credentials exist which the person may not have seen, with a button
// that shows them while they are kept.
func (b *takeovers) tellIssued(ctx context.Context, to conversation, o owing, came came) {
	g, r := *came.granted, broker.Request{ID: o.Request, Caller: to.caller, Account: came.granted.Account, Purpose: came.granted.Purpose}
	found, kept, err := b.delivery.grants.FindGrant(ctx, g.User, g.ID)
	if kept {
		g = found.Grant
	}
	if err != nil {
		b.log.WarnContext(ctx, "nobody knows whether credentials are kept that a dead process got", "request", o.Request, "error", err)
	}
	if !came.undelivered {
		to.broker.Holding.Undelivered(ctx, r, g, broker.CodeDeliveryUnknown)
	}
	late := owed{
		User: o.User, Team: o.Team, Channel: o.Channel, Request: o.Request, Since: g.Issued, Until: g.Expires, Grant: &g,
		ResponseURL: to.keptURL(),
		Code:        broker.CodeDeliveryUnknown, Stopped: true, Message: o.Message, Kept: kept, Revocable: to.broker.Holding.Revocable(g),
	}
	if o.Message == nil {
		issued := broker.Issued{Grant: g, Saved: found.Revealable}
		issued.Account.Name = g.Account
		if late.Revocable {
			issued.Account.Revoker = g.RoleARN
		}
		if !to.responseURL.Empty() || to.view != "" {
			if b.delivery.replyInTime(ctx, to, message.Stopped(to.voice, issued, broker.ShortRef(o.Request))) == nil {
				return
			}
		}
	}
	b.delivery.owe(ctx, to.debt, late, b.now())
}
