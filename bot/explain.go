package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
)

// explain answers /assume explain: what would happen, and why.
func (b *self) explain(ctx context.Context, to conversation, c command.Command) {
	e, err := to.broker.Explaining.Explain(ctx, to.request(c))
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Explanation(to.voice, e) })
}

// accounts answers /assume accounts: what the person may have.
func (b *self) accounts(ctx context.Context, to conversation, c command.Command) {
	mine, err := to.broker.Policy.Accounts(ctx, to.request(c))
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Accounts(mine) })
}

// whoami answers /assume whoami: who AWS takes the person for.
func (b *self) whoami(ctx context.Context, to conversation, c command.Command) {
	who, err := to.broker.Explaining.WhoAmI(ctx, to.request(c))
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.WhoAmI(who) })
}
