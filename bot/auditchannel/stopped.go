package auditchannel

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/text"
)

// A record that has stopped cannot tell so itself, since nothing is written to it any more.
// So each replica that has stopped posts it once, beside what is on the record. None asks the
// store whether another has: whoever changed the record could say there that one did.

// stoppedWords is how much of the reason is posted.
const stoppedWords = 600

// tellStop posts that the record has stopped, once it has.
func (a *Channel) tellStop(ctx context.Context) {
	why := a.Record.AwaitStop(ctx)
	if why == nil {
		return
	}
	err := retry.Pace{First: 500 * time.Millisecond, Longest: 30 * time.Second}.Do(ctx, func() error {
		err := a.postOnce(ctx, stoppedMessage(why))
		if webapi.MessageRefused(err) {
			return retry.Final(err)
		}
		return webapi.AsTold(err)
	})
	if err != nil && ctx.Err() == nil {
		a.Log.Error("the audit channel is not told that the record has stopped", "error", err)
	}
}

func stoppedMessage(why error) blockkit.Message {
	const what = "The record does not check out"
	rest := ": a replica has stopped, and issues nothing until somebody has looked at it. It says: " +
		blockkit.Shortened(text.OneLine(why.Error()), stoppedWords) + "."
	next := "Find out who could write to Redis, or what Redis lost, and see \"When it does not check out\" in the operations guide."
	return blockkit.NewMessage(what+rest, blockkit.Paragraph(blockkit.Bold(what), rest), blockkit.Paragraph(next))
}
