package bot

import (
	"context"
	"slices"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// followBreakGlass asks the approvers of an Account to take note of credentials
// that were issued without them. It goes by the record, so that a replica that
// dies leaves it to the next.
func (b *Bot) followBreakGlass(ctx context.Context, e broker.Event) error {
	if e.Kind != broker.EventGranted || !e.BreakGlass {
		return nil
	}
	a, err := b.broker().AskToAcknowledge(ctx, e)
	if err != nil || a.PostTS != "" {
		return err
	}
	return b.postApproval(ctx, a)
}

// loud makes a message one that everybody who is there is told of.
func loud(m message) message {
	here := slack.NewRichTextBlock("", paragraph(slack.NewRichTextSectionBroadcastElement("here")))
	m.blocks = slices.Insert(slices.Clone(m.blocks), 0, slack.Block(here))
	return m
}
