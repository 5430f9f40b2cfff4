package message

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// ownUser is said of credentials of an Account without a role.
const ownUser = "These credentials are your own IAM user: they can assume every role that trusts it, outside of this bot. " +
	"No rule, block or revocation of the bot reaches that."

// Issued shows Credentials: what they are for, until when, how they were
// obtained, and the snippet whole. What does not fit is not shown at all.
func Issued(v Voice, i broker.Issued, f snippet.Format) (blockkit.Message, error) {
	if f == "" {
		f = snippet.Bash
	}
	secret, err := snippet.New(f, snippet.Params{Credentials: i.Credentials, Region: i.Account.Region, Profile: i.Account.Name})
	if err != nil {
		return blockkit.Message{}, err
	}
	shown, err := snippet.Show(i.Sealing, f, i.Account.Name, secret)
	if err != nil {
		return blockkit.Message{}, errSeal(i, err)
	}
	left := blockkit.TimeLeft(i.Grant.Expires.Sub(v.Now()))
	head := blockkit.Line(blockkit.Bold(i.Account.Name), " is yours until ", blockkit.Moment(i.Grant.Expires), ", "+left+" left.\n")
	if i.Grant.Principal != "" {
		head = blockkit.Line(head, blockkit.Code(i.Grant.Principal), "\n")
	}
	head = append(append(head, v.spans(blockkit.Plain, prose.Say(i.Way, "."))...), entryOf(i.Grant)...)
	above := []slack.RichTextElement{blockkit.Paragraph(head)}
	text := fmt.Sprintf("%s is yours for %s.", i.Account.Name, left)
	if !i.Grant.MFA {
		above = append(above, blockkit.Paragraph(blockkit.Bold(blockkit.NoMFA)))
		text += " " + blockkit.NoMFA
	}
	if !i.Account.HasRole() {
		above = append(above, blockkit.Paragraph(ownUser))
		text += " They are your own IAM user, outside of the rules for roles."
	}
	below := append([]slack.RichTextElement{blockkit.Preformatted(shown.Text)}, belowSnippet(v, shown)...)
	text = strings.TrimSpace(text + " " + shown.Spoken())
	if warning := tokenWarning(i.Credentials); warning != "" {
		below = append(below, blockkit.Paragraph(warning))
	}
	if !i.Saved {
		below = append(below, blockkit.Paragraph("The store of the bot did not keep them, so copy them now: nothing can show or use them again."))
	}
	// The buttons come before the snippet, which fills the screen of a phone.
	m := blockkit.Message{Text: text, Blocks: []slack.Block{
		slack.NewRichTextBlock("", above...),
		grantButtons(i.Grant, i.Saved, i.Account.Revoker != ""),
		slack.NewRichTextBlock("", below...),
	}}.Keep()
	if !m.Fits() {
		return blockkit.Message{}, &broker.Error{
			Code: broker.CodeTooLarge,
			Ref:  broker.ShortRef(i.Grant.ID),
			Err:  fmt.Errorf("the snippet is %d bytes", len(shown.Text)),
			What: prose.Say("AWS issued credentials for " + i.Account.Name +
				", but they are too large for one Slack message. They are not shown: half of them would be no use."),
			Hint: prose.Sentences(prose.Say("A session token grows with the session policy and tags of the account: the config must ask for less."),
				prose.Say(broker.AskOperator)),
		}
	}
	return m, nil
}

// belowSnippet is what stands below the snippet.
func belowSnippet(v Voice, s snippet.Shown) []slack.RichTextElement {
	elements := []slack.RichTextElement{blockkit.Paragraph(v.say(s.Use))}
	if s.Sealed != nil {
		elements = append(elements, blockkit.Paragraph(v.say(s.Sealed)))
	}
	return elements
}

// largeToken is where tools begin to refuse session tokens, in bytes.
// https://github.com/kubernetes-sigs/aws-iam-authenticator/issues/1106
const largeToken = 2500

// tokenWarning says that not every tool takes this session token; "" where none
// is known to refuse it.
func tokenWarning(c secret.Credentials) string {
	n := len(c.SessionToken.Reveal())
	if n <= largeToken {
		return ""
	}
	return fmt.Sprintf("The session token is large, %s bytes: some tools refuse one of more than %s, aws-iam-authenticator for one.", text.FormatNumber(n),
		text.FormatNumber(largeToken))
}

// errSeal answers credentials that exist and cannot be encrypted: they are
// shown to nobody.
func errSeal(i broker.Issued, err error) error {
	return &broker.Error{
		Code: broker.CodeSealFailed, Ref: broker.ShortRef(i.Grant.ID), Err: err,
		What: prose.Say("AWS issued credentials for " + i.Account.Name + ", but they could not be encrypted to your key, so they are shown to nobody."),
		Hint: prose.Sentences(prose.Say(prose.AssumeCmd("key"), " shows your key."), prose.Say(broker.AskOperator)),
	}
}

// entryOf names the entry of the record that tells of a Grant; nothing of one that was
// issued before entries had numbers.
func entryOf(g broker.Grant) []blockkit.Span {
	if g.Entry <= 0 {
		return nil
	}
	return blockkit.Line(" It is ", blockkit.Code(blockkit.EntryName(g.Entry)), ".")
}
