package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/auditchannel"
	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
)

// history shows a page of what was done, from before an entry; 0 is the newest. It takes
// the place of the page on which it was asked for.
func (b *pasts) history(ctx context.Context, to conversation, c command.Command, before int64) {
	target, _ := to.target(ctx, c)
	past, err := to.broker.Histories.History(ctx, to.request(c), broker.Look{
		Person: target, Everybody: c.Past.Everybody, Account: c.Account, What: c.Past.What, Since: c.Past.Since, Before: before,
	}, message.PastMost)
	if err != nil {
		to = to.beside()
	}
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.History(past, c, before, pastRows(to, past)) })
}

// pastRows are the entries of a page as they are shown.
func pastRows(to conversation, past broker.Past) []message.PastRow {
	rows := make([]message.PastRow, len(past.Entries))
	for i, e := range past.Entries {
		rows[i] = message.PastRow{Number: e.Number, Broken: e.Broken}
		if !e.Broken {
			rows[i].At, rows[i].Account = e.Event.Time, e.Event.About().Account
			rows[i].Outcome = auditchannel.Outcome(e.Event)
			if used, known := past.Uses[e.Event.Request]; known && e.Event.Kind == event.Granted {
				rows[i].Used = &used
			}
			rows[i].Who, rows[i].Reason = whoAndWhy(to, past.Filter, e)
		}
	}
	return rows
}

// whoAndWhy are who did it, and the reason that they typed. Who is blocked or revoked learns
// neither here: that is for admins to say.
func whoAndWhy(to conversation, f history.Filter, e history.Entry) (who, why string) {
	actor := e.Event.Actor
	switch {
	case f.Own && actor.User == f.Person:
		who = "you"
	case f.Own && e.Event.Kind != event.Approval && e.Event.Kind != event.Acknowledged:
		return "an admin", ""
	case actor.User == "":
		who = "the bot"
	default:
		who = blockkit.Named(actor.Name, actor.User)
	}
	if actor.User == to.caller.User {
		who = "you"
	}
	return who, auditchannel.ReasonOf(e.Event)
}
