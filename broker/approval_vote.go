package broker

import (
	"cmp"
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// MayVote returns the Approval if the Caller may vote on it, else why not.
func (b *Voting) MayVote(ctx context.Context, r Request, user, id string) (approval.Approval, error) {
	return visit(ctx, b.visits, r, way{answers: hasEnded}, func(ctx context.Context, r *Request) (approval.Approval, error) {
		k, err := b.pending.loadApproval(ctx, user, id)
		if err == nil {
			_, err = b.mayVote(ctx, *r, k, b.visits.notBlocked)
		}
		if err != nil {
			r.Account, r.Approval = k.Account, k.ID
			return approval.Approval{}, err
		}
		return k.Approval, nil
	})
}

// Approve counts the Caller's approval of what user asked for. With the last that
// is needed it can be used, once, within [policy.ApprovalUse].
func (b *Voting) Approve(ctx context.Context, r Request, user, id string) (approval.Approval, error) {
	var entry int64
	return b.vote(ctx, r, user, id, b.visits.mayAct, func(k *approval.Kept, by voter) error {
		switch {
		case k.Acknowledge:
			return b.pending.approvalOver(k.Approval)
		case k.VotedBy(by.User):
			return newError(CodeApprovedOnce,
				prose.Say("You have approved this already, and one person counts once."),
				prose.Say("It waits for somebody else."))
		}
		// What gives something is on the record before it counts.
		if entry == 0 {
			receipt, err := b.recorder.Record(ctx, b.event(r, event.ApprovingData{Asked: asked(k.Approval)}))
			if err != nil {
				return recordAway(err, "nothing was approved")
			}
			entry = receipt.Number
		}
		by.Entry = entry
		k.Votes = append(k.Votes, by.Vote)
		if k.VotesThatCount(b.config, by.account, by.groups) >= max(k.Needs, by.account.Approval.Count) {
			k.State, k.Expires = approval.Approved, k.Now.Add(policy.ApprovalUse)
		}
		return nil
	})
}

// DenyApproval ends what user asked for.
func (b *Voting) DenyApproval(ctx context.Context, r Request, user, id, comment string) (approval.Approval, error) {
	return b.vote(ctx, r, user, id, b.visits.notBlocked, func(k *approval.Kept, by voter) error {
		if k.Acknowledge {
			return b.pending.approvalOver(k.Approval)
		}
		k.State, k.EndedBy, k.Comment = approval.Denied, by.Vote, comment
		return nil
	})
}

// acknowledgeWithin is how long a use of break-glass waits for somebody's note.
const acknowledgeWithin = 7 * 24 * time.Hour

// AskToAcknowledge keeps a, which says of what Request by break-glass it is: it asks the
// approvers of the Account to take note of it. A repeat returns what there is.
func (b *Voting) AskToAcknowledge(ctx context.Context, a approval.Approval) (approval.Approval, error) {
	now, err := b.approvals.ApprovalClock(ctx)
	if err != nil {
		return approval.Approval{}, err
	}
	if k, ok, err := b.approvals.LoadApproval(ctx, a.User, a.ID); err != nil || ok {
		return k.Approval, err
	}
	a.Needs, a.Acknowledge, a.State, a.Asked, a.Expires = 1, true, approval.Waiting, now, now.Add(acknowledgeWithin)
	return a, b.approvals.SaveApproval(ctx, a, acknowledgeWithin+approvalKept)
}

// Acknowledge notes that the Caller took note of a use of break-glass.
func (b *Voting) Acknowledge(ctx context.Context, r Request, user, id string) (approval.Approval, error) {
	return b.vote(ctx, r, user, id, b.visits.notBlocked, func(k *approval.Kept, by voter) error {
		if !k.Acknowledge {
			return b.pending.approvalOver(k.Approval)
		}
		k.State, k.EndedBy = approval.Acknowledged, by.Vote
		return nil
	})
}

// A voter may vote on an Approval: their vote, and the config that says so.
type voter struct {
	approval.Vote
	account policy.Account
	groups  *policy.Membership
}

// vote changes an Approval by the Caller's vote, unless an order keeps them from it.
// Their groups are looked up before each try: one that they have left does not count.
func (b *Voting) vote(
	ctx context.Context, r Request, user, id string, noOrder func(ctx context.Context, user string) error, change func(*approval.Kept, voter) error,
) (approval.Approval, error) {
	return visit(ctx, b.visits, r, way{answers: hasEnded}, func(ctx context.Context, r *Request) (approval.Approval, error) {
		a, err := b.pending.changeApproval(ctx, user, id, func(k *approval.Kept) error {
			by, err := b.mayVote(ctx, *r, *k, noOrder)
			if err != nil {
				return err
			}
			return change(k, by)
		})
		if err != nil {
			r.Account, r.Approval = a.Account, a.ID
			return a, err
		}
		done := b.pending.stateEvent(*r, a)
		if a.Acknowledge {
			done = b.event(*r, event.AcknowledgedData{Asked: asked(a)})
		}
		b.note(ctx, done)
		return a, nil
	})
}

// hasEnded reports whether a vote failed since there is nothing to vote on any more,
// which is nothing for the record, or since nobody knows.
func hasEnded(e *Error) bool {
	return e.Code == CodeApprovalGone || e.Code == CodeApprovedOnce || e.Code == CodeStore || e.Code == CodeRecord
}

// mayVote refuses who may not vote on an Approval. Approvers need not be Users.
func (b *Voting) mayVote(ctx context.Context, r Request, k approval.Kept, noOrder func(ctx context.Context, user string) error) (voter, error) {
	err := b.visits.served(ctx, r.Caller)
	if err == nil {
		err = b.visits.inGoodStanding(ctx, r.Caller.User)
	}
	if err == nil {
		err = noOrder(ctx, r.Caller.User)
	}
	if err != nil {
		return voter{}, err
	}
	account, ok := b.config.Account(k.Account)
	if !ok || account.Approval == nil || !k.Acknowledge && account.Terms() != k.Terms {
		return voter{}, newError(CodeApprovalGone,
			prose.Say("The config has changed since this was asked: "+k.Account+" is not what it was."),
			prose.Say("The person who asked can ask again.")).detailed("config")
	}
	m, err := b.visits.groups(ctx, append(k.VoterIDs(), r.Caller.User)...)
	switch found := b.config.OnList(account.Approval.Approvers, r.Caller.User, m); {
	case found.Unknown:
		return voter{}, slackCannotSay(err, "approver", "whether you are an approver of "+account.Name)
	case !found.Yes:
		return voter{}, &Error{
			Code: CodeNotApprover, Rule: policy.RuleDefault,
			What: prose.Say("You are not an approver of " + account.Name + "."),
			Hint: prose.Say("Nothing was changed. Only the approvers that the config names can act on this."),
		}
	case r.Caller.User == k.User && k.Acknowledge:
		return voter{}, newError(CodeOwnApproval,
			prose.Say("You cannot acknowledge your own break-glass."),
			prose.Say("Another approver of "+account.Name+" must do it.")).detailed("break_glass")
	case r.Caller.User == k.User:
		return voter{}, newError(CodeOwnApproval,
			prose.Say("You cannot vote on your own request."),
			prose.Say("Another approver of "+account.Name+" must do it. ", prose.AssumeCmd("cancel"), " cancels the request."))
	case k.State != approval.Waiting: // nor is one whose time is over
		return voter{}, b.pending.approvalOver(k.Approval)
	}
	by := approval.Vote{User: r.Caller.User, Name: cmp.Or(b.NameOf(r.Caller.User), r.Caller.User), At: k.Now}
	return voter{Vote: by, account: account, groups: m}, nil
}
