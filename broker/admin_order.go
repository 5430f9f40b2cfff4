package broker

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// A Blocking is what a block came to.
type Blocking struct {
	Before    *Order              // the block whose place it takes; nil when there was none, or nobody knows
	Cancelled []approval.Approval // what the person asked others to approve
}

// Block keeps target from getting, seeing, approving and changing anything, on
// every replica at once. What they asked others to approve is cancelled: an
// approval must not outlive what they were blocked for.
func (b *Admins) Block(ctx context.Context, r Request, target string) (done Blocking, err error) {
	r.target = target
	return visit(ctx, b.visits, r, b.toOrder("block", "block people"), func(ctx context.Context, r *Request) (done Blocking, err error) {
		if err := notOneself(*r, "You cannot block yourself.", prose.Say(prose.AssumeCmd("revoke ACCOUNT"), " revokes what you have yourself.")); err != nil {
			return Blocking{}, err
		}
		if before, _, err := b.orders.Orders(ctx, target); err == nil {
			done.Before = before // where nobody knows, the block is what matters
		}
		if err := b.block(ctx, *r); err != nil {
			return Blocking{}, err
		}
		done.Cancelled, err = b.cancelBlocked(ctx, *r)
		return done, err
	})
}

func (b *Admins) block(ctx context.Context, r Request) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if err := b.orders.Block(ctx, r.target, b.order(r)); err != nil {
		b.note(ctx, b.event(r, event.BlockedData{Order: b.told(r, unsure)}))
		return orderUnsure(err, "this person is blocked")
	}
	b.note(ctx, b.event(r, event.BlockedData{Order: b.told(r, "")}))
	return nil
}

// cancelBlocked ends what the blocked person asked others to approve. An error says that
// they are blocked all the same.
func (b *Admins) cancelBlocked(ctx context.Context, r Request) ([]approval.Approval, error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	r.Account, r.Approval = "", ""
	cancelled, err := b.pending.cancelOpen(ctx, r, r.target, approval.Vote{User: r.Caller.User, Name: cmp.Or(b.NameOf(r.Caller.User), r.Caller.User)})
	if unsure := b.sureOf(ctx, r.target); unsure != nil {
		return cancelled, unsure
	}
	if err != nil {
		return cancelled, &Error{
			Code: CodeStore, Detail: "not_cancelled", Err: err,
			What: prose.Say("They are blocked, but the bot's own store did not answer when what they asked others to approve was to be cancelled."),
			Hint: prose.Say("While they are blocked nothing of it can be used. Do it again in a minute, before they are unblocked."),
		}
	}
	return cancelled, nil
}

// unsure is the code of an order of which nobody knows whether the store took it.
const unsure = CodeStore

// told is what an admin's Request imposes or lifts, for the record; code says why not.
func (b *Admins) told(r Request, code Code) event.Order {
	return event.Order{Target: b.personOf(r.target), Reason: event.NewText(r.Reason), Failure: event.Failure{Code: string(code)}}
}

// Unblock ends a block; false when there was none.
func (b *Admins) Unblock(ctx context.Context, r Request, target string) (bool, error) {
	r.target = target
	return visit(ctx, b.visits, r, b.toOrder("unblock", "unblock people"), func(ctx context.Context, r *Request) (bool, error) {
		block, _, err := b.orders.Orders(ctx, target)
		if err != nil {
			return false, storeDown(err)
		}
		if block == nil {
			return false, nil
		}
		return b.endOrder(ctx, *r, *block, func(o event.Order) event.Payload { return event.UnblockedData{Order: o} }, func(ctx context.Context) (bool, error) {
			return b.orders.Unblock(ctx, target, *block)
		})
	})
}

// Unlock ends a lock-out and forgets the wrong codes; false when none ran.
func (b *Admins) Unlock(ctx context.Context, r Request, target string) (bool, error) {
	r.target = target
	return visit(ctx, b.visits, r, b.toOrder("unlock", "unlock people"), func(ctx context.Context, r *Request) (bool, error) {
		err := notOneself(*r, "You cannot unlock yourself.",
			prose.Say("Another admin can; or wait. Whoever sits at your Slack must not be able to try codes without an end."))
		if err != nil {
			return false, err
		}
		left, err := b.counters.LockedFor(ctx, target)
		if err != nil {
			return false, storeDown(err)
		}
		lifted := event.UnlockedData{Order: b.told(*r, "")}
		if left <= 0 {
			lifted.Order = b.told(*r, CodeNotEnded)
		}
		was, err := b.giveBackTo(ctx, b.event(*r, lifted), func(ctx context.Context) (bool, error) { return b.counters.Unlock(ctx, target) })
		if err == nil && was && left <= 0 { // the lock-out came in between
			b.note(ctx, b.event(*r, event.UnlockedData{Order: b.told(*r, "")}))
		}
		return err == nil && (was || left > 0), err
	})
}

// Pause stops all issuance, reveals, approvals and changes of keys, for everybody
// and on every replica at once. It takes the place of a pause that there was, which
// is returned; nil when there was none, or nobody knows. Where pauses of this process end by
// themselves, one that there was stands, and the error tells of it.
func (b *Admins) Pause(ctx context.Context, r Request) (before *Order, err error) {
	return visit(ctx, b.visits, r, b.toOrder("pause", "pause the bot"), func(ctx context.Context, r *Request) (*Order, error) {
		ctx, cancel := finishing(ctx)
		defer cancel()
		_, before, err := b.orders.Orders(ctx, r.Caller.User)
		switch {
		case err != nil:
			before = nil // the pause is what matters
		case before != nil:
			shown := before.shown()
			before = &shown
		}
		o := b.order(*r)
		if b.pauseFor > 0 {
			o.Until = o.At.Add(b.pauseFor)
			if before != nil {
				return nil, paused(*before)
			}
		}
		told := event.PausedData{Order: b.told(*r, ""), Until: event.At(o.Until)}
		switch err := b.orders.Pause(ctx, o); {
		case errors.Is(err, ErrOrderStands): // it was given just now
			return nil, b.pausedBy(ctx, r.Caller.User)
		case err != nil:
			told.Code = string(unsure)
			b.note(ctx, b.event(*r, told))
			return nil, orderUnsure(err, "the bot is paused")
		}
		b.note(ctx, b.event(*r, told))
		return before, nil
	})
}

// pausedBy tells of the pause that stands.
func (b *Admins) pausedBy(ctx context.Context, user string) error {
	_, pause, err := b.orders.Orders(ctx, user)
	if pause == nil {
		return storeDown(cmp.Or(err, ErrOrderStands))
	}
	return paused(*pause)
}

// Resume ends the pause; false when there was none.
func (b *Admins) Resume(ctx context.Context, r Request) (bool, error) {
	return visit(ctx, b.visits, r, b.toOrder("resume", "resume the bot"), func(ctx context.Context, r *Request) (bool, error) {
		_, pause, err := b.orders.Orders(ctx, r.Caller.User)
		if err != nil {
			return false, storeDown(err)
		}
		if pause == nil || b.pauseFor > 0 && pause.Until.IsZero() { // who gives none without an end lifts none
			return false, nil
		}
		return b.endOrder(ctx, *r, *pause, func(o event.Order) event.Payload { return event.ResumedData{Order: o} }, func(ctx context.Context) (bool, error) {
			return b.orders.Resume(ctx, *pause)
		})
	})
}

// endOrder ends o, the order that was looked at; one that was given meanwhile stands.
func (b *Admins) endOrder(
	ctx context.Context, r Request, o Order, lifted func(event.Order) event.Payload, end func(context.Context) (bool, error),
) (bool, error) {
	said := b.told(r, "")
	said.Ends = o.ID
	ended, err := b.giveBackTo(ctx, b.event(r, lifted(said)), end)
	if err == nil && !ended {
		said.Code = string(CodeNotEnded)
		b.note(ctx, b.event(r, lifted(said)))
		err = newError(CodeNotEnded,
			prose.Say("It has ended already, or another admin has given a new order meanwhile, which stands."),
			prose.Say("Look again, and end that one if you mean it."))
	}
	return ended, err
}

// giveBackTo records e and then does what it says.
func (b *Admins) giveBackTo(ctx context.Context, e event.Event, do func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if _, err := b.recorder.Record(ctx, e); err != nil {
		return false, recordAway(err, "nothing was changed")
	}
	was, err := do(ctx)
	if err != nil {
		return false, StoreAway(err, "so nobody knows whether that was done").detailed("unsure")
	}
	return was, nil
}

// order is what an admin's Request lays down.
func (b *Admins) order(r Request) Order {
	return Order{ID: r.ID, By: r.Caller.User, ByName: b.NameOf(r.Caller.User), Reason: r.Reason, At: b.now().UTC().Truncate(time.Second)}
}
