package bot

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// ownUser is said of credentials of an Account without a role.
const ownUser = "These credentials are your own IAM user: they can assume every role that trusts it, outside of this bot. " +
	"No rule, block or revocation of the bot reaches that."

// largeToken is where tools begin to refuse session tokens, in bytes.
// https://github.com/kubernetes-sigs/aws-iam-authenticator/issues/1106
const largeToken = 2500

// tokenWarning says that not every tool takes this session token; "" where none
// is known to refuse it.
func tokenWarning(c broker.Credentials) string {
	n := len(c.SessionToken.Reveal())
	if n <= largeToken {
		return ""
	}
	return fmt.Sprintf("The session token is large, %s bytes: some tools refuse one of more than %s, aws-iam-authenticator for one.", broker.FormatNumber(n),
		broker.FormatNumber(largeToken))
}

// issuedMessage shows Credentials: what they are for, until when, how they were
// obtained, and the snippet whole. What does not fit is not shown at all.
func (b *Bot) issuedMessage(i broker.Issued, f snippet.Format) (blockkit.Message, error) {
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
	left := blockkit.TimeLeft(i.Grant.Expires.Sub(b.now()))
	head := []blockkit.Span{blockkit.Bold(i.Account.Name), blockkit.Plain(" is yours until "), blockkit.Moment(i.Grant.Expires),
		blockkit.Plain(", " + left + " left.\n")}
	if i.Grant.Principal != "" {
		head = append(head, blockkit.Code(i.Grant.Principal), blockkit.Plain("\n"))
	}
	head = append(head, b.voice.spans(blockkit.Plain, broker.Say(i.Way, "."))...)
	above := []slack.RichTextElement{blockkit.Paragraph(head...)}
	text := fmt.Sprintf("%s is yours for %s.", i.Account.Name, left)
	if !i.Grant.MFA {
		above = append(above, blockkit.Paragraph(blockkit.Bold(blockkit.NoMFA)))
		text += " " + blockkit.NoMFA
	}
	if !i.Account.HasRole() {
		above = append(above, blockkit.Paragraph(blockkit.Plain(ownUser)))
		text += " They are your own IAM user, outside of the rules for roles."
	}
	below := append([]slack.RichTextElement{blockkit.Preformatted(shown.Text)}, b.belowSnippet(shown)...)
	text = strings.TrimSpace(text + " " + shown.Spoken())
	if warning := tokenWarning(i.Credentials); warning != "" {
		below = append(below, blockkit.Paragraph(blockkit.Plain(warning)))
	}
	if !i.Kept {
		below = append(below, blockkit.Paragraph(blockkit.Plain("The store of the bot did not keep them, so copy them now: nothing can show or use them again.")))
	}
	// The buttons come before the snippet, which fills the screen of a phone.
	m := blockkit.Message{Text: text, Blocks: []slack.Block{
		slack.NewRichTextBlock("", above...),
		grantButtons(i.Grant, i.Kept, i.Account.Revoker != ""),
		slack.NewRichTextBlock("", below...),
	}}
	if !m.Fits() {
		return blockkit.Message{}, &broker.Error{
			Code: broker.CodeTooLarge,
			Ref:  broker.ShortRef(i.Grant.ID),
			Err:  fmt.Errorf("the snippet is %d bytes", len(shown.Text)),
			What: broker.Say("AWS issued credentials for " + i.Account.Name +
				", but they are too large for one Slack message. They are not shown: half of them would be no use."),
			Hint: broker.Sentences(broker.Say("A session token grows with the session policy and tags of the account: the config must ask for less."),
				broker.Say(broker.AskOperator)),
		}
	}
	return m, nil
}

// endedMessage says honestly what ending a Grant did.
func (b *Bot) endedMessage(ended broker.Ending) blockkit.Message {
	if ended.Revoked != nil {
		return b.revokedMessage(*ended.Revoked)
	}
	g := ended.Grant
	return blockkit.NewMessage("Ended: the bot has forgotten the credentials for "+g.Account+".",
		blockkit.Paragraph(blockkit.Bold("Ended"), blockkit.Plain(": the bot has forgotten the credentials for "), blockkit.Bold(g.Account), blockkit.Plain(" "),
			blockkit.Code(g.AccessKeyID),
			blockkit.Plain(sessionEnded(ended.Session)+". AWS keeps them valid until "), blockkit.Moment(g.Expires), blockkit.Plain(", wherever they were pasted.")))
}

func (b *Bot) noBuckets(list broker.BucketList) blockkit.Message {
	spans := []blockkit.Span{blockkit.Bold("No buckets"), blockkit.Plain(" in " + list.Account.Name + ".\n")}
	text := "No buckets in " + list.Account.Name + "."
	if list.Prefix != "" {
		spans = append([]blockkit.Span{blockkit.Bold("No buckets"), blockkit.Plain(" in " + list.Account.Name + " start with "), blockkit.Code(list.Prefix),
			blockkit.Plain(".\n")},
			b.voice.say("All of them: ", broker.BucketsCmd(list.Account.Name), "\n")...)
		text = "No buckets in " + list.Account.Name + " start with that."
	}
	return blockkit.NewMessage(text, blockkit.Paragraph(append(spans, usedSpans(list)...)...))
}

// usedSpans says with which credentials a list was made.
func usedSpans(list broker.BucketList) []blockkit.Span {
	g := list.Grant
	spans := []blockkit.Span{blockkit.Plain("Listed with "), blockkit.Code(g.AccessKeyID),
		blockkit.Plain(", issued " + fromSession(g) + "for this; it ends "), blockkit.Moment(g.Expires), blockkit.Plain(".")}
	if list.Reused {
		spans = []blockkit.Span{blockkit.Plain("Listed with your credentials "), blockkit.Code(g.AccessKeyID), blockkit.Plain(", no new code needed.")}
	}
	if !g.MFA {
		spans = append(spans, blockkit.Plain(" "), blockkit.Bold(blockkit.NoMFA))
	}
	return spans
}

func (b *Bot) whoamiMessage(w broker.WhoAmI) blockkit.Message {
	elements := []slack.RichTextElement{blockkit.Paragraph(
		blockkit.Plain("Your own key is "), blockkit.Code(w.Own.ARN), blockkit.Plain(" in account "), blockkit.Code(w.Own.Account), blockkit.Plain("."))}
	switch {
	case w.Live != nil:
		elements = append(elements, blockkit.Paragraph(
			blockkit.Plain("Your live credentials for "), blockkit.Bold(w.Account), blockkit.Plain(" are "), blockkit.Code(w.Live.ARN),
			blockkit.Plain(" ("), blockkit.Code(w.Live.UserID), blockkit.Plain(") until "), blockkit.Moment(w.Grant.Expires), blockkit.Plain(".")))
	case w.Account != "":
		elements = append(elements, blockkit.Paragraph(blockkit.Plain("The bot holds no live credentials of yours for "), blockkit.Bold(w.Account),
			blockkit.Plain(" that it could ask with.")))
	}
	if w.Session != nil {
		elements = append(elements, blockkit.Paragraph(mfaSpans(*w.Session)...))
	}
	return blockkit.NewMessage("Who AWS takes you for.", elements...)
}

func (b *Bot) accountsMessage(accounts []broker.Account, complete bool) blockkit.Message {
	if len(accounts) == 0 && complete {
		return blockkit.NewMessage("You may not have any account yet.",
			blockkit.Paragraph(blockkit.Bold("You may not have any account yet."), blockkit.Plain(" Ask whoever runs the bot to add you.")))
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold("You may have:"))}
	const most = 40
	items := make([][]blockkit.Span, 0, len(accounts))
	for _, a := range accounts[:min(len(accounts), most)] {
		items = append(items, accountSpans(a))
	}
	if len(items) > 0 {
		elements = append(elements, blockkit.Bullets(items...))
	}
	if len(accounts) > most {
		elements = append(elements, blockkit.Paragraph(blockkit.Plain(fmt.Sprintf("and %d more.", len(accounts)-most))))
	}
	if !complete {
		elements = append(elements, blockkit.Paragraph(blockkit.Plain("Slack cannot say right now which user groups you are in; there may be more.")))
	}
	return blockkit.NewMessage("You may have "+blockkit.Counted(len(accounts), "account")+".", elements...)
}

func accountSpans(a broker.Account) []blockkit.Span {
	spans := []blockkit.Span{blockkit.Code(a.Name)}
	if a.HasRole() {
		spans = append(spans, blockkit.Plain("  "+a.RoleARN.RoleName()+" in "+a.RoleARN.AccountID()))
	} else {
		spans = append(spans, blockkit.Plain("  your own IAM user"))
	}
	spans = append(spans, blockkit.Plain(", up to "+broker.FormatDuration(a.MaxDuration)))
	if a.Approval != nil {
		spans = append(spans, blockkit.Plain(", with approval"))
	}
	if a.MFA == broker.MFANone {
		spans = append(spans, blockkit.Plain(", "), blockkit.Bold("no MFA"))
	}
	if !a.HasRole() {
		spans = append(spans, blockkit.Plain(". It can assume every role that trusts it, outside of the bot's rules."))
	}
	return spans
}
