package bot

import (
	"context"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// followBreakGlass asks the approvers of an Account to take note of credentials
// that were issued without them. It goes by the record, so that a replica that
// dies leaves it to the next. What cannot be done now is left to the due list: it
// must not hold up what the audit channel is told. An error is that not even that
// was possible.
func (b *Bot) followBreakGlass(ctx context.Context, e broker.Event) error {
	if e.Kind != broker.EventGranted || !e.BreakGlass {
		return nil
	}
	err := b.askToAcknowledge(ctx, e)
	if err == nil {
		return nil
	}
	b.log.ErrorContext(ctx, "the approvers are not asked yet to take note of break-glass", "request", e.RequestID, "error", err)
	t := approvalTask{User: e.SlackUser, ID: e.RequestID, BreakGlass: &e}
	if _, err := b.approvals.put(ctx, b.now().Add(followAfter), t.entry()); err != nil {
		return fmt.Errorf("ask to take note of break-glass: %w", err)
	}
	return nil
}

func (b *Bot) askToAcknowledge(ctx context.Context, e broker.Event) error {
	a, err := b.broker().AskToAcknowledge(ctx, e)
	if err != nil || a.PostTS != "" {
		return err
	}
	return b.postApproval(ctx, a)
}

// breakGlassTries bounds how often that is tried, a day or so.
const breakGlassTries = 1440

// serveBreakGlass does what followBreakGlass left to the due list.
func (b *Bot) serveBreakGlass(ctx context.Context, t approvalTask) verdict {
	err := b.askToAcknowledge(ctx, *t.BreakGlass)
	at, again := putOff(b.now(), err, t.Tries)
	switch {
	case err == nil:
		return doneWith
	case !again || t.Tries >= breakGlassTries:
		b.log.ErrorContext(ctx, "the approvers are never asked to take note of break-glass; the audit channel was told", "request", t.ID, "error", err)
		return doneWith
	}
	return t.putOff(at)
}

// loud makes a message one that everybody who is there is told of.
func loud(m message) message {
	here := slack.NewRichTextBlock("", paragraph(slack.NewRichTextSectionBroadcastElement("here")))
	m.blocks = slices.Insert(slices.Clone(m.blocks), 0, slack.Block(here))
	return m
}
