package message

import (
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// maxButtonURL is what a button takes; a longer link is shown as text.
// https://docs.slack.dev/reference/block-kit/block-elements/button-element
const maxButtonURL = 3000

// SignIn holds the link in a button, or whole as text to copy: never in
// the fallback text, and nothing that Slack would unfurl, and so open. Who has a
// key gets it encrypted, since whoever has the link is signed in.
func SignIn(v Voice, s broker.SignIn, f snippet.Format) (blockkit.Message, error) {
	blocks, err := linkBlocks(v, s, f)
	if err != nil {
		return blockkit.Message{}, errSeal(s.Issued, err)
	}
	head := []slack.RichTextElement{blockkit.Paragraph(signInHead(v, s))}
	text := fmt.Sprintf("%s: here is your link to the AWS console. It works for %s, the session lasts %s.",
		s.Account.Name, blockkit.TimeLeft(s.Until.Sub(v.Now())), blockkit.TimeLeft(s.Grant.Expires.Sub(v.Now())))
	if _, sealed := s.Sealing.Key(); sealed {
		text += " It is encrypted to your key."
	}
	if !s.Grant.MFA {
		head = append(head, blockkit.Paragraph(blockkit.Bold(blockkit.NoMFA)))
		text += " " + blockkit.NoMFA
	}
	until := blockkit.Paragraph("The link works until ", blockkit.Moment(s.Until),
		" and signs in whoever opens it: keep it to yourself.\nThe console "+
			"session lasts until ", blockkit.Moment(s.Grant.Expires), " ("+blockkit.TimeLeft(s.Grant.Expires.Sub(v.Now()))+" left).")
	m := blockkit.Message{Text: text, Blocks: []slack.Block{slack.NewRichTextBlock("", head...)}}
	// The buttons come before what is to be copied, after the link that is one.
	at := 0
	if blocks[0].BlockType() == slack.MBTAction {
		at = 1
	}
	m.Blocks = append(m.Blocks, slices.Insert(blocks, at, grantButtons(s.Grant, s.Saved, s.Account.Revoker != ""))...)
	m.Blocks = append(m.Blocks, slack.NewRichTextBlock("", until))
	return m, nil
}

// linkBlocks are the link itself. Where nobody looked whether the person has a
// key, it is not shown.
func linkBlocks(v Voice, s broker.SignIn, f snippet.Format) ([]slack.Block, error) {
	shown, err := snippet.ShowLink(s.Sealing, f, s.Link)
	switch {
	case err != nil:
		return nil, err
	case shown.Sealed != nil:
		return []slack.Block{slack.NewRichTextBlock("", blockkit.Preformatted(shown.Text),
			blockkit.Paragraph(v.spans(blockkit.Plain, shown.Use, shown.Sealed)))}, nil
	case len(shown.Text) > maxButtonURL:
		return []slack.Block{slack.NewRichTextBlock("", blockkit.Paragraph("Copy this link into a browser:"),
			blockkit.Preformatted(shown.Text))}, nil
	}
	open := blockkit.Button(ActOpenLink, "Open the AWS console", s.Grant.ID)
	open.URL, open.Style = shown.Text, slack.StylePrimary
	return []slack.Block{slack.NewActionBlock("", open)}, nil
}

func signInHead(v Voice, s broker.SignIn) []blockkit.Span {
	head := blockkit.Line(blockkit.Bold(s.Account.Name), " in the AWS console")
	if s.Service != "" {
		head = blockkit.Line(head, ", at ", blockkit.Code(s.Service))
	}
	if s.Account.Region != "" {
		head = blockkit.Line(head, ", in "+s.Account.Region)
	}
	head = blockkit.Line(head, ".\n")
	if s.Grant.Principal != "" {
		head = blockkit.Line(head, blockkit.Code(s.Grant.Principal), "\n")
	}
	return append(append(head, v.spans(blockkit.Plain, prose.Say(s.Way, "."))...), entryOf(s.Grant)...)
}

// NoLink says why there is no link, above what would have been shown
// without "as console".
func NoLink(v Voice, s broker.SignIn, f snippet.Format) (blockkit.Message, error) {
	m, err := Issued(v, s.Issued, f)
	if err != nil {
		return blockkit.Message{}, err
	}
	why := v.Error(s.Problem)
	m.Blocks = append(why.Blocks, m.Blocks...)
	m.Text = v.text(s.Problem.What) + " " + m.Text
	if !m.Fits() {
		return blockkit.Message{}, &broker.Error{
			Code: broker.CodeTooLarge, Ref: broker.ShortRef(s.Grant.ID), Err: errors.New("the snippet and the reason why there is no link"),
			What: prose.Say(s.Problem.What, " The credentials were issued, but are too large for one Slack message."),
			Hint: prose.Say("Ask again with a new code, without ", prose.Literal("as console"), "."),
		}
	}
	return m, nil
}

// ErrLinkTooLong is of a link that no message holds.
func ErrLinkTooLong(s broker.SignIn) *broker.Error {
	return &broker.Error{
		Code: broker.CodeTooLarge, Ref: broker.ShortRef(s.Grant.ID),
		Err:  fmt.Errorf("the link is %d bytes", len(s.Link.Reveal())),
		What: prose.Say("The sign-in link is too long for one Slack message."),
		Hint: prose.Say("It grows with the session policy and tags of the account. The credentials were issued and work: here they are."),
	}
}
