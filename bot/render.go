package bot

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// ownUser is said of credentials of an Account without a role.
const ownUser = "These credentials are your own IAM user: they can assume every role that trusts it, outside of this bot. " +
	"No rule, block or revocation of the bot reaches that."

const noMFA = "NO MFA: these credentials were issued without a second factor."

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
	return fmt.Sprintf("The session token is large, %s bytes: some tools refuse one of more than %s, aws-iam-authenticator for one.", grouped(n), grouped(largeToken))
}

// issuedMessage shows Credentials: what they are for, until when, how they were
// obtained, and the snippet whole. What does not fit is not shown at all.
func (b *Bot) issuedMessage(i broker.Issued, f Format) (message, error) {
	if f == "" {
		f = FormatBash
	}
	snippet, err := Snippet(f, SnippetParams{Credentials: i.Credentials, Region: i.Account.Region, Profile: i.Account.Name})
	if err != nil {
		return message{}, err
	}
	shown, err := asShown(i, f, snippet)
	if err != nil {
		return message{}, err
	}
	left := timeLeft(i.Grant.Expires.Sub(b.now()))
	head := []span{bold(i.Account.Name), plain(" is yours until "), moment(i.Grant.Expires), plain(", " + left + " left.\n")}
	if i.Grant.Principal != "" {
		head = append(head, code(i.Grant.Principal), plain("\n"))
	}
	head = append(head, codes(i.Way+".")...)
	above := []slack.RichTextElement{paragraph(head...)}
	text := fmt.Sprintf("%s is yours for %s.", i.Account.Name, left)
	if !i.Grant.MFA {
		above = append(above, paragraph(bold(noMFA)))
		text += " " + noMFA
	}
	if !i.Account.HasRole() {
		above = append(above, paragraph(plain(ownUser)))
		text += " They are your own IAM user, outside of the rules for roles."
	}
	below := append([]slack.RichTextElement{preformatted(shown.text)}, shown.paragraphs(b)...)
	text = strings.TrimSpace(text + " " + shown.spoken())
	if warning := tokenWarning(i.Credentials); warning != "" {
		below = append(below, paragraph(plain(warning)))
	}
	if !i.Kept {
		below = append(below, paragraph(plain("The store of the bot did not keep them, so copy them now: nothing can show or use them again.")))
	}
	// The buttons come before the snippet, which fills the screen of a phone.
	m := message{text: text, blocks: []slack.Block{
		slack.NewRichTextBlock("", above...),
		grantButtons(i.Grant, i.Kept, i.Account.Revoker != ""),
		slack.NewRichTextBlock("", below...),
	}}
	if !m.fits() {
		return message{}, &broker.Error{
			Code: broker.CodeTooLarge,
			Ref:  broker.ShortRef(i.Grant.ID),
			Err:  fmt.Errorf("the snippet is %d bytes", len(shown.text)),
			What: broker.Say("AWS issued credentials for " + i.Account.Name + ", but they are too large for one Slack message. They are not shown: half of them would be no use."),
			Hint: broker.Say("A session token grows with the session policy and tags of the account: the config must ask for less. Pass the reference to whoever runs the bot."),
		}
	}
	return m, nil
}

// endedMessage says honestly what ending a Grant did.
func (b *Bot) endedMessage(ended broker.Ending) message {
	if ended.Revoked != nil {
		return b.revokedMessage(*ended.Revoked)
	}
	g := ended.Grant
	return newMessage("Ended: the bot has forgotten the credentials for "+g.Account+".",
		paragraph(bold("Ended"), plain(": the bot has forgotten the credentials for "), bold(g.Account), plain(" "), code(g.AccessKeyID),
			plain(sessionEnded(ended.Session)+". AWS keeps them valid until "), moment(g.Expires), plain(", wherever they were pasted.")))
}

// howToUse says how a snippet is used. Like all that stands around a snippet it
// can be pasted together with it: a quotation mark, a parenthesis or a semicolon
// would keep a shell from reading what comes after, or fish from reading anything.
func howToUse(f Format, account string) string {
	const space = " Each command begins with a space, which keeps it out of the history of a bash with `HISTCONTROL=ignorespace` and a zsh with `HIST_IGNORE_SPACE`. "
	switch f {
	case FormatFish:
		return "Paste it into fish. The credentials expire at the time above. To keep it out of the history, press Space before you paste: fish drops the first space of what is pasted."
	case FormatPowerShell:
		return "Paste it into PowerShell. The credentials expire at the time above."
	case FormatCmd:
		return "Paste it into a Command Prompt. The credentials expire at the time above."
	case FormatDotenv:
		return "Put it into a .env file and never commit that file. The credentials expire at the time above. Variables that your shell has already set override the file, so clear them first: `unset " +
			strings.Join(credentialNames(), " ") + "`."
	case FormatProfile:
		return "Put it into `~/.aws/credentials`, in place of the section `[" + account + "]` if there is one: a section that is there twice stops the AWS CLI for every profile. " +
			"Use it with `--profile " + account + "`. The credentials expire at the time above."
	case FormatJSON:
		return "This is what a `credential_process` prints. The credentials expire at the time above."
	}
	return "Paste it into bash, zsh or sh. The credentials expire at the time above." + space +
		"For another format, end your request with `as fish`, or as powershell, cmd, dotenv, profile, json."
}

func (b *Bot) noBuckets(list broker.BucketList) message {
	spans := []span{bold("No buckets"), plain(" in " + list.Account.Name + ".\n")}
	text := "No buckets in " + list.Account.Name + "."
	if list.Prefix != "" {
		spans = append([]span{bold("No buckets"), plain(" in " + list.Account.Name + " start with "), code(list.Prefix), plain(".\n")},
			codes(b.withPrefix("All of them: `/buckets "+list.Account.Name+"`\n"))...)
		text = "No buckets in " + list.Account.Name + " start with that."
	}
	return newMessage(text, paragraph(append(spans, usedSpans(list)...)...))
}

// usedSpans says with which credentials a list was made.
func usedSpans(list broker.BucketList) []span {
	g := list.Grant
	spans := []span{plain("Listed with "), code(g.AccessKeyID), plain(", issued " + fromSession(g) + "for this; it ends "), moment(g.Expires), plain(".")}
	if list.Reused {
		spans = []span{plain("Listed with your credentials "), code(g.AccessKeyID), plain(", no new code needed.")}
	}
	if !g.MFA {
		spans = append(spans, plain(" "), bold(noMFA))
	}
	return spans
}

func (b *Bot) whoamiMessage(w broker.WhoAmI) message {
	elements := []slack.RichTextElement{paragraph(
		plain("Your own key is "), code(w.Own.ARN), plain(" in account "), code(w.Own.Account), plain("."))}
	switch {
	case w.Live != nil:
		elements = append(elements, paragraph(
			plain("Your live credentials for "), bold(w.Account), plain(" are "), code(w.Live.ARN),
			plain(" ("), code(w.Live.UserID), plain(") until "), moment(w.Grant.Expires), plain(".")))
	case w.Account != "":
		elements = append(elements, paragraph(plain("The bot holds no live credentials of yours for "), bold(w.Account), plain(" that it could ask with.")))
	}
	if w.Session != nil {
		elements = append(elements, paragraph(mfaSpans(*w.Session)...))
	}
	return newMessage("Who AWS takes you for.", elements...)
}

func (b *Bot) accountsMessage(accounts []broker.Account, complete bool) message {
	if len(accounts) == 0 && complete {
		return newMessage("You may not have any account yet.", paragraph(bold("You may not have any account yet."), plain(" Ask whoever runs the bot to add you.")))
	}
	elements := []slack.RichTextElement{paragraph(bold("You may have:"))}
	const most = 40
	items := make([][]span, 0, len(accounts))
	for _, a := range accounts[:min(len(accounts), most)] {
		items = append(items, accountSpans(a))
	}
	if len(items) > 0 {
		elements = append(elements, bullets(items...))
	}
	if len(accounts) > most {
		elements = append(elements, paragraph(plain(fmt.Sprintf("and %d more.", len(accounts)-most))))
	}
	if !complete {
		elements = append(elements, paragraph(plain("Slack cannot say right now which user groups you are in; there may be more.")))
	}
	return newMessage("You may have "+counted(len(accounts), "account")+".", elements...)
}

func accountSpans(a broker.Account) []span {
	spans := []span{code(a.Name)}
	if a.HasRole() {
		spans = append(spans, plain("  "+a.RoleARN.RoleName()+" in "+a.RoleARN.AccountID()))
	} else {
		spans = append(spans, plain("  your own IAM user"))
	}
	spans = append(spans, plain(", up to "+broker.FormatDuration(a.MaxDuration)))
	if a.Approval != nil {
		spans = append(spans, plain(", with approval"))
	}
	if a.MFA == broker.MFANone {
		spans = append(spans, plain(", "), bold("no MFA"))
	}
	if !a.HasRole() {
		spans = append(spans, plain(". It can assume every role that trusts it, outside of the bot's rules."))
	}
	return spans
}
