package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// An Explanation is what would become of a Request, and why.
type Explanation struct {
	Account   policy.Account // of one that is denied, its Name alone
	Decision  policy.Decision
	Duration  time.Duration // what would be asked of STS
	Way       []prose.Part  // the planner's
	NeedsCode *Error        // why a Request without a code would be asked for one; nil: it would not
	Problem   *Error        // why a Request for this long would be refused
	Contact   []prose.Part  // whom to ask
	// Approved is what others have approved already, where that would be used.
	Approved *approval.Approval
	// BreakGlass says that the Account may be had that way, whatever the Decision.
	BreakGlass bool
	// Unmet is what else is in the way now: channel, hours, reason, orders.
	Unmet []*Error
}

// Explain says what would become of r. It asks nothing of AWS and reserves no code, so
// there is nothing to record. The error is that the Caller is a stranger, which is
// recorded as everywhere, or that there is no such Account.
func (b *Explaining) Explain(ctx context.Context, r Request) (Explanation, error) {
	return visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (Explanation, error) {
		return b.explain(ctx, *r)
	})
}

func (b *Explaining) explain(ctx context.Context, r Request) (Explanation, error) {
	user := r.user
	account, ok := b.config.Account(r.Account)
	if !ok {
		return Explanation{}, b.policy.unknownAccount(ctx, user, r.Account)
	}
	who := r
	who.Duration = 0
	e := Explanation{Decision: b.policy.entitled(ctx, account, who), Contact: b.contact()}
	glass := who
	glass.BreakGlass = true
	e.BreakGlass = e.Decision.Effect != policy.Allow && len(account.BreakGlass) > 0 && b.policy.entitled(ctx, account, glass).Effect == policy.Allow
	if e.Decision.Err != nil {
		b.log.WarnContext(ctx, "membership unknown", "request", r.ID, "account", account.Name, "error", e.Decision.Err)
	}
	if e.Decision.Effect == policy.Deny {
		e.Account.Name = account.Name
		return e, nil
	}
	forThis := b.policy.entitled(ctx, account, r)
	if forThis.Effect == policy.Deny {
		e.Account = account.Narrowed(e.Decision)
		e.Problem = b.policy.denied(account, r, forThis)
		return e, nil
	}
	e.Decision = forThis
	if e.Decision.Effect == policy.NeedApproval {
		e.Approved, r = b.approvedAlready(ctx, r, user, account)
	}
	account = account.Narrowed(e.Decision)
	e.Account = account
	d, err := durationOf(account, r.Duration)
	if err != nil {
		errors.As(err, &e.Problem)
		return e, nil
	}
	for _, unmet := range account.Unmet(r.ask(), b.now()) {
		e.Unmet = append(e.Unmet, b.policy.denied(account, r, unmet))
	}
	if err := b.visits.mayAct(ctx, user.Slack); err != nil {
		e.Unmet = append(e.Unmet, b.asError(r, err))
		e.BreakGlass = false // that is refused likewise
	}
	session, err := b.mfaSessions.usableSession(ctx, user)
	if err != nil {
		b.log.WarnContext(ctx, "MFA session unknown", "request", r.ID, "error", err)
	}
	return e.planned(situation{
		account: account, asked: r.Duration, duration: d,
		sessions: b.config.MFASession, live: session.ok,
	})
}

// approvedAlready finds the Approval that r would use, and r as that makes it.
func (b *Explaining) approvedAlready(ctx context.Context, r Request, user policy.User, account policy.Account) (*approval.Approval, Request) {
	k, err := b.consent.approvalFor(ctx, r, user, account)
	if err == nil && k != nil {
		err = b.consent.stillApproved(ctx, account, *k)
	}
	switch {
	case err != nil:
		b.log.WarnContext(ctx, "approval not explained", "request", r.ID, "account", account.Name, "error", err)
		return nil, r
	case k == nil:
		return nil, r
	}
	r.Duration, r.Reason, r.Caller.Channel = k.Duration, k.Reason, k.Channel
	return &k.Approval, r
}

// planned adds the plan without a code, or with one if it takes one.
func (e Explanation) planned(s situation) (Explanation, error) {
	p, err := plan(s)
	var asks *Error
	if errors.As(err, &asks) && asks.Code == CodeNeedsCode {
		e.NeedsCode, s.hasCode = asks, true
		p, err = plan(s)
	}
	if err != nil {
		return Explanation{}, err
	}
	e.Duration, e.Way = p.Duration, p.Way
	return e, nil
}

// Help returns what help is written by: what the Caller may have, and whether they
// are an admin. A stranger is refused, on the record.
func (b *Explaining) Help(ctx context.Context, r Request) (mine policy.Mine, isAdmin bool, err error) {
	isAdmin = b.visits.Administers(ctx, r)
	if isAdmin && !b.visits.passes(ctx, &r, b.visits.toSee()) {
		return mine, true, nil
	}
	mine, err = b.policy.Accounts(ctx, r)
	return mine, isAdmin, err
}
