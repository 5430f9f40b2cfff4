package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
)

// help answers with help, privately.
func (b *self) help(ctx context.Context, to conversation, more bool) {
	mine, admin, err := to.broker.Explaining.Help(ctx, to.request(command.Command{}))
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return b.helps.Help(to.voice, mine.Kinds(), admin, more) })
}

// helpByDirectMessage answers privately, wherever it was asked.
func (b *self) helpByDirectMessage(ctx context.Context, to conversation, more bool) {
	mine, admin, err := to.broker.Explaining.Help(ctx, to.request(command.Command{}))
	if err != nil {
		b.delivery.tellOrOwe(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.delivery.tellOrOwe(ctx, to, b.helps.Help(to.voice, mine.Kinds(), admin, more))
}
