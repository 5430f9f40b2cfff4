package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

const (
	// approvalKept is how long an Approval can be looked at after it could last be
	// used: whoever presses an old button is told what became of it.
	approvalKept = 24 * time.Hour
	// maxWaiting keeps one person from filling the approvals channel.
	maxWaiting = 5
)

// Ask keeps an Approval that r waits for. Its code is neither used nor kept. One
// that is equal and still good is returned instead, and again is true.
func (b *Asking) Ask(ctx context.Context, r Request) (a approval.Approval, again bool, err error) {
	r.Code = secret.TokenCode{}
	a, err = visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (approval.Approval, error) {
		asked, err := b.toAsk(ctx, *r, r.user)
		if err != nil {
			return approval.Approval{}, err
		}
		open, err := b.pending.openOf(ctx, r.user.Slack)
		if err != nil {
			return approval.Approval{}, err
		}
		account, _ := b.config.Account(asked.Account)
		for _, k := range open {
			if k.Same(asked) && !b.consent.isLapsed(ctx, account, k) {
				again = true
				return k.Approval, nil
			}
		}
		if len(open) >= maxWaiting {
			return approval.Approval{}, newError(CodeTooMany,
				prose.Say(fmt.Sprintf("You have %d requests waiting for approval already.", len(open))),
				prose.Say(prose.AssumeCmd("cancel"), " cancels them. Nobody was asked about this request.")).detailed("waiting")
		}
		return b.askNew(ctx, *r, asked)
	})
	return a, again, err
}

// askNew asks others, unless the person asks and cancels again and again.
func (b *Asking) askNew(ctx context.Context, r Request, a approval.Approval) (approval.Approval, error) {
	err := b.notTakenBack(ctx, r.user.Slack)
	if err == nil {
		a.Quiet, err = b.quiet(ctx, r, a)
	}
	if err == nil {
		err = b.keepAsked(ctx, r, a)
	}
	if err != nil {
		return approval.Approval{}, err
	}
	if err := b.visits.mayAct(ctx, r.user.Slack); err != nil {
		b.pending.cancelLate(ctx, r, a)
		return approval.Approval{}, err
	}
	return a, nil
}

// keepAsked puts a new Approval on the record and keeps it.
func (b *Asking) keepAsked(ctx context.Context, r Request, a approval.Approval) error {
	if _, err := b.recorder.Record(ctx, b.pending.stateEvent(r, a)); err != nil {
		return recordAway(err, "nobody was asked")
	}
	if err := b.approvals.SaveApproval(ctx, a, a.Expires.Sub(a.Asked)+policy.ApprovalUse+approvalKept); err != nil {
		return storeDown(err)
	}
	return nil
}

// toAsk is the Approval that r would wait for.
func (b *Asking) toAsk(ctx context.Context, r Request, user policy.User) (approval.Approval, error) {
	account, ok := b.config.Account(r.Account)
	if !ok {
		return approval.Approval{}, b.policy.unknownAccount(ctx, user, r.Account)
	}
	d := b.policy.decide(ctx, r)
	switch d.Effect {
	case policy.Deny:
		return approval.Approval{}, b.policy.denied(account, r, d)
	case policy.Allow:
		return approval.Approval{}, newError(CodeApprovalGone,
			prose.Say("You need no approval for "+account.Name+" any more."),
			prose.Say("Send your request again, with your code.")).detailed("not_needed")
	}
	duration, err := durationOf(account.Narrowed(d), r.Duration)
	if err != nil {
		return approval.Approval{}, err
	}
	if _, err := b.sealings.sealing(ctx, r, user, account); err != nil {
		return approval.Approval{}, err // they would approve in vain
	}
	if err := b.somebodyCanApprove(ctx, account, user); err != nil {
		return approval.Approval{}, err
	}
	now, err := b.approvals.ApprovalClock(ctx)
	if err != nil {
		return approval.Approval{}, storeDown(err)
	}
	return approval.Approval{
		ID: r.ID, User: user.Slack, UserName: user.Name, Team: r.Caller.Team, Channel: r.Caller.Channel,
		Account: account.Name, RoleARN: account.RoleARN, Duration: duration, Reason: r.Reason, Format: r.Format, Terms: account.Terms(),
		OnCall: b.policy.onCall(ctx, user), Needs: account.Approval.Count, State: approval.Waiting, Asked: now, Expires: now.Add(account.Approval.Expires),
	}, nil
}

// somebodyCanApprove refuses to ask where, without the person who asks, there are too
// few approvers. While Slack cannot say who is in a user group, there may be enough.
func (b *Asking) somebodyCanApprove(ctx context.Context, account policy.Account, user policy.User) error {
	needs, others := account.Approval.Count, map[string]bool{}
	for _, id := range b.config.Approvers(account) {
		if !policy.IsUserGroup(id) {
			others[id] = true
			continue
		}
		m, err := b.visits.groups(ctx, user.Slack)
		if err != nil {
			return nil // the vote will find out
		}
		for person := range m.In(id) {
			if others[person] = true; len(others) > needs { // one of them may be the person who asks
				return nil
			}
		}
	}
	delete(others, user.Slack)
	if have := len(others); have < needs {
		return &Error{
			Code: CodeNotAllowed, Detail: "approvers", Rule: "approval", Facts: event.Facts{Needs: needs, Have: have},
			What: prose.Say(fmt.Sprintf("%s needs %d to approve, and of its approvers %d are not you yourself, so nobody was asked.",
				account.Name, needs, have)),
			Hint: prose.Sentences(prose.Say("The config has to name more approvers."), b.contact()),
		}
	}
	return nil
}

// Approvers may vote on a by today's config: Slack user and user group IDs.
func (b *Asking) Approvers(a approval.Approval) []string {
	account, ok := b.config.Account(a.Account)
	if !ok || account.Approval == nil {
		return nil
	}
	return b.config.Approvers(account)
}

// How often one person's asking may disturb the approvers, all replicas together.
// To ask, cancel and ask again is one thing to them.
const (
	askWindow  = 10 * time.Minute
	pingsOfOne = 1 // for one Account; further ones are posted without a ping
	pingsOfAll = 5 // for all Accounts
	mostTaken  = 5 // requests that the person took back themselves; then no more is asked
)

// notTakenBack refuses who asks and cancels again and again.
func (b *Asking) notTakenBack(ctx context.Context, user string) error {
	kept, err := b.approvals.ApprovalsOf(ctx, user)
	if err != nil {
		return storeDown(err)
	}
	taken := approval.TakenBack(kept, user, askWindow)
	if len(taken) < mostTaken {
		return nil
	}
	what := fmt.Sprintf("You have asked for approval and cancelled it %d times within %s.", len(taken), text.FormatDuration(askWindow))
	return tooMany(CodeTooMany, what, taken[len(taken)-mostTaken], prose.Say("Nothing was asked.")).detailed("taken_back")
}

// quiet reports whether the approvers are to be asked without a ping.
func (b *Asking) quiet(ctx context.Context, r Request, a approval.Approval) (quiet bool, err error) {
	for _, ping := range []struct {
		name  string
		limit int
	}{{"pings:" + a.User, pingsOfAll}, {"pings:" + a.User + ":" + a.Account, pingsOfOne}} {
		rate, err := b.counters.TakeRate(ctx, ping.name, r.ID, ping.limit, askWindow)
		if err != nil {
			return false, storeDown(err)
		}
		quiet = quiet || !rate.Taken
	}
	return quiet, nil
}

// onCall says whether any Account's rules call the User on call.
func (b *Policy) onCall(ctx context.Context, user policy.User) approval.OnCall {
	rotas := b.config.Rotas()
	if len(rotas) == 0 {
		return ""
	}
	m, err := b.visits.groups(ctx)
	is := approval.OnCallNo
	for _, rota := range rotas {
		switch found := b.config.OnList(rota, user.Slack, m); {
		case found.Yes:
			return approval.OnCallYes
		case found.Unknown || err != nil:
			is = approval.OnCallUnknown
		}
	}
	return is
}
