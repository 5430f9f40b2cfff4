package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
)

// useCallback is the form for the code of an approved Request. It is bound to
// the Approval: everything but code and format is what was approved.
const useCallback = "use_approval"

// enterCode opens that form.
func (b *Bot) enterCode(ctx context.Context, in interaction, id string) {
	a, err := in.to.broker.Consent.ApprovalToUse(ctx, in.to.request(command.Command{}), id)
	if err != nil {
		b.deliver(ctx, in.to.beside(), b.refusal(ctx, in.to, err))
		return
	}
	b.openUse(ctx, in.to, a, formState{})
}

// openUse opens that form from whatever trigger there is. It is said when Slack
// does not open it.
func (b *Bot) openUse(ctx context.Context, to conversation, a broker.Approval, asked formState) {
	if asked.format == "" {
		asked.format, asked.service, _ = command.ReadFormat(a.Format) // one that is not known is none
	}
	if asked.format == "" {
		asked.format = b.rememberedFormat(ctx, to)
	}
	var above []slack.Block
	if asked.wrong != nil {
		above = b.voice.error(asked.wrong).Blocks
	}
	view := useView(a, asked, above...)
	var err error
	if to.view != "" {
		err = b.web.PushView(ctx, to.trigger, view)
	} else {
		err = b.web.OpenView(ctx, to.trigger, view)
	}
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "form not opened", "request", to.requestID, "error", err)
	to = to.beside()
	to.trigger = "" // it is spent or too old
	b.deliver(ctx, to, b.voice.error(errNotOpened("form",
		"Press the button again, or send ", broker.AssumeCmd(a.Account, "123456"), " with the six digits that your device shows.")))
}

func useView(a broker.Approval, f formState, above ...slack.Block) slack.ModalViewRequest {
	about := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold(a.Account),
		blockkit.Plain(" for "+broker.FormatDuration(a.Duration)+", approved by "+votes(a)+
			". The approval is good for one request, until "), blockkit.Moment(a.Expires), blockkit.Plain("."))}
	if a.Reason != "" {
		about = append(about, blockkit.Quote(a.Reason))
	}
	blocks := append(above, blockkit.NewMessage("", about...).Blocks...)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: useCallback, PrivateMetadata: a.ID,
		Title: blockkit.PlainText(modalTitle), Submit: blockkit.PlainText("Get credentials"), Close: blockkit.PlainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: append(blocks, codeField(), formatField(f))},
	}
}

// asks is the Request that a form makes. Of a bound form it is what was
// approved.
func (b *Bot) asks(ctx context.Context, in interaction, f *filled) (broker.Request, error) {
	c := command.Command{Account: f.account, Code: f.code, Duration: f.duration, Format: f.format, Service: f.service, Reason: f.reason, BreakGlass: f.breakGlass}
	if in.View.CallbackID != useCallback {
		return in.to.request(c), nil
	}
	f.approval = only(requestID, in.View.PrivateMetadata)
	a, err := in.to.broker.Consent.ApprovalToUse(ctx, in.to.request(command.Command{}), f.approval)
	f.account, f.duration, f.reason = a.Account, a.Duration, a.Reason
	c.Account, c.Duration, c.Reason = a.Account, a.Duration, a.Reason
	r := in.to.request(c)
	r.Approval = f.approval
	return r, err
}

// formAgain is the form as it was filled in, without the code, and what is wrong
// above it.
func (b *Bot) formAgain(ctx context.Context, to conversation, f filled, wrong *broker.Error) slack.ModalViewRequest {
	again := formState{
		duration: f.duration, format: f.format, service: f.service, reason: f.reason,
		breakGlass: f.breakGlass, channel: to.caller.Channel, wrong: wrong,
	}
	if f.approval != "" {
		above := b.voice.error(wrong).Blocks
		a, err := to.broker.Consent.ApprovalToUse(ctx, to.request(command.Command{}), f.approval)
		if err != nil { // then there is nothing to enter a code for
			return resultView(blockkit.Message{Blocks: above})
		}
		return useView(a, again, above...)
	}
	again.account, _ = to.broker.Policy.AccountFor(ctx, to.request(command.Command{Account: f.account, BreakGlass: f.breakGlass}))
	return b.formView(again)
}
