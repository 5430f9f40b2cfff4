package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
)

// receipt answers /assume receipt: the proof that an entry is on the record.
func (b *self) receipt(ctx context.Context, to conversation, c command.Command) {
	got, err := to.broker.Proving.Receipt(ctx, to.request(c), c.Entry)
	var m blockkit.Message
	if err == nil {
		m, err = message.Receipt(got)
	}
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return m })
}
