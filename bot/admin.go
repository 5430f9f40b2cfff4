package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
)

// admin serves what admins alone may do; the broker says who is one.
func (b *admins) admin(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	if c.Target != "" {
		c.Target = to.broker.Visits.Person(ctx, c.Target) // so that a block holds by whichever ID they come
	}
	whom := blockkit.Named(to.broker.NameOf(c.Target), c.Target)
	switch c.Verb {
	case command.VerbWho:
		held, err := to.broker.Holding.Who(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Who(to.voice, held) })
	case command.VerbBlock:
		done, err := to.broker.Admins.Block(ctx, r, c.Target)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Blocked(to.voice, c.Target, whom, done.Before) })
		b.approvals.showCancelled(ctx, to, done.Cancelled)
	case command.VerbUnblock:
		was, err := to.broker.Admins.Unblock(ctx, r, c.Target)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Unblocked(whom, was) })
	case command.VerbUnlock:
		was, err := to.broker.Admins.Unlock(ctx, r, c.Target)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Unlocked(whom, was) })
	case command.VerbPause:
		before, err := to.broker.Admins.Pause(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Paused(to.voice, before) })
	case command.VerbResume:
		was, err := to.broker.Admins.Resume(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Resumed(was) })
	case command.VerbRevoke:
		b.delivery.inTime(ctx, to, message.StillRevoking("what "+whom+" has"), func(ctx context.Context) (blockkit.Message, error) {
			done, err := to.broker.Revoking.RevokePerson(ctx, r, c.Target)
			b.approvals.showCancelled(ctx, to, done.Cancelled)
			return message.PersonRevoked(to.voice, done), err
		})
	}
}
