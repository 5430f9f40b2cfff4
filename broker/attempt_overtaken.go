package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// overtakenAlready is overtaken where this process knows of an order without asking: the
// record decides. One in the store that is not on it yet is found after keep.
func (b *attempts) overtakenAlready(ctx context.Context, r Request, act event.Act, issued Issued) error {
	if block, pause := b.orders.KnownOrders(r.Caller.User); block == nil && pause == nil {
		return nil
	}
	return b.overtaken(ctx, r, act, issued)
}

// overtaken looks for an order that came while AWS was asked. If one did, or nobody
// knows, the error is on the record as the outcome, the caller drops what was issued,
// and AWS is told to refuse it where the Account names a revoker.
func (b *attempts) overtaken(ctx context.Context, r Request, act event.Act, issued Issued) error {
	err := b.visits.mayAct(ctx, r.Caller.User)
	if err == nil {
		return nil
	}
	e := b.asError(r, err)
	e.Use, e.Detail = useAfter(r, act), "thrown_away"
	came := "AWS has answered, but the bot's own store cannot say whether you are blocked or everything is paused"
	switch e.Code {
	case CodeBlocked:
		came = "You were blocked while AWS was being asked"
	case CodePaused:
		came = "The bot was paused while AWS was being asked"
	default:
		e.Hint = tryAnew(e.Use)
	}
	if b.throwAway(ctx, r, issued, e) {
		e.What = prose.Say(came + ", so what it issued was thrown away unseen.")
	} else {
		e.Detail = "still_kept"
		e.What = prose.Say(came + ", so what it issued is not shown. The bot still keeps it.")
		e.Hint = prose.Sentences(prose.Say("Once the bot's store answers, ", prose.SessionsCmd(), " ends what it keeps."), e.Hint)
	}
	outcome := event.FailedData{Act: act, Issued: issued.Grant.issued(), Failure: e.failure()}
	b.note(ctx, b.event(r, outcome))
	b.denyUnseen(ctx, r, act, issued)
	return e
}

// useAfter is what became of r's code once AWS has done what act says.
func useAfter(r Request, act event.Act) CodeUse {
	if !act.MFA { // it was not sent
		return r.codeUse(UseUnused)
	}
	return r.codeUse(UseSpent)
}

// throwAway drops what must not be shown; false when a Grant that was kept stays.
func (b *attempts) throwAway(ctx context.Context, r Request, issued Issued, why *Error) bool {
	if !issued.Saved {
		return true
	}
	g := issued.Grant
	if err := b.grants.EndGrant(ctx, g.User, g.ID); err != nil {
		b.log.ErrorContext(ctx, "a grant that is not shown is still kept: the store did not forget it", "request", r.ID, "code", why.Code, "error", err)
		return false
	}
	return true
}

// denyUnseen has AWS refuse credentials that nobody saw, and earlier ones of the role.
func (b *attempts) denyUnseen(ctx context.Context, r Request, act event.Act, issued Issued) {
	account := issued.Account
	if account.Revoker == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
	defer cancel()
	denied, failed := b.revoking.deny(ctx, r, account, policy.SessionOf(issued.Grant.Principal), true)
	if failed != nil {
		b.log.ErrorContext(ctx, "credentials that nobody saw not revoked", "request", r.ID, "account", account.Name, "error", failed)
	}
	done := denial(denied, failed)
	done.Attempt, done.Account, done.RoleARN, done.Reason = act.Attempt, act.Account, act.RoleARN, act.Reason
	b.note(ctx, b.event(r, done))
}
