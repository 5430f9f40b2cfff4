package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
)

// enterCode opens that form.
func (b *forms) enterCode(ctx context.Context, in interaction, id string) {
	a, err := in.to.broker.Consent.ApprovalToUse(ctx, in.to.request(command.Command{}), id)
	if err != nil {
		b.delivery.deliver(ctx, in.to.beside(), b.refusal(ctx, in.to, err))
		return
	}
	b.openUse(ctx, in.to, a, form.State{})
}

// openUse opens that form from whatever trigger there is. It is said when Slack
// does not open it.
func (b *forms) openUse(ctx context.Context, to conversation, a broker.Approval, asked form.State) {
	if asked.Format == "" {
		asked.Format, asked.Service, _ = command.ReadFormat(a.Format) // one that is not known is none
	}
	if asked.Format == "" {
		asked.Format = b.formats.rememberedFormat(ctx, to)
	}
	var above []slack.Block
	if asked.Wrong != nil {
		above = to.voice.Error(asked.Wrong).Blocks
	}
	view := form.Use(a, asked, above...)
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
	b.delivery.deliver(ctx, to, to.voice.Error(errNotOpened("form",
		"Press the button again, or send ", broker.AssumeCmd(a.Account, "123456"), " with the six digits that your device shows.")))
}

// asks is the Request that a form makes. Of a bound form it is what was
// approved.
func (b *forms) asks(ctx context.Context, in interaction, f *form.Filled) (broker.Request, error) {
	c := command.Command{Account: f.Account, Code: f.Code, Duration: f.Duration, Format: f.Format, Service: f.Service, Reason: f.Reason, BreakGlass: f.BreakGlass}
	if in.View.CallbackID != form.UseCallback {
		return in.to.request(c), nil
	}
	f.Approval = typed.Only(typed.RequestID, in.View.PrivateMetadata)
	a, err := in.to.broker.Consent.ApprovalToUse(ctx, in.to.request(command.Command{}), f.Approval)
	f.Account, f.Duration, f.Reason = a.Account, a.Duration, a.Reason
	c.Account, c.Duration, c.Reason = a.Account, a.Duration, a.Reason
	r := in.to.request(c)
	r.Approval = f.Approval
	return r, err
}
