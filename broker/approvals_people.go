package broker

import (
	"context"
	"slices"

	"github.com/assumebot/assumebot/broker/policy"
)

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
	return b.changeApproval(ctx, a.User, a.ID, func(k KeptApproval) (Approval, error) {
		k.State = k.stored
		if _, there := k.CopyFor(c.User); !there {
			k.Copies = append(k.Copies, c)
		}
		return k.Approval, nil
	})
}

// MarkReminded notes that the approvers are reminded now; first is false when
// they were, or when there is nothing to decide any more.
func (b *Pending) MarkReminded(ctx context.Context, user, id string) (a Approval, first bool, err error) {
	a, err = b.changeApproval(ctx, user, id, func(k KeptApproval) (Approval, error) {
		first = !k.Reminded && k.State == ApprovalWaiting
		if !first {
			return Approval{}, b.approvalOver(k.Approval)
		}
		k.Reminded = true
		return k.Approval, nil
	})
	if !first && a.ID != "" {
		return a, false, nil
	}
	return a, first && err == nil, err
}

// MayBreakGlass reports whether a User may have an Account by break-glass, as far
// as is known.
func (b *Policy) MayBreakGlass(ctx context.Context, user, account string) bool {
	a, ok := b.config.Account(account)
	r := Request{Caller: Caller{User: user}, Account: account, BreakGlass: true}
	return ok && len(a.BreakGlass) > 0 && b.entitled(ctx, a, r).Effect == policy.Allow
}

// BreakGlassFrom is MayBreakGlass from where the Caller is: the channels of an
// Account hold for break-glass too.
func (b *Policy) BreakGlassFrom(ctx context.Context, c Caller, account string) bool {
	a, ok := b.config.Account(account)
	return ok && (len(a.Channels) == 0 || slices.Contains(a.Channels, c.Channel)) && b.MayBreakGlass(ctx, c.User, account)
}

// OnCall says whether who asks is on call, for those who decide.
type OnCall string

// Whether they are; "" where no account of the config knows of being on call.
const (
	OnCallYes     OnCall = "yes"
	OnCallNo      OnCall = "no"
	OnCallUnknown OnCall = "unknown"
)

// onCall looks the User up in what the config calls being on call, of whichever
// account.
func (b *Policy) onCall(ctx context.Context, user policy.User) OnCall {
	var rotas [][]string
	for a := range b.config.Accounts.All() {
		for _, rule := range a.Allow {
			if rule.OnCall {
				rotas = append(rotas, rule.Who)
			}
		}
	}
	if len(rotas) == 0 {
		return ""
	}
	m, err := b.visits.groups(ctx)
	is := OnCallNo
	for _, rota := range rotas {
		switch found := b.config.OnList(rota, user.Slack, m); {
		case found.Yes:
			return OnCallYes
		case found.Unknown || err != nil:
			is = OnCallUnknown
		}
	}
	return is
}
