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
	target, whom := to.target(ctx, c)
	switch c.Verb {
	case command.VerbWho:
		live, err := to.broker.Holding.Who(ctx, r, message.WhoMost)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Who(to.voice, live) })
	case command.VerbStatus:
		pause, err := to.broker.Admins.Status(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Status(to.voice, b.report(ctx), pause) })
	case command.VerbBlock:
		done, err := to.broker.Admins.Block(ctx, r, target)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Blocked(to.voice, target, whom, done.Before) })
		b.approvals.showCancelled(ctx, to, done.Cancelled)
	case command.VerbUnblock:
		was, err := to.broker.Admins.Unblock(ctx, r, target)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Unblocked(whom, was) })
	case command.VerbUnlock:
		was, err := to.broker.Admins.Unlock(ctx, r, target)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Unlocked(whom, was) })
	case command.VerbPause:
		before, err := to.broker.Admins.Pause(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Paused(to.voice, before) })
	case command.VerbResume:
		was, err := to.broker.Admins.Resume(ctx, r)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Resumed(was) })
	}
}

// statusByDirectMessage answers privately, wherever it was asked.
func (b *admins) statusByDirectMessage(ctx context.Context, to conversation) {
	pause, err := to.broker.Admins.Status(ctx, to.request(command.Command{Verb: command.VerbStatus}))
	if err != nil {
		b.delivery.tellOrOwe(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.delivery.tellOrOwe(ctx, to, message.Status(to.voice, b.report(ctx), pause))
}

// target is whom c is about, by the ID that the config knows, so that a block holds
// by whichever they come; and how they are named.
func (to conversation) target(ctx context.Context, c command.Command) (id, named string) {
	if c.Target == "" {
		return "", ""
	}
	id = to.broker.Visits.Person(ctx, c.Target)
	return id, blockkit.Named(to.broker.NameOf(id), id)
}
