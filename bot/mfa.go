package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
)

// mfa serves /mfa.
func (b *self) mfa(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeMFASession
	switch c.Verb {
	case command.VerbMFAEnd:
		s, ok, err := to.broker.MFASessions.EndMFASession(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.MFAEnded(s, ok) })
		b.homes.refreshHome(ctx, to)
	case command.VerbMFAStatus:
		s, ok, err := to.broker.MFASessions.MFASession(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.MFAStatus(to.voice, s, ok) })
	default:
		s, err := to.broker.MFASessions.BeginMFASession(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.MFABegun(to.voice, s) })
		b.homes.refreshHome(ctx, to)
	}
}
