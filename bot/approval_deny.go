package bot

import (
	"context"
	"errors"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/prose"
)

// askWhyDenied opens the form for the comment of a denial, for who may deny.
func (b *approvals) askWhyDenied(ctx context.Context, in interaction, name message.ApprovalName) {
	a, err := in.to.broker.Voting.MayVote(ctx, in.to.request(command.Command{}), name.User, name.ID)
	if err == nil {
		if err = b.web.OpenView(ctx, in.to.trigger, form.Deny(a)); err == nil {
			return
		}
		b.log.WarnContext(ctx, "form not opened", "request", in.to.requestID, "error", err)
		err = errNotOpened("form", "Press Deny again. Nothing was changed.")
	}
	in.to.trigger = "" // it is spent, or not needed
	b.delivery.refuse(ctx, in.to.beside(), err)
}

// submitDenial serves the form of a denial. AWS has no part in it, so the answer
// is the acknowledgement.
func (b *approvals) submitDenial(ctx context.Context, e socketmode.Envelope, in interaction, ack func(any) bool) {
	comment, wrong := form.ReadComment(in.View)
	if wrong != "" {
		ack(form.CommentError(wrong))
		return
	}
	in.to.asked = prose.Say("your denial")
	defer func() { in.to.debt.Settle() }()
	judging, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	ids := sightings(e, in.TriggerID)
	err := b.door.pass(judging, &in.to, b.door.ask(ahead.Questions{}, ids...), b.door.first(ids...), b.door.enter(""))
	if errors.Is(err, errServedAlready) {
		return
	}
	err = in.to.told(ctx, err)
	late, name := false, readApprovalName(in.View.PrivateMetadata)
	if err == nil {
		_, err = in.to.broker.Voting.MayVote(judging, in.to.request(command.Command{}), name.User, name.ID)
	}
	if err == nil {
		t := approvalTask{User: name.User, ID: name.ID, Press: in.to.requestID}
		err = b.changeAndFollow(ctx, in.to.serving, t, func() (approval.Approval, error) {
			a, err := in.to.broker.Voting.DenyApproval(judging, in.to.request(command.Command{}), name.User, name.ID, comment)
			if err == nil {
				late = !ack(nil) // in time it closes the form
			}
			return a, err
		})
	}
	if late && err == nil {
		b.delivery.deliver(ctx, in.to, in.to.named(blockkit.NewMessage("Denied.", blockkit.Paragraph("Denied."))))
	}
	if err == nil {
		return
	}
	m := b.refusal(ctx, in.to, err)
	if !ack(form.CommentError(in.to.voice.ErrorText(broker.AsError(err, in.to.requestID)))) {
		b.delivery.deliver(ctx, in.to, m)
	}
}
