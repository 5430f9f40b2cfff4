package broker

import "context"

// What the approvers are shown beside the message of an Approval, each of it
// once.

// A PostedCopy is the message that showed an Approval to one approver alone.
type PostedCopy struct {
	User string `json:"user"` // Slack user ID of the approver
	In   string `json:"in"`   // Slack channel
	TS   string `json:"ts"`   // and the message's name there
}

// CopyFor returns the message that an approver got.
func (a Approval) CopyFor(user string) (PostedCopy, bool) {
	for _, c := range a.Copies {
		if c.User == user {
			return c, true
		}
	}
	return PostedCopy{}, false
}

// MayBeAsked returns an error for an approver who could not decide, and so is not
// told who asks for what.
func (b *Pending) MayBeAsked(ctx context.Context, approver string) error {
	if err := b.visits.inGoodStanding(ctx, approver); err != nil {
		return err
	}
	return b.visits.notBlocked(ctx, approver)
}

// MarkCopy notes which message shows the Approval to one approver; the first
// stays.
func (b *Pending) MarkCopy(ctx context.Context, a Approval, c PostedCopy) (Approval, error) {
	return b.changeApproval(ctx, a.User, a.ID, func(k *KeptApproval) error {
		k.State = k.stored
		if _, there := k.CopyFor(c.User); !there {
			k.Copies = append(k.Copies, c)
		}
		return nil
	})
}

// MarkReminded notes that the approvers are reminded now; first is false when
// they were, or when there is nothing to decide any more.
func (b *Pending) MarkReminded(ctx context.Context, user, id string) (a Approval, first bool, err error) {
	a, err = b.changeApproval(ctx, user, id, func(k *KeptApproval) error {
		first = !k.Reminded && k.State == ApprovalWaiting
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
func (b *Pending) MarkPosted(ctx context.Context, a Approval, channel, ts string) (Approval, error) {
	return b.changeApproval(ctx, a.User, a.ID, func(k *KeptApproval) error {
		if k.PostTS == "" {
			k.PostIn, k.PostTS = channel, ts
		}
		k.State = k.stored
		return nil
	})
}
