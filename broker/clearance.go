package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// A clearance is what policy gave a Request.
type clearance struct {
	request  Request        // as an approval made it: for its duration and reason
	account  policy.Account // for as long as the rules give it to this User
	decision policy.Decision
	approval *approval.Kept // what stands in for other people's consent; nil where none is needed
}

// clear asks policy for r.Account. An approval that it wants must be there;
// it is not used yet.
func (b *Consent) clear(ctx context.Context, r Request, user policy.User) (clearance, error) {
	account, ok := b.config.Account(r.Account)
	if !ok {
		return clearance{}, b.policy.unknownAccount(ctx, user, r.Account)
	}
	if r.Purpose == PurposeBuckets && b.policy.entitled(ctx, account, r).Effect == policy.NeedApproval {
		e := b.policy.needsApproval(account) // whatever else is unmet: a list is not asked for
		e.Hint = prose.Say("Ask for it with ", prose.AssumeCmd(account.Name, "because REASON"), "; once you have the credentials, ",
			prose.BucketsCmd(account.Name), " lists without a code for a while.")
		return clearance{}, e
	}
	d := b.policy.decide(ctx, r)
	var approval *approval.Kept
	if d.Effect != policy.Allow || r.Approval != "" {
		var err error
		if approval, err = b.approvalFor(ctx, r, user, account); err != nil {
			return clearance{}, err
		}
	}
	if approval != nil {
		asked := r
		r.Duration, r.Reason = approval.Duration, approval.Reason
		judged := r
		judged.Caller.Channel = approval.Channel                        // it was asked there, wherever its code comes from
		if d = b.policy.decide(ctx, judged); d.Effect == policy.Allow { // nothing uses it up, so it lends nothing
			r = asked
			d = b.policy.decide(ctx, r)
		}
	}
	c := clearance{request: r, account: account.Narrowed(d), decision: d}
	switch {
	case d.Effect == policy.Deny:
		return clearance{}, b.orWithoutBreakGlass(ctx, r, account, b.policy.denied(account, r, d))
	case d.Effect == policy.NeedApproval && approval == nil:
		return clearance{}, b.policy.needsApproval(account)
	case d.Effect == policy.NeedApproval:
		c.approval = approval
		return c, b.stillApproved(ctx, account, *approval)
	case r.BreakGlass:
		c.account.MFA = policy.MFAFresh
	}
	return c, nil
}

// orWithoutBreakGlass tells who asks for break-glass that they need none.
func (b *Consent) orWithoutBreakGlass(ctx context.Context, r Request, account policy.Account, e *Error) *Error {
	if !r.BreakGlass || e.Code != CodeNotAllowed {
		return e
	}
	r.BreakGlass = false
	if b.policy.entitled(ctx, account, r).Effect == policy.Allow {
		e.Detail = "needless_break_glass"
		e.What = prose.Say(account.Name + " needs no break-glass of yours: you may have it at once.")
		e.Hint = prose.Say("Send it again without break-glass.")
	}
	return e
}

// clearAgain asks policy for what a Grant gave: today's config must allow it, for the
// reason that was given then. An approval that was used for it still counts.
func (b *Consent) clearAgain(ctx context.Context, r Request, user policy.User, g Grant) (clearance, error) {
	account, ok := b.config.Account(g.Account)
	if !ok {
		return clearance{}, b.policy.unknownAccount(ctx, user, g.Account)
	}
	r.Account, r.Reason, r.BreakGlass, r.Duration = g.Account, g.Reason, g.BreakGlass, 0
	d := b.policy.decide(ctx, r)
	if d.Effect == policy.NeedApproval && g.Approval != "" {
		d.Effect = policy.Allow
	}
	switch d.Effect {
	case policy.Deny:
		return clearance{}, b.policy.denied(account, r, d)
	case policy.NeedApproval:
		return clearance{}, b.policy.needsApproval(account)
	}
	return clearance{account: account.Narrowed(d), decision: d}, nil
}

// needsApproval is the question that a Request without approval comes to.
func (b *Policy) needsApproval(a policy.Account) *Error {
	return &Error{
		Code: CodeNeedsApproval, Rule: "approval",
		What: prose.Say(a.Name + " needs the approval of somebody else."),
		Hint: prose.Say("Ask for it with ", prose.AssumeCmd(a.Name, "because REASON"), "."),
	}
}
