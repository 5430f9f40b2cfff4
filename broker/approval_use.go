package broker

import (
	"context"
	"errors"
	"slices"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// approvalFor finds the approval that r may use: the one that it names, or the newest
// that fits. nil means that there is none, or that none is needed.
func (b *Consent) approvalFor(ctx context.Context, r Request, user policy.User, account policy.Account) (*approval.Kept, error) {
	if r.Approval != "" {
		k, err := b.usableApproval(ctx, user, r.Approval)
		if err == nil && !k.For(r.Caller.User, account, r.Duration) {
			err = newError(CodeApprovalGone,
				prose.Say("The approval is for something else. It counts only for the account and duration that were approved, "+
					"while the config of the account stays the same."),
				prose.Say("Ask for a new one.")).detailed("something_else")
		}
		if err != nil {
			return nil, err
		}
		return &k, nil
	}
	if account.Approval == nil || r.BreakGlass || r.Purpose == PurposeBuckets {
		return nil, nil
	}
	kept, err := b.approvals.ApprovalsOf(ctx, user.Slack)
	if err != nil {
		return nil, storeDown(err)
	}
	for _, k := range slices.Backward(kept) {
		if k.Open() && k.State == approval.Approved && k.For(r.Caller.User, account, r.Duration) && !lapsed(b.stillApproved(ctx, account, k)) {
			return &k, nil
		}
	}
	return nil, nil
}

// lapsed reports whether err, of stillApproved, says that the approval counts no
// more: it gives way to a new one. While nobody knows it stays.
func lapsed(err error) bool {
	return codeOf(err) == CodeApprovalGone
}

// CancelLapsed takes back what was approved for r.Account and counts no more,
// since whoever approved it may not any longer.
func (b *Consent) CancelLapsed(ctx context.Context, r Request) ([]approval.Approval, error) {
	account, ok := b.config.Account(r.Account)
	if !ok || account.Approval == nil || !b.visits.passes(ctx, &r, b.visits.toSee()) {
		return nil, nil // to ask says so
	}
	user := r.user
	open, err := b.pending.openOf(ctx, user.Slack)
	if err != nil {
		return nil, b.asError(r, err)
	}
	var all []approval.Approval
	for _, k := range open {
		if !b.isLapsed(ctx, account, k) {
			continue
		}
		r.Approval = k.ID
		cancelled, err := b.pending.cancelOpen(ctx, r, user.Slack, approval.Vote{User: user.Slack, Name: user.Name})
		if all = append(all, cancelled...); err != nil {
			return all, b.asError(r, err)
		}
	}
	return all, nil
}

// isLapsed is lapsed of one that is open.
func (b *Consent) isLapsed(ctx context.Context, account policy.Account, k approval.Kept) bool {
	return k.State == approval.Approved && k.Account == account.Name && lapsed(b.stillApproved(ctx, account, k))
}

// ApprovalToUse returns the Caller's Approval if it can be used now.
func (b *Consent) ApprovalToUse(ctx context.Context, r Request, id string) (approval.Approval, error) {
	return visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (approval.Approval, error) {
		k, err := b.usableApproval(ctx, r.user, id)
		if err != nil {
			return approval.Approval{}, err
		}
		return k.Approval, nil
	})
}

// ApprovalFor returns what r would use of what others have approved. That there
// is none is no error: r is judged anew when it is made.
func (b *Consent) ApprovalFor(ctx context.Context, r Request) (approval.Approval, bool) {
	account, ok := b.config.Account(r.Account)
	if !ok || !b.visits.passes(ctx, &r, b.visits.toSee()) {
		return approval.Approval{}, false
	}
	k, err := b.approvalFor(ctx, r, r.user, account)
	if err != nil || k == nil {
		return approval.Approval{}, false
	}
	return k.Approval, true
}

// usableApproval loads an Approval of the User that can be used now.
func (b *Consent) usableApproval(ctx context.Context, user policy.User, id string) (approval.Kept, error) {
	k, err := b.pending.loadApproval(ctx, user.Slack, id)
	if err == nil && (k.State != approval.Approved || k.Acknowledge) {
		err = b.pending.approvalOver(k.Approval)
	}
	return k, err
}

// stillApproved asks, at the moment of use, whether as many as today's config
// wants have approved who are approvers today.
func (b *Consent) stillApproved(ctx context.Context, account policy.Account, k approval.Kept) error {
	needs := max(k.Needs, account.Approval.Count)
	m, err := b.visits.groups(ctx, k.VoterIDs()...)
	if k.VotesThatCount(b.config, account, m) < needs {
		if err != nil {
			return slackCannotSay(err, "voters", "whether those who approved are approvers still").hinting(inAMinute(), prose.Say("The approval stays."))
		}
		return &Error{
			Code: CodeApprovalGone, Detail: "voters", Rule: "approval",
			What: prose.Say("Too few of those who approved are still approvers of " + account.Name + "."),
			Hint: askAnew(account),
		}
	}
	for _, v := range k.Votes {
		err := b.pending.MayBeAsked(ctx, v.User)
		if err == nil {
			continue
		}
		switch codeOf(err) {
		case CodeNotAMember, CodeBlocked:
			return &Error{
				Code: CodeApprovalGone, Detail: "voter", Rule: "approval", Err: err,
				What: prose.Say(v.Name + ", who approved, is blocked or is no full member of this workspace, so the approval does not count any more."),
				Hint: askAnew(account),
			}
		default:
			return &Error{
				Code: CodeDirectory, Detail: "voters", Rule: "approval", Err: err,
				What: prose.Say("The bot cannot see right now whether " + v.Name + ", who approved, is a full member who is not blocked, so the answer is no."),
				Hint: prose.Sentences(inAMinute(), prose.Say("The approval stays.")),
			}
		}
	}
	return nil
}

// askAnew is the hint where an approval counts no more.
func askAnew(account policy.Account) []prose.Part {
	return prose.Say("Ask for a new one with ", prose.AssumeCmd(account.Name, "because REASON"), ".")
}

// approvalClaim is the claim on the approval that r needs, if any. It is given back
// when AWS certainly issued nothing: a wrong code is no reason to ask people again.
func (b *Consent) approvalClaim(r Request, c clearance) []claim {
	if c.approval == nil {
		return nil
	}
	return []claim{{
		take:     func(ctx context.Context) error { return b.useApproval(ctx, r, c) },
		giveBack: func(ctx context.Context) { b.returnApproval(ctx, r, c) },
		holds:    func(ctx context.Context) error { return b.hasApproval(ctx, r, c) },
		spent:    func(e *Error) bool { return e.Code == CodeOutcomeUnknown || e.Code == CodeInternal },
	}}
}

// useApproval spends the approval for r; a repeat of r has spent it already.
func (b *Consent) useApproval(ctx context.Context, r Request, c clearance) error {
	_, err := b.pending.changeApproval(ctx, c.approval.User, c.approval.ID, func(k *approval.Kept) error {
		if k.State == approval.Used && k.UsedBy == r.ID {
			return nil
		}
		if k.State != approval.Approved {
			return b.pending.approvalOver(k.Approval)
		}
		k.State, k.UsedBy = approval.Used, r.ID
		return nil
	})
	return err
}

// hasApproval reports why the approval is not r's.
func (b *Consent) hasApproval(ctx context.Context, r Request, c clearance) error {
	k, err := b.pending.loadApproval(ctx, c.approval.User, c.approval.ID)
	if err == nil && (k.State != approval.Used || k.UsedBy != r.ID) {
		err = b.pending.approvalOver(k.Approval)
	}
	return err
}

var errNotTaken = errors.New("this request did not take it")

// returnApproval gives an approval back that r spent for nothing, if it did.
func (b *Consent) returnApproval(ctx context.Context, r Request, c clearance) {
	_, err := b.pending.changeApproval(ctx, c.approval.User, c.approval.ID, func(k *approval.Kept) error {
		if k.State != approval.Used || k.UsedBy != r.ID {
			return errNotTaken
		}
		k.State, k.UsedBy = approval.Approved, ""
		return nil
	})
	switch {
	case errors.Is(err, errNotTaken):
	case err != nil:
		b.log.WarnContext(ctx, "approval not given back; it counts as used", "request", r.ID, "approval", c.approval.ID, "error", err)
	case b.visits.notBlocked(ctx, c.approval.User) != nil:
		b.pending.cancelLate(ctx, r, c.approval.Approval)
	}
}
