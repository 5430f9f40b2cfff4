package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/approval"
)

// MayBeAsked returns an error for who could not vote, and so is told of no Approval.
func (b *Pending) MayBeAsked(ctx context.Context, approver string) error {
	if err := b.visits.inGoodStanding(ctx, approver); err != nil {
		return err
	}
	return b.visits.notBlocked(ctx, approver)
}

// MarkCopy notes which message shows the Approval to one approver; the first stays.
func (b *Pending) MarkCopy(ctx context.Context, a approval.Approval, c approval.Copy) (approval.Approval, error) {
	return b.changeApproval(ctx, a.User, a.ID, func(k *approval.Kept) error {
		k.State = k.Stored
		if _, there := k.CopyFor(c.User); !there {
			k.Copies = append(k.Copies, c)
		}
		return nil
	})
}

// MarkReminded notes that the approvers are reminded now; first is false when
// they were, or when there is nothing to vote on any more.
func (b *Pending) MarkReminded(ctx context.Context, user, id string) (a approval.Approval, first bool, err error) {
	a, err = b.changeApproval(ctx, user, id, func(k *approval.Kept) error {
		first = !k.Reminded && k.State == approval.Waiting
		if !first {
			return b.approvalOver(k.Approval)
		}
		k.Reminded = true
		return nil
	})
	if !first && a.ID != "" {
		return a, false, nil
	}
	return a, first && err == nil, err
}

// MarkPosted notes which message shows the Approval; the first stays.
func (b *Pending) MarkPosted(ctx context.Context, a approval.Approval, channel, ts string) (approval.Approval, error) {
	return b.changeApproval(ctx, a.User, a.ID, func(k *approval.Kept) error {
		if k.PostTS == "" {
			k.PostIn, k.PostTS = channel, ts
		}
		k.State = k.Stored
		return nil
	})
}
