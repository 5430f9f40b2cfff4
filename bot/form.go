package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/broker"
)

// openForm opens the form from whatever trigger there is. It is said when Slack
// does not open it.
func (b *forms) openForm(ctx context.Context, to conversation, f form.State) {
	if err := to.broker.Visits.Identify(ctx, to.request(command.Command{})); err != nil {
		b.delivery.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	if f.Format == "" {
		f.Format = b.formats.usualFormat(ctx, to, f.BreakGlass)
	}
	f.Channel = to.caller.Channel
	var err error
	if to.view != "" {
		err = b.web.PushView(ctx, to.trigger, form.View(to.voice, f))
	} else {
		err = b.web.OpenView(ctx, to.trigger, form.View(to.voice, f))
	}
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "form not opened", "request", to.requestID, "error", err)
	account := "ACCOUNT"
	if f.Account.Name != "" {
		account = f.Account.Name
	}
	to.trigger = "" // it is spent or too old
	b.delivery.deliver(ctx, to, to.voice.Error(errNotOpened("form", "Send ", broker.AssumeCmd(account, "123456"), " with the six digits that your device shows.")))
}

// suggest offers the Accounts that the person may have and that match what is
// typed so far, as the acknowledgement.
func (b *forms) suggest(ctx context.Context, in interaction, ack func(any) bool) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	// What is too much, or finds no turn in time, is offered nothing.
	none := form.Options{OptionGroups: []*slack.OptionGroupBlockObject{}}
	defer b.door.leave(&in.to)
	if err := b.door.pass(ctx, &in.to, b.door.enter(""), b.door.slot); err != nil {
		ack(none)
		b.refusal(ctx, in.to, err) // for the log
		return
	}
	typed := blockkit.Shortened(in.Value[:min(len(in.Value), command.MaxText)], maxQuery)
	ack(form.Menu(in.to.broker.Policy.Offered(ctx, in.to.request(command.Command{})), typed))
}
