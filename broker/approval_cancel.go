package broker

import (
	"cmp"
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// CancelApprovals takes back what the Caller asked for, of r.Account or, where
// that is "", of all accounts; only r.Approval if there is one.
func (b *Pending) CancelApprovals(ctx context.Context, r Request) ([]approval.Approval, error) {
	return visit(ctx, b.visits, r, b.visits.toTake(), func(ctx context.Context, r *Request) ([]approval.Approval, error) {
		if _, ok := b.config.Account(r.Account); !ok && r.Account != "" {
			return nil, b.nothingToCancel(ctx, r.user, r.Account)
		}
		return b.cancelOpen(ctx, *r, r.user.Slack, approval.Vote{User: r.user.Slack, Name: r.user.Name})
	})
}

// nothingToCancel says what waits, where an account was misspelt.
func (b *Pending) nothingToCancel(ctx context.Context, user policy.User, name string) error {
	open, err := b.openOf(ctx, user.Slack)
	if err != nil {
		return err
	}
	var names []string
	for _, a := range open {
		names = append(names, a.Account+" for "+text.FormatDuration(a.Duration))
	}
	hint := prose.Say("Nothing that you asked for waits.")
	if len(names) > 0 {
		hint = prose.Say("What you asked for is: " + text.Listed(names, maxWaiting) + ".")
	}
	if near := text.Nearest(name, names); near != "" {
		hint = prose.Sentences(didYouMean(near), hint)
	}
	return noSuchAccount(", so nothing was cancelled", hint)
}

// cancelOpen ends what owner asked for and what could still be used, as r says.
func (b *Pending) cancelOpen(ctx context.Context, r Request, owner string, by approval.Vote) ([]approval.Approval, error) {
	kept, err := b.openOf(ctx, owner)
	if err != nil {
		return nil, err
	}
	var cancelled []approval.Approval
	for _, k := range kept {
		if r.Account != "" && k.Account != r.Account || r.Approval != "" && k.ID != r.Approval {
			continue
		}
		a, err := b.cancelApproval(ctx, owner, k.ID, by)
		switch {
		case err == nil:
			b.note(ctx, b.stateEvent(r, a))
			cancelled = append(cancelled, a)
		case a.ID == "": // the store; what another did meanwhile is no error
			return cancelled, err
		}
	}
	return cancelled, nil
}

// cancelLate ends what a block did not find, since it was not kept yet or was in use.
func (b *Pending) cancelLate(ctx context.Context, r Request, a approval.Approval) {
	by := approval.Vote{User: a.User, Name: a.UserName}
	if block, _, err := b.orders.Orders(ctx, a.User); err == nil && block != nil {
		by = approval.Vote{User: block.By, Name: cmp.Or(block.ByName, block.By)}
	}
	r.Account, r.Approval = a.Account, a.ID
	if cancelled, err := b.cancelOpen(ctx, r, a.User, by); err != nil || len(cancelled) == 0 {
		b.log.ErrorContext(ctx, "approval not cancelled after a block", "request", r.ID, "approval", a.ID, "error", err)
	}
}

// cancelApproval takes one back. An error comes with what it is instead, if that is known.
func (b *Pending) cancelApproval(ctx context.Context, user, id string, by approval.Vote) (approval.Approval, error) {
	return b.changeApproval(ctx, user, id, func(k *approval.Kept) error {
		if !k.Open() {
			return b.approvalOver(k.Approval)
		}
		k.State, by.At = approval.Cancelled, k.Now
		k.EndedBy = by
		return nil
	})
}

// ExpireApproval notes that the time of an Approval is over; left is how long it
// is not yet. What has ended otherwise stays as it is.
func (b *Pending) ExpireApproval(ctx context.Context, user, id string) (a approval.Approval, left time.Duration, err error) {
	a, err = b.changeApproval(ctx, user, id, func(k *approval.Kept) error {
		left = k.Expires.Sub(k.Now)
		if k.State != approval.Expired || k.Stored == approval.Expired {
			return b.approvalOver(k.Approval)
		}
		return nil
	})
	switch {
	case a.ID == "":
		return approval.Approval{}, 0, err
	case a.State == approval.Waiting || a.State == approval.Approved:
		return a, left, nil
	case err == nil:
		b.note(ctx, b.stateEvent(Request{ID: a.ID, Caller: Caller{User: a.User, Team: a.Team, Channel: a.Channel}}, a))
	}
	return a, 0, nil
}

// approvalOver says what became of an Approval that can no longer be voted on.
func (b *Pending) approvalOver(a approval.Approval) *Error {
	what, hint := "This request still waits for approval.", "Nothing was changed."
	switch a.State {
	case approval.Approved:
		what = "This request has been approved already."
	case approval.Used:
		what = "This approval has been used already: it is good for one request."
	case approval.Denied:
		what = "This request was denied by " + a.EndedBy.Name + "."
	case approval.Cancelled:
		// Who was blocked does not learn here by whom.
		what = "This request was cancelled by an admin."
		if a.EndedBy.User == a.User {
			what = "This request was cancelled by " + a.EndedBy.Name + "."
		}
	case approval.Acknowledged:
		what = "This was acknowledged by " + a.EndedBy.Name + " already."
	case approval.Expired:
		what = "The time for this request is over."
		hint = "The person who asked can ask again."
	}
	return newError(CodeApprovalGone, prose.Say(what), prose.Say(hint)).detailed(string(a.State))
}
