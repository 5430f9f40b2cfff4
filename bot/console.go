package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

const (
	actConsole = "console" // makes a sign-in link of a Grant
	// actOpenLink opens a sign-in link. Slack tells of the press too; the browser
	// alone has something to do.
	actOpenLink = "open_link"
)

// maxButtonURL is what a button takes; a longer link is shown as text.
// https://docs.slack.dev/reference/block-kit/block-elements/button-element
const maxButtonURL = 3000

// console serves /assume … as console.
func (b *Bot) console(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeConsole
	s, err := to.broker.Issuing.Console(ctx, r, c.Service)
	switch {
	case completable(c, err) && to.trigger != "":
		b.formFor(ctx, to, c, err)
	case needsApproval(r, err):
		b.ask(ctx, to, r)
	case err != nil:
		b.refused(ctx, to, r, err)
	default:
		b.seeTo(ctx, r, s.Issued)
		b.presentSignIn(ctx, to, r, s)
	}
}

// consoleOption is the form's choice of a sign-in link. Its value says whose
// console, too.
func consoleOption(service string) *slack.OptionBlockObject {
	if service == "" {
		return blockkit.Option(string(snippet.Console), "a link to the AWS console")
	}
	return blockkit.Option(string(snippet.Console)+" "+service, "a link to the AWS console, at "+service)
}

// consoleOf makes a sign-in link of a Grant inside its reveal window.
func (b *Bot) consoleOf(ctx context.Context, to conversation, grant string) {
	r := to.request(command.Command{})
	r.Purpose = broker.PurposeConsole
	issued, err := to.broker.Holding.Reveal(ctx, r, grant)
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	r.Account = issued.Account.Name
	s, err := to.broker.Issuing.ConsoleLink(ctx, r, issued, "")
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.presentSignIn(ctx, to, r, s)
}

// presentSignIn shows the link. If there is none, the credentials are shown as
// they would be without "as console": they were issued, and a code was spent.
func (b *Bot) presentSignIn(ctx context.Context, to conversation, r broker.Request, s broker.SignIn) {
	defer b.tellUsed(ctx, to, s.UsedSession, s.Account.Name)
	var (
		m   blockkit.Message
		err error
	)
	format := b.usualFormat(ctx, to, s.Grant.BreakGlass)
	if s.Problem == nil {
		if m, err = b.signInMessage(s, format); err == nil && !m.Fits() {
			s.Problem = errLinkTooLong(s)
		}
	}
	if s.Problem != nil {
		b.refusal(ctx, to, s.Problem) // for the log
		m, err = b.noLinkMessage(s, format)
	}
	if err != nil {
		b.withhold(ctx, r, s.Issued, err)
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.deliverCredentials(ctx, to, r, s.Issued, m)
	b.refreshHome(ctx, to)
}

// signInMessage holds the link in a button, or whole as text to copy: never in
// the fallback text, and nothing that Slack would unfurl, and so open. Who has a
// key gets it encrypted, since whoever has the link is signed in.
func (b *Bot) signInMessage(s broker.SignIn, f snippet.Format) (blockkit.Message, error) {
	blocks, err := b.linkBlocks(s, f)
	if err != nil {
		return blockkit.Message{}, errSeal(s.Issued, err)
	}
	head := []slack.RichTextElement{blockkit.Paragraph(b.signInHead(s)...)}
	text := fmt.Sprintf("%s: here is your link to the AWS console. It works for %s, the session lasts %s.",
		s.Account.Name, blockkit.TimeLeft(s.Until.Sub(b.now())), blockkit.TimeLeft(s.Grant.Expires.Sub(b.now())))
	if _, sealed := s.Sealing.Key(); sealed {
		text += " It is encrypted to your key."
	}
	if !s.Grant.MFA {
		head = append(head, blockkit.Paragraph(blockkit.Bold(blockkit.NoMFA)))
		text += " " + blockkit.NoMFA
	}
	until := blockkit.Paragraph(
		blockkit.Plain("The link works until "), blockkit.Moment(s.Until), blockkit.Plain(" and signs in whoever opens it: keep it to yourself.\nThe console "+
			"session lasts until "),
		blockkit.Moment(s.Grant.Expires), blockkit.Plain(" ("+blockkit.TimeLeft(s.Grant.Expires.Sub(b.now()))+" left)."))
	m := blockkit.Message{Text: text, Blocks: []slack.Block{slack.NewRichTextBlock("", head...)}}
	// The buttons come before what is to be copied, after the link that is one.
	at := 0
	if blocks[0].BlockType() == slack.MBTAction {
		at = 1
	}
	m.Blocks = append(m.Blocks, slices.Insert(blocks, at, grantButtons(s.Grant, s.Kept, s.Account.Revoker != ""))...)
	m.Blocks = append(m.Blocks, slack.NewRichTextBlock("", until))
	return m, nil
}

// linkBlocks are the link itself. Where nobody looked whether the person has a
// key, it is not shown.
func (b *Bot) linkBlocks(s broker.SignIn, f snippet.Format) ([]slack.Block, error) {
	shown, err := snippet.ShowLink(s.Sealing, f, s.Link)
	switch {
	case err != nil:
		return nil, err
	case shown.Sealed != nil:
		return []slack.Block{slack.NewRichTextBlock("", blockkit.Preformatted(shown.Text),
			blockkit.Paragraph(b.voice.spans(blockkit.Plain, shown.Use, shown.Sealed)...))}, nil
	case len(shown.Text) > maxButtonURL:
		return []slack.Block{slack.NewRichTextBlock("", blockkit.Paragraph(blockkit.Plain("Copy this link into a browser:")), blockkit.Preformatted(shown.Text))}, nil
	}
	open := blockkit.Button(actOpenLink, "Open the AWS console", s.Grant.ID)
	open.URL, open.Style = shown.Text, slack.StylePrimary
	return []slack.Block{slack.NewActionBlock("", open)}, nil
}

func (b *Bot) signInHead(s broker.SignIn) []blockkit.Span {
	head := []blockkit.Span{blockkit.Bold(s.Account.Name), blockkit.Plain(" in the AWS console")}
	if s.Service != "" {
		head = append(head, blockkit.Plain(", at "), blockkit.Code(s.Service))
	}
	if s.Account.Region != "" {
		head = append(head, blockkit.Plain(", in "+s.Account.Region))
	}
	head = append(head, blockkit.Plain(".\n"))
	if s.Grant.Principal != "" {
		head = append(head, blockkit.Code(s.Grant.Principal), blockkit.Plain("\n"))
	}
	return append(head, b.voice.spans(blockkit.Plain, broker.Say(s.Way, "."))...)
}

// noLinkMessage says why there is no link, above what would have been shown
// without "as console".
func (b *Bot) noLinkMessage(s broker.SignIn, f snippet.Format) (blockkit.Message, error) {
	m, err := b.issuedMessage(s.Issued, f)
	if err != nil {
		return blockkit.Message{}, err
	}
	why := b.voice.error(s.Problem)
	m.Blocks = append(why.Blocks, m.Blocks...)
	m.Text = b.voice.text(s.Problem.What) + " " + m.Text
	if !m.Fits() {
		return blockkit.Message{}, &broker.Error{
			Code: broker.CodeTooLarge, Ref: broker.ShortRef(s.Grant.ID), Err: errors.New("the snippet and the reason why there is no link"),
			What: broker.Say(s.Problem.What, " The credentials were issued, but are too large for one Slack message."),
			Hint: broker.Say("Ask again with a new code, without ", broker.Literal("as console"), "."),
		}
	}
	return m, nil
}

func errLinkTooLong(s broker.SignIn) *broker.Error {
	return &broker.Error{
		Code: broker.CodeTooLarge, Ref: broker.ShortRef(s.Grant.ID),
		Err:  fmt.Errorf("the link is %d bytes", len(s.Link.Reveal())),
		What: broker.Say("The sign-in link is too long for one Slack message."),
		Hint: broker.Say("It grows with the session policy and tags of the account. The credentials were issued and work: here they are."),
	}
}
