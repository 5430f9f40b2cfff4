package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker/text"
)

// act serves one press or choice.
func (b *Bot) act(ctx context.Context, in interaction, p press) {
	switch p.action {
	case message.ActAsk:
		if p.account == "" {
			b.forms.openForm(ctx, in.to, form.State{})
			return
		}
		if c := (command.Command{Account: p.account}); !b.issuing.offeredAgain(ctx, in.to, c) {
			b.issuing.renew(ctx, in.to, p)
		}
	case message.ActFormat:
		b.formats.rememberFormat(ctx, in.to, p.format)
		b.issuing.showAgain(ctx, in.to, p.grant, p.format)
	case message.ActShow:
		b.issuing.showAgain(ctx, in.to.beside(), p.grant, "")
	case message.ActBuckets:
		b.lists.bucketsOf(ctx, in.to.beside(), p.grant)
	case message.ActPrevious, message.ActNext:
		b.lists.bucketPage(ctx, in, p)
	case message.ActSearch:
		b.lists.searchBuckets(ctx, in, p)
	case message.ActRenew:
		b.issuing.renew(ctx, in.to.beside(), p)
	case message.ActBreakGlass:
		b.forms.breakGlassForm(ctx, in.to.beside(), p.account)
	case message.ActHelp:
		b.self.help(ctx, in.to.beside(), false)
	case message.ActMoreHelp:
		b.self.help(ctx, in.to, true)
	case message.ActConsole:
		b.issuing.consoleOf(ctx, in.to.beside(), p.grant)
	case message.ActOpenLink: // the browser has it
	case message.ActEndSession:
		s, ok, err := in.to.broker.MFASessions.EndMFASession(ctx, in.to.request(command.Command{}))
		b.delivery.answer(ctx, in.to.beside(), err, func() blockkit.Message { return message.MFAEnded(s, ok) })
		b.homes.refreshHome(ctx, in.to)
	case message.ActEnd:
		b.self.end(ctx, in.to, p.grant)
	case message.ActUnblock:
		b.admins.admin(ctx, in.to.beside(), command.Command{Verb: command.VerbUnblock, Target: p.target})
	case form.FieldAccount:
		b.forms.chosenAccount(ctx, in, p.account)
	default:
		b.actOnApproval(ctx, in, p)
	}
}

// actOnApproval serves a press about an Approval.
func (b *Bot) actOnApproval(ctx context.Context, in interaction, p press) {
	switch p.action {
	case message.ActApprove:
		b.approvals.pressed(ctx, in, p.approval, in.to.broker.Deciding.Approve)
	case message.ActAcknowledge:
		b.approvals.pressed(ctx, in, p.approval, in.to.broker.Deciding.Acknowledge)
	case message.ActDeny:
		b.approvals.askWhyDenied(ctx, in, p.approval)
	case message.ActEnterCode:
		b.forms.enterCode(ctx, in, p.approval.ID)
	default:
		b.log.InfoContext(ctx, "action not served", "action", blockkit.Shortened(text.OneLine(p.action), maxQuery))
	}
}

// firstAction serves the one action of a payload. Slack's own clients send no
// more: what a client sends beside it is refused and counted.
func (b *Bot) firstAction(ctx context.Context, in interaction) {
	if in.more > 0 {
		b.log.WarnContext(ctx, "a payload holds more than one action; all but the first are refused",
			"request", in.to.requestID, "user", in.to.caller.User, "refused", in.more, "refused_so_far", b.extra.Add(int64(in.more)))
	}
	actions := in.ActionCallback.BlockActions
	if len(actions) == 0 {
		return
	}
	p, err := readPress(actions[0])
	if err != nil {
		b.delivery.deliver(ctx, in.to.beside(), b.refusal(ctx, in.to, in.to.unlessStranger(ctx, err)))
		return
	}
	b.act(ctx, in, p)
}
