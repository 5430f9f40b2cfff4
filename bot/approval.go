package bot

import (
	"context"
	"errors"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/prose"
)

// needsApproval reports whether a Request can be served once others approve. A
// list of buckets is not asked for: what it needs is an approval to use.
func needsApproval(r broker.Request, err error) bool {
	var e *broker.Error
	return errors.As(err, &e) && e.Code == broker.CodeNeedsApproval && r.Purpose != broker.PurposeBuckets
}

// ask asks others to approve what r asks, and says so privately.
func (b *approvals) ask(ctx context.Context, to conversation, r broker.Request) {
	lapsed, err := to.broker.Consent.CancelLapsed(ctx, r)
	b.showCancelled(ctx, to, lapsed)
	if err != nil {
		b.delivery.refuse(ctx, to, err)
		return
	}
	a, again, err := to.broker.Asking.Ask(ctx, r)
	if err == nil && a.State == approval.Waiting && a.PostTS == "" {
		if err = b.postApproval(ctx, to.serving, a); err != nil {
			b.log.ErrorContext(ctx, "approval not asked for", "request", to.requestID, "approval", a.ID, "error", err)
			err = to.takeBack(ctx, r, a)
		}
	}
	if err != nil {
		b.delivery.refused(ctx, to, r, err)
		return
	}
	b.delivery.answer(ctx, to, err, func() blockkit.Message {
		if a.State == approval.Approved {
			return message.Approved(a, !r.Code.Empty())
		}
		glass := to.broker.Policy.MayBreakGlass(ctx, a.User, a.Account)
		m := message.Asked(to.voice, a, to.broker.Asking.Approvers(a), message.Asking{Again: again, SentCode: !r.Code.Empty(), BreakGlass: glass})
		if to.broker.Policy.BreakGlassFrom(ctx, r.Caller, a.Account) {
			m.Blocks = append(m.Blocks, message.GlassButton(a.Account))
		}
		return m
	})
}

// takeBack cancels an Approval that nobody was shown, and is the error that says
// so.
func (to conversation) takeBack(ctx context.Context, r broker.Request, a approval.Approval) error {
	r.Account, r.Approval = a.Account, a.ID
	e := &broker.Error{
		Code: broker.CodeUndelivered, Ref: broker.ShortRef(r.ID),
		What: prose.Say("Slack did not take the message that asks for approval, so nobody was asked."),
		Hint: prose.Say("Try again in a minute."),
	}
	if !r.Code.Empty() {
		e.Use = broker.UseUnused
	}
	if _, err := to.broker.Pending.CancelApprovals(ctx, r); err != nil {
		e.Err = err
		e.What = prose.Say("Slack did not take the message that asks for approval.")
		e.Hint = prose.Say("Ask again in a minute.")
	}
	return e
}

// pressed serves a press that approves or acknowledges: what it changed shows in the
// message itself; a refusal is told to whoever pressed alone.
func (b *approvals) pressed(ctx context.Context, in interaction, name message.ApprovalName,
	change func(ctx context.Context, r broker.Request, user, id string) (approval.Approval, error)) {
	t := approvalTask{User: name.User, ID: name.ID, Press: in.to.requestID, Channel: in.Channel.ID, TS: in.Container.MessageTs}
	_, err := in.to.broker.Voting.MayVote(ctx, in.to.request(command.Command{}), name.User, name.ID)
	if err == nil {
		err = b.changeAndFollow(ctx, in.to.serving, t, func() (approval.Approval, error) {
			return change(ctx, in.to.request(command.Command{}), name.User, name.ID)
		})
	}
	if err == nil {
		return
	}
	b.delivery.refuse(ctx, in.to.beside(), err)
	if gone(err) { // so its message should have no buttons any more
		if a, err := in.to.broker.Pending.Approval(ctx, name.User, name.ID); err == nil {
			b.showState(ctx, in.to.serving, a, t)
		}
	}
}

// changeAndFollow makes the change of somebody who was found to be allowed it, and
// does what follows: the message shows it, and who asked is told. That is on the due
// list before the change, so that a replica that dies in between leaves no message
// with an older state and nobody untold.
func (b *approvals) changeAndFollow(ctx context.Context, s *serving, t approvalTask, change func() (approval.Approval, error)) error {
	entry, err := b.dueApprovals.Put(ctx, b.now().Add(followAfter), t.entry())
	if err != nil {
		return broker.AsError(broker.StoreAway(err, "so nothing was changed"), t.Press)
	}
	a, err := change()
	next := due.Result{}
	var e *broker.Error
	switch {
	case err == nil:
		next = b.follow(ctx, s, a, t)
	case errors.As(err, &e) && !e.Ours(): // certainly nothing was changed
	default:
		return err // the due list finds out
	}
	if settling := b.dueApprovals.SettleNow(context.WithoutCancel(ctx), entry, next); settling != nil {
		b.log.WarnContext(ctx, "what follows from a change stays on the due list", "approval", t.ID, "error", settling)
	}
	return err
}

// cancelApprovals answers /assume cancel.
func (b *approvals) cancelApprovals(ctx context.Context, to conversation, c command.Command) {
	cancelled, err := to.broker.Pending.CancelApprovals(ctx, to.request(c))
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Cancelled(c.Account, cancelled) })
	b.showCancelled(ctx, to, cancelled)
}

// showCancelled shows the approvers that they are asked no more.
func (b *approvals) showCancelled(ctx context.Context, to conversation, cancelled []approval.Approval) {
	for _, a := range cancelled {
		b.showState(ctx, to.serving, a, approvalTask{Press: to.requestID})
	}
}

// used shows that a Request spent an Approval.
func (b *approvals) used(s *serving, g broker.Grant) {
	if g.Approval == "" {
		return
	}
	b.work(func(ctx context.Context) {
		a, err := s.broker.Pending.Approval(ctx, g.User, g.Approval)
		if err != nil {
			a = approval.Approval{User: g.User, ID: g.Approval}
		}
		b.showState(ctx, s, a, approvalTask{Press: g.ID})
	})
}

// showState shows what has become of an Approval, now if that is possible.
func (b *approvals) showState(ctx context.Context, s *serving, a approval.Approval, t approvalTask) {
	t.User, t.ID, t.Told = a.User, a.ID, true
	next := due.Result{Next: t.entry(), At: b.now()}
	if a.State != "" {
		next = b.follow(ctx, s, a, t)
	}
	if next.Next == nil {
		return
	}
	if _, err := b.dueApprovals.Put(ctx, next.At, next.Next); err != nil {
		b.log.ErrorContext(ctx, "an approval's message shows an older state", "approval", a.ID, "error", err)
	}
}
