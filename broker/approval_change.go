package broker

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// swapTries bounds how often a change is judged anew because another came first;
// each means that somebody's change was taken.
const swapTries = 50

// Approval returns an Approval as it is now: expired as soon as its time is over.
func (b *Pending) Approval(ctx context.Context, user, id string) (approval.Approval, error) {
	k, err := b.loadApproval(ctx, user, id)
	return k.Approval, err
}

func (b *Pending) loadApproval(ctx context.Context, user, id string) (approval.Kept, error) {
	k, ok, err := b.approvals.LoadApproval(ctx, user, id)
	switch {
	case err != nil:
		return approval.Kept{}, storeDown(err)
	case !ok:
		return approval.Kept{}, newError(CodeApprovalGone,
			prose.Say("This request is too old: nothing is known of it any more."),
			prose.Say("The person who asked can ask again.")).detailed("too_old")
	}
	k.Expire()
	return k, nil
}

// changeApproval replaces an Approval by what change makes of it. Of changes at
// the same instant one is taken; the others are judged anew by what it left. Of a
// change that fails nothing stays.
func (b *Pending) changeApproval(ctx context.Context, user, id string, change func(*approval.Kept) error) (approval.Approval, error) {
	for range swapTries {
		k, err := b.loadApproval(ctx, user, id)
		if err != nil {
			return approval.Approval{}, err
		}
		next := k
		next.Votes, next.Copies = slices.Clone(k.Votes), slices.Clone(k.Copies)
		if err := change(&next); err != nil {
			return k.Approval, err
		}
		next.Version++
		swapped, err := b.approvals.SwapApproval(ctx, k, next.Approval)
		switch {
		case err != nil && !b.taken(ctx, next.Approval):
			return approval.Approval{}, storeDown(err)
		case err != nil || swapped:
			return next.Approval, nil //nolint:nilerr // it was taken, and only the answer was lost
		}
	}
	return approval.Approval{}, storeDown(fmt.Errorf("approval %s: %d others came first", id, swapTries))
}

// taken reports whether a change is there whose answer was lost.
func (b *Pending) taken(ctx context.Context, next approval.Approval) bool {
	ctx, cancel := finishing(ctx)
	defer cancel()
	k, ok, err := b.approvals.LoadApproval(ctx, next.User, next.ID)
	return err == nil && ok && reflect.DeepEqual(k.Approval, next)
}

// OpenApprovals are those of the Caller that can be voted on or used, the oldest first.
func (b *Pending) OpenApprovals(ctx context.Context, r Request) ([]approval.Approval, error) {
	return visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) ([]approval.Approval, error) {
		kept, err := b.openOf(ctx, r.user.Slack)
		var open []approval.Approval
		for _, k := range kept {
			open = append(open, k.Approval)
		}
		return open, err
	})
}

func (b *Pending) openOf(ctx context.Context, user string) ([]approval.Kept, error) {
	kept, err := b.approvals.ApprovalsOf(ctx, user)
	if err != nil {
		return nil, storeDown(err)
	}
	return slices.DeleteFunc(kept, func(k approval.Kept) bool { return !k.Open() || k.Acknowledge }), nil
}

// stateEvent tells what r's Caller made of an Approval.
func (b *Pending) stateEvent(r Request, a approval.Approval) event.Event {
	return b.event(r, event.ApprovalData{Asked: asked(a), State: string(a.State)})
}

// asked is an Approval as the record tells of it.
func asked(a approval.Approval) event.Asked {
	return event.Asked{
		Approval: a.ID, Account: a.Account, RoleARN: string(a.RoleARN), Seconds: int64(a.Duration / time.Second), Reason: event.NewText(a.Reason),
		Target: event.Person{ID: a.User, Name: a.UserName}, ApprovedBy: votersOf(a), Comment: event.NewText(a.Comment), BreakGlass: a.Acknowledge,
	}
}
