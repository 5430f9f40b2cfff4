package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// receive takes one envelope off a socket. It acknowledges first and works
// afterwards, so that nothing but the socket itself can delay the
// acknowledgement; it does not block.
func (b *Bot) receive(s *socket, e envelope) {
	if err := s.ack(e.id, nil); err != nil {
		// Slack will send it again, and then it is a duplicate; the answer goes
		// by the response_url either way.
		b.log.Warn("envelope not acknowledged", "type", e.kind, "error", err)
	}
	if e.kind != "slash_commands" {
		b.log.Info("envelope not served", "type", e.kind)
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, requestTimeout)
	b.working.Go(func() {
		defer cancel()
		select {
		case b.slots <- struct{}{}:
			defer func() { <-b.slots }()
			b.slashCommand(ctx, e)
		case <-ctx.Done():
			b.log.Error("request abandoned: too many at once", "type", e.kind)
		}
	})
}

// slashCommand serves one slash command, unless it was served already: Slack
// delivers again under the same envelope and under new ones.
func (b *Bot) slashCommand(ctx context.Context, e envelope) {
	var cmd slack.SlashCommand
	if err := e.decode(&cmd); err != nil {
		b.log.ErrorContext(ctx, "slash command not understood", "error", err)
		return
	}
	to := conversation{
		caller:      broker.Caller{User: cmd.UserID, Team: cmd.TeamID, Channel: cmd.ChannelID},
		requestID:   broker.NewID(),
		responseURL: broker.NewSecret(cmd.ResponseURL),
	}
	began := b.now()
	first, err := b.seen.FirstSight(ctx, "envelope:"+e.id, "trigger:"+cmd.TriggerID)
	switch {
	case err != nil:
		b.deliver(ctx, to, b.refusal(ctx, to, &broker.Error{
			Code: broker.CodeStore, Ref: broker.ShortRef(to.requestID), Err: err,
			Message: "The bot's own store is not answering, so nothing was done.",
			Hint:    "Your code was not used. Try again in a minute.",
		}))
		return
	case !first:
		b.log.InfoContext(ctx, "duplicate delivery skipped", "envelope", e.id)
		return
	}
	b.serve(ctx, to, cmd)
	b.log.InfoContext(ctx, "command served", "command", cmd.Command, "request", to.requestID,
		"user", to.caller.User, "took", b.now().Sub(began).Round(time.Millisecond))
}
