package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/prose"
)

// enterCode opens the form for the code of an approved Request.
func (b *forms) enterCode(ctx context.Context, in interaction, id string) {
	a, err := in.to.broker.Consent.ApprovalToUse(ctx, in.to.request(command.Command{}), id)
	if err != nil {
		b.delivery.refuse(ctx, in.to.beside(), err)
		return
	}
	b.openUse(ctx, in.to, a, form.State{})
}

// openUse opens the form for the code of a from whatever trigger there is. It is said when Slack
// does not open it.
func (b *forms) openUse(ctx context.Context, to conversation, a approval.Approval, asked form.State) {
	if asked.Format == "" {
		asked.Format, asked.Service, _ = command.ReadFormat(a.Format) // one that is not known is none
	}
	if asked.Format == "" {
		asked.Format = b.formats.rememberedFormat(ctx, to)
	}
	asked.Account, _ = to.broker.Policy.AccountFor(ctx, to.request(command.Command{Account: a.Account}))
	err := b.delivery.open(ctx, to, form.Use(a, asked))
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "form not opened", "request", to.requestID, "error", err)
	to = to.beside()
	to.trigger = "" // it is spent or too old
	b.delivery.deliver(ctx, to, to.voice.Error(errNotOpened("form",
		"Press the button again, or send ", prose.AssumeCmd(a.Account, "123456"), " with the six digits that your device shows.")))
}
