package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
)

// key serves /assume key.
func (b *self) key(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	if c.Change == command.KeyShow {
		status, err := to.broker.Keys.KeyStatus(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Key(to.voice, status) })
		return
	}
	changed, err := to.broker.Keys.ChangeKey(ctx, r, c.Key)
	if err != nil {
		b.delivery.refuse(ctx, to, err)
		return
	}
	b.delivery.deliver(ctx, to, to.named(message.KeyChanged(to.voice, changed)))
	// The direct message is for the person whose Slack somebody else holds: it
	// stays, where the private answer is gone with the next reload.
	b.delivery.tellOrOwe(ctx, to, message.KeyNotice(changed))
}
