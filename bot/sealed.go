package bot

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// errSeal answers credentials that exist and cannot be encrypted: they are
// shown to nobody.
func errSeal(i broker.Issued, err error) error {
	return &broker.Error{
		Code: broker.CodeSealFailed, Ref: broker.ShortRef(i.Grant.ID), Err: err,
		What: broker.Say("AWS issued credentials for " + i.Account.Name + ", but they could not be encrypted to your key, so they are shown to nobody."),
		Hint: broker.Sentences(broker.Say(broker.AssumeCmd("key"), " shows your key."), broker.Say(broker.AskOperator)),
	}
}

// withhold records that credentials exist and are not shown; why is told as the
// answer, so it is owed no more.
func (b *Bot) withhold(ctx context.Context, r broker.Request, issued broker.Issued, err error) {
	b.broker().Holding.Undelivered(ctx, r, issued.Grant, withheld(err))
	b.settled(ctx, b.oweCredentials(ctx, r, issued))
}

// withheld is the Code under which the record says that credentials were issued
// and not shown.
func withheld(err error) broker.Code {
	var e *broker.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return broker.CodeInternal
}

// key serves /assume key.
func (b *Bot) key(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	if c.Change == command.KeyShow {
		status, err := to.broker.Keys.KeyStatus(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return b.keyMessage(status) })
		return
	}
	changed, err := to.broker.Keys.ChangeKey(ctx, r, c.Key)
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.deliver(ctx, to, b.keyChangedMessage(changed))
	// The direct message is for the person whose Slack somebody else holds: it
	// stays, where the private answer is gone with the next reload.
	b.tellOrOwe(ctx, to, b.keyNoticeMessage(changed))
}

// belowSnippet is what stands below the snippet.
func (b *Bot) belowSnippet(s snippet.Shown) []slack.RichTextElement {
	elements := []slack.RichTextElement{blockkit.Paragraph(b.voice.say(s.Use)...)}
	if s.Sealed != nil {
		elements = append(elements, blockkit.Paragraph(b.voice.say(s.Sealed)...))
	}
	return elements
}
