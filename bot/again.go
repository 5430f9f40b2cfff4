package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
)

// offeredAgain answers a Request for what the person has with that: nothing is
// issued, no code asked for and no MFA session used, until they press for it. Who
// sends a code, or fills in a form, wants new credentials and gets them.
func (b *issuing) offeredAgain(ctx context.Context, to conversation, c command.Command) bool {
	r := to.request(c)
	g, ok := to.broker.Holding.Again(ctx, r)
	if !ok {
		return false
	}
	if _, approved := to.broker.Consent.ApprovalFor(ctx, r); approved { // others approved new ones meanwhile
		return false
	}
	if c.Format != snippet.Console {
		b.formats.rememberFormat(ctx, to, c.Format) // for either button
	}
	b.delivery.deliver(ctx, to, message.Again(to.voice, g, c, to.broker.Holding.Revocable(g)))
	return true
}
