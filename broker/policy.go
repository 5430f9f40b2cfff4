package broker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// ask is what policy looks at of r.
func (r Request) ask() policy.Ask {
	return policy.Ask{
		User: r.Caller.User, Channel: r.Caller.Channel, Account: r.Account,
		Duration: r.Duration, Reason: r.Reason, BreakGlass: r.BreakGlass,
	}
}

// decide asks policy, and Slack for who is in which user group if that matters.
func (b *Policy) decide(ctx context.Context, r Request) policy.Decision {
	return b.informed(ctx, r.Caller.User, func(m *policy.Membership) policy.Decision { return policy.Decide(b.config, m, r.ask(), b.now()) })
}

// entitled is decide without the conditions of where, when and why.
func (b *Policy) entitled(ctx context.Context, a policy.Account, r Request) policy.Decision {
	return b.informed(ctx, r.Caller.User, func(m *policy.Membership) policy.Decision { return b.config.DecideWho(a, m, r.ask()) })
}

// informed decides without membership if that will do, else with it.
func (b *Policy) informed(ctx context.Context, user string, decide func(*policy.Membership) policy.Decision) policy.Decision {
	d := decide(nil)
	if !d.Unknown {
		return d
	}
	m, err := b.visits.groups(ctx, user)
	if err != nil {
		d.Err = err // what does not depend on it stands
		return d
	}
	return decide(m)
}

// contact says whom to ask.
func (b *core) contact() []prose.Part {
	if b.config.Contact == "" {
		return prose.Say("Ask whoever looks after AWS access in your organisation.")
	}
	return prose.Say("Ask in " + b.config.Contact + ".")
}

// denied makes the sentence of a deny. Who may not have the Account learns nothing of it.
func (b *Policy) denied(a policy.Account, r Request, d policy.Decision) *Error {
	var e *Error
	switch d.Why {
	case policy.UnknownGroups:
		e = groupsUnknown(d.Err)
	case policy.TooLong:
		whose := " is issued for"
		if d.Max < a.MaxDuration {
			whose = " is issued to you for"
		}
		e = tooLong(a.Name+whose, d.Max)
	case policy.WrongChannel:
		e = wrongChannel(a)
	case policy.OutsideHours:
		e = newError(CodeHours, prose.Say(a.Name+" may be had only "+a.Hours.String()+"."), b.contact())
		e.Facts.Hours = a.Hours.String()
	case policy.NeedsReason:
		e = reasonNeeded(a, r)
	default:
		e = newError(CodeNotAllowed, prose.Say("You may not have "+a.Name+"."), b.contact())
		if r.BreakGlass {
			e.Detail, e.What = "break_glass", prose.Say("You may not have "+a.Name+" by break-glass.")
		}
	}
	e.Rule, e.Err = d.Rule, d.Err
	return e
}

// durationOf is what a Request for d gets of the Account, where 0 is the default.
func durationOf(a policy.Account, d time.Duration) (time.Duration, error) {
	d, why := a.CheckDuration(d)
	return d, notForSoLong(a, why)
}

func notForSoLong(a policy.Account, why policy.Why) error {
	switch why {
	case "":
		return nil
	case policy.TooShort:
		return tooShort("AWS issues nothing")
	case policy.TooLong:
		return tooLong(a.Name+" is issued for", a.MaxDuration)
	}
	return fmt.Errorf("a duration is refused, as it is %s", why)
}

func wrongChannel(a policy.Account) *Error {
	where := prose.Say("Ask in ")
	for i, id := range a.Channels {
		if i > 0 {
			where = prose.Say(where, ", ")
		}
		where = prose.Say(where, prose.Channel(id))
	}
	return newError(CodeChannel,
		prose.Say(a.Name+" may be asked for only from certain Slack channels, and this is none of them."),
		prose.Say(where, ". Forms and buttons count as asked from where they were opened."))
}

func reasonNeeded(a policy.Account, r Request) *Error {
	e := newError(CodeReason, prose.Say(a.Name+" needs a reason."), prose.Say("End your request with because and the reason."))
	if a.Reason.Pattern != nil && !r.BreakGlass {
		e.Facts.Pattern = a.Reason.Pattern.String()
		e.What = prose.Say(a.Name + " needs a reason that matches " + e.Facts.Pattern + ".")
	}
	if r.Purpose == PurposeBuckets {
		e.Hint = prose.Say("Get it with ", prose.AssumeCmd(a.Name, "123456", "because REASON"), "; ", prose.BucketsCmd(a.Name), " then needs nothing more.")
	}
	return e
}

func (b *Policy) unknownAccount(ctx context.Context, user policy.User, name string) error {
	mine := b.allowed(ctx, user)
	var names []string
	for a := range mine.All() {
		names = append(names, a.Name)
	}
	hint := prose.Sentences(prose.Say("You may not have any account yet."), b.contact())
	if !mine.Complete {
		hint = prose.Say("Slack cannot say right now which user groups you are in, so the bot cannot say what you may have.")
	}
	if near := text.Nearest(name, names); near != "" {
		hint = didYouMean(near)
	} else if len(names) > 0 {
		hint = prose.Say("You may have: " + text.Listed(names, 20) + ".")
	}
	return noSuchAccount("", hint)
}

// noSuchAccount is of a name that is no Account's; so goes on.
func noSuchAccount(so string, hint []prose.Part) *Error {
	return newError(CodeUnknownAccount, prose.Say("There is no account of that name"+so+"."), hint)
}

func didYouMean(name string) []prose.Part { return prose.Say("Did you mean " + name + "?") }

// Accounts returns what the Caller may have.
func (b *Policy) Accounts(ctx context.Context, r Request) (policy.Mine, error) {
	return visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (policy.Mine, error) {
		return b.allowed(ctx, r.user), nil
	})
}

// Offered is Accounts while somebody types: a stranger has none, and it is not recorded.
func (b *Policy) Offered(ctx context.Context, r Request) policy.Mine {
	if !b.visits.passes(ctx, &r, b.visits.toSee()) {
		return policy.Mine{}
	}
	return b.allowed(ctx, r.user)
}

// AccountFor is the Account of r as the Caller may have it, with or without
// approval, and by break-glass if r says so.
func (b *Policy) AccountFor(ctx context.Context, r Request) (policy.Account, bool) {
	account, ok := b.config.Account(r.Account)
	if !ok || !b.visits.passes(ctx, &r, b.visits.toSee()) {
		return policy.Account{}, false
	}
	r.Duration = 0
	d := b.entitled(ctx, account, r)
	if d.Effect == policy.Deny {
		return policy.Account{}, false
	}
	return account.Narrowed(d), true
}

func (b *Policy) allowed(ctx context.Context, user policy.User) policy.Mine {
	return b.index().Mine(user.Slack, func() (*policy.Membership, error) { return b.visits.groups(ctx, user.Slack) })
}

// MayBreakGlass reports whether a User may have an Account by break-glass.
func (b *Policy) MayBreakGlass(ctx context.Context, user, account string) bool {
	a, ok := b.config.Account(account)
	r := Request{Caller: Caller{User: user}, Account: account, BreakGlass: true}
	return ok && len(a.BreakGlass) > 0 && b.entitled(ctx, a, r).Effect == policy.Allow
}

// BreakGlassFrom is MayBreakGlass from the Caller's channel, which counts then too.
func (b *Policy) BreakGlassFrom(ctx context.Context, c Caller, account string) bool {
	a, ok := b.config.Account(account)
	return ok && (len(a.Channels) == 0 || slices.Contains(a.Channels, c.Channel)) && b.MayBreakGlass(ctx, c.User, account)
}
