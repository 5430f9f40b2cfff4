package broker

import (
	"cmp"
	"context"

	"github.com/assumebot/assumebot/broker/policy"
)

// Admins are judged by their Slack user ID alone: they need not be Users, so that
// somebody can stop the bot who can have nothing of it.
//
// What takes away, a block and the pause, counts first and is recorded then; it
// stays when the record fails. What gives back is recorded first, and does not
// happen when that fails.

// toOrder is the way of admins; act completes "Only admins may …".
func (b *Orders) toOrder(act string) way {
	return way{[]step{func(ctx context.Context, r *Request) error { return b.isAdmin(ctx, *r, act) }}, always}
}

func (b *Orders) isAdmin(ctx context.Context, r Request, act string) error {
	if err := b.visits.served(ctx, r.Caller); err != nil {
		return err
	}
	listed, err := b.visits.listedAsAdmin(ctx, r.Caller.User)
	if err != nil {
		return err
	}
	if _, stranger := b.visits.known(ctx, r.Caller); !listed && stranger != nil {
		return stranger
	}
	if err := b.visits.inGoodStanding(ctx, r.Caller.User); err != nil {
		return err
	}
	if !listed {
		return &Error{Code: CodeNotAdmin, What: Say("Only admins may " + act + "."), Hint: b.contact()}
	}
	return b.visits.notBlocked(ctx, r.Caller.User)
}

// listedAsAdmin looks the person up in Admins. An error means unknown.
func (b *Visits) listedAsAdmin(ctx context.Context, user string) (bool, error) {
	found := b.config.OnList(b.config.Admins, user, nil)
	if !found.Unknown {
		return found.Yes, nil
	}
	m, err := b.groups(ctx, user)
	if err != nil {
		return false, groupsUnknown(err)
	}
	return b.config.OnList(b.config.Admins, user, m).Yes, nil
}

// Administers reports whether the Caller is an admin as far as the config and
// Slack say. Nothing is recorded, and nothing may be done because of it: it says
// what is worth showing.
func (b *Visits) Administers(ctx context.Context, r Request) bool {
	return b.callsAdmin(ctx, r.Caller) && b.inGoodStanding(ctx, r.Caller.User) == nil
}

// callsAdmin reports whether the config or a user group calls the Caller an admin.
func (b *Visits) callsAdmin(ctx context.Context, c Caller) bool {
	if b.served(ctx, c) != nil {
		return false
	}
	listed, err := b.listedAsAdmin(ctx, c.User)
	return err == nil && listed
}

// Help returns what help is written by: the Accounts that the Caller may have,
// and whether they are an admin. A stranger is refused, on the record.
func (b *Explaining) Help(ctx context.Context, r Request) (accounts []policy.Account, isAdmin bool, err error) {
	isAdmin = b.visits.Administers(ctx, r)
	by := b.visits.toSee()
	if isAdmin && !b.visits.passes(ctx, &r, by) {
		return nil, true, nil
	}
	accounts, err = visit(ctx, b.visits, r, by, func(ctx context.Context, r *Request) ([]policy.Account, error) {
		mine, _ := b.policy.allowed(ctx, r.user)
		return mine, nil
	})
	return accounts, isAdmin, err
}

// NameOf is what the config calls a person; "" if it does not know them.
func (b *core) NameOf(slackID string) string {
	user, _ := b.config.User(slackID)
	return user.Name
}

// adminEvent is an Event about what an admin does.
func (b *Orders) adminEvent(kind EventKind, r Request) Event {
	e := b.event(kind, r)
	e.User, e.Purpose, e.Account = b.NameOf(r.Caller.User), "", ""
	e.Target, e.TargetName = r.target, b.NameOf(r.target)
	return e
}

// notOneself refuses what an admin must not do to themselves.
func notOneself(r Request, what string, hint []Part) error {
	if r.target != r.Caller.User {
		return nil
	}
	return &Error{Code: CodeGrammar, What: Say(what), Hint: hint}
}

// A Blocking is what a block came to.
type Blocking struct {
	Before    *Order     // the block whose place it takes; nil when there was none, or nobody knows
	Cancelled []Approval // what the person asked others to approve
}

// Block keeps target from getting, seeing, approving and changing anything, on
// every replica at once. What they asked others to approve is cancelled: an
// approval must not outlive what they were blocked for.
func (b *Orders) Block(ctx context.Context, r Request, target string) (done Blocking, err error) {
	r.target = target
	return visit(ctx, b.visits, r, b.toOrder("block people"), func(ctx context.Context, r *Request) (done Blocking, err error) {
		if err := notOneself(*r, "You cannot block yourself.", Say(AssumeCmd("revoke ACCOUNT"), " revokes what you have yourself.")); err != nil {
			return Blocking{}, err
		}
		if before, _, err := b.controls.Orders(ctx, target); err == nil {
			done.Before = before // where nobody knows, the block is what matters
		}
		if err := b.block(ctx, *r); err != nil {
			return Blocking{}, err
		}
		done.Cancelled, err = b.cancelBlocked(ctx, *r)
		return done, err
	})
}

func (b *Orders) block(ctx context.Context, r Request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := b.controls.Block(ctx, r.target, b.order(r)); err != nil {
		b.noteUnsure(ctx, b.adminEvent(EventBlocked, r))
		return orderUnsure(err, "this person is blocked")
	}
	b.note(ctx, b.adminEvent(EventBlocked, r))
	return nil
}

// cancelBlocked ends what a person asked others to approve who is blocked by now.
// The error says that they are, whatever else.
func (b *Orders) cancelBlocked(ctx context.Context, r Request) ([]Approval, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	r.Account, r.Approval = "", ""
	cancelled, err := b.pending.cancelOpen(ctx, r, r.target, Vote{User: r.Caller.User, Name: cmp.Or(b.NameOf(r.Caller.User), r.Caller.User)})
	if unsure := b.sureOf(ctx, r.target); unsure != nil {
		return cancelled, unsure
	}
	if err != nil {
		return cancelled, &Error{
			Code: CodeStore, Err: err,
			What: Say("They are blocked, but the bot's own store did not answer when what they asked others to approve was to be cancelled."),
			Hint: Say("While they are blocked nothing of it can be used. Do it again in a minute, before they are unblocked."),
		}
	}
	return cancelled, nil
}

// noteUnsure records an order of which nobody knows whether it was taken.
func (b *Orders) noteUnsure(ctx context.Context, e Event) {
	e.Code, e.Message = CodeStore, "The bot's own store did not answer: nobody knows whether it holds."
	b.note(ctx, e)
}

// Unblock ends a block; false when there was none.
func (b *Orders) Unblock(ctx context.Context, r Request, target string) (bool, error) {
	r.target = target
	return visit(ctx, b.visits, r, b.toOrder("unblock people"), func(ctx context.Context, r *Request) (bool, error) {
		block, _, err := b.controls.Orders(ctx, target)
		if err != nil {
			return false, storeDown(err)
		}
		if block == nil {
			return false, nil
		}
		return b.endOrder(ctx, b.adminEvent(EventUnblocked, *r), func(ctx context.Context) (bool, error) {
			return b.controls.Unblock(ctx, target, *block)
		})
	})
}

// Unlock ends a lock-out after wrong codes, and forgets them; false when none
// ran.
func (b *Orders) Unlock(ctx context.Context, r Request, target string) (bool, error) {
	r.target = target
	return visit(ctx, b.visits, r, b.toOrder("unlock people"), func(ctx context.Context, r *Request) (bool, error) {
		err := notOneself(*r, "You cannot unlock yourself.",
			Say("Another admin can; or wait. Whoever sits at your Slack must not be able to try codes without an end."))
		if err != nil {
			return false, err
		}
		left, err := b.counters.LockedFor(ctx, target)
		if err != nil {
			return false, storeDown(err)
		}
		e := b.adminEvent(EventUnlocked, *r)
		if left <= 0 {
			e.Code, e.Message = CodeNotEnded, "They were not locked out; the wrong codes until now are forgotten."
		}
		was, err := b.giveBackTo(ctx, e, func(ctx context.Context) (bool, error) { return b.counters.Unlock(ctx, target) })
		if err == nil && was && left <= 0 { // the lock-out came in between
			b.note(ctx, b.adminEvent(EventUnlocked, *r))
		}
		return was, err
	})
}

// Pause stops all issuance, reveals, approvals and changes of keys, for everybody
// and on every replica at once. It takes the place of a pause that there was, which
// is returned; nil when there was none, or nobody knows.
func (b *Orders) Pause(ctx context.Context, r Request) (before *Order, err error) {
	return visit(ctx, b.visits, r, b.toOrder("pause the bot"), func(ctx context.Context, r *Request) (*Order, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
		defer cancel()
		_, before, err := b.controls.Orders(ctx, r.Caller.User)
		switch {
		case err != nil:
			before = nil // the pause is what matters
		case before != nil:
			shown := before.shown()
			before = &shown
		}
		if err := b.controls.Pause(ctx, b.order(*r)); err != nil {
			b.noteUnsure(ctx, b.adminEvent(EventPaused, *r))
			return nil, orderUnsure(err, "the bot is paused")
		}
		b.note(ctx, b.adminEvent(EventPaused, *r))
		return before, nil
	})
}

// Resume ends the pause; false when there was none.
func (b *Orders) Resume(ctx context.Context, r Request) (bool, error) {
	return visit(ctx, b.visits, r, b.toOrder("resume the bot"), func(ctx context.Context, r *Request) (bool, error) {
		_, pause, err := b.controls.Orders(ctx, r.Caller.User)
		if err != nil {
			return false, storeDown(err)
		}
		if pause == nil {
			return false, nil
		}
		return b.endOrder(ctx, b.adminEvent(EventResumed, *r), func(ctx context.Context) (bool, error) {
			return b.controls.Resume(ctx, *pause)
		})
	})
}

// endOrder ends the order that was looked at, and no other: one that somebody
// gave meanwhile stands.
func (b *Orders) endOrder(ctx context.Context, e Event, end func(context.Context) (bool, error)) (bool, error) {
	ended, err := b.giveBackTo(ctx, e, end)
	if err == nil && !ended {
		e.Code, e.Message = CodeNotEnded, "It had ended already, or a newer order stands."
		b.note(ctx, e)
		err = &Error{
			Code: CodeNotEnded,
			What: Say("It has ended already, or another admin has given a new order meanwhile, which stands."),
			Hint: Say("Look again, and end that one if you mean it."),
		}
	}
	return ended, err
}

// giveBackTo records e and then does what it says.
func (b *Orders) giveBackTo(ctx context.Context, e Event, do func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := b.recorder.Record(ctx, e); err != nil {
		return false, recordAway(err, "nothing was changed")
	}
	was, err := do(ctx)
	if err != nil {
		return false, StoreAway(err, "so nobody knows whether that was done")
	}
	return was, nil
}
