package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

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
func (b *Bot) console(ctx context.Context, to conversation, c Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeConsole
	s, err := b.broker().Console(ctx, r, c.Service)
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
		return option(string(FormatConsole), "a link to the AWS console")
	}
	return option(string(FormatConsole)+" "+service, "a link to the AWS console, at "+service)
}

// consoleOf makes a sign-in link of a Grant inside its reveal window.
func (b *Bot) consoleOf(ctx context.Context, to conversation, grant string) {
	r := to.request(Command{})
	r.Purpose = broker.PurposeConsole
	issued, err := b.broker().Reveal(ctx, r, grant)
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	r.Account = issued.Account.Name
	s, err := b.broker().ConsoleLink(ctx, r, issued, "")
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
		m   message
		err error
	)
	format := b.usualFormat(ctx, to, s.Grant.BreakGlass)
	if s.Problem == nil {
		if m, err = b.signInMessage(s, format); err == nil && !m.fits() {
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
func (b *Bot) signInMessage(s broker.SignIn, f Format) (message, error) {
	blocks, err := b.linkBlocks(s, f)
	if err != nil {
		return message{}, errSeal(s.Issued, err)
	}
	head := []slack.RichTextElement{paragraph(b.signInHead(s)...)}
	text := fmt.Sprintf("%s: here is your link to the AWS console. It works for %s, the session lasts %s.",
		s.Account.Name, timeLeft(s.Until.Sub(b.now())), timeLeft(s.Grant.Expires.Sub(b.now())))
	if _, sealed := s.Sealing.Key(); sealed {
		text += " It is encrypted to your key."
	}
	if !s.Grant.MFA {
		head = append(head, paragraph(bold(noMFA)))
		text += " " + noMFA
	}
	until := paragraph(
		plain("The link works until "), moment(s.Until), plain(" and signs in whoever opens it: keep it to yourself.\nThe console session lasts until "),
		moment(s.Grant.Expires), plain(" ("+timeLeft(s.Grant.Expires.Sub(b.now()))+" left)."))
	m := message{text: text, blocks: []slack.Block{slack.NewRichTextBlock("", head...)}}
	// The buttons come before what is to be copied, after the link that is one.
	at := 0
	if blocks[0].BlockType() == slack.MBTAction {
		at = 1
	}
	m.blocks = append(m.blocks, slices.Insert(blocks, at, grantButtons(s.Grant, s.Kept, s.Account.Revoker != ""))...)
	m.blocks = append(m.blocks, slack.NewRichTextBlock("", until))
	return m, nil
}

// linkBlocks are the link itself. Where nobody looked whether the person has a
// key, it is not shown.
func (b *Bot) linkBlocks(s broker.SignIn, f Format) ([]slack.Block, error) {
	link := s.Link.Reveal()
	key, sealed := s.Sealing.Key()
	switch {
	case !s.Sealing.Decided():
		return nil, errors.New("nobody looked whether the person has a key")
	case sealed:
		block, err := sealFor(key, s.Link)
		if err != nil {
			return nil, err
		}
		text, use := sealedLink(f, block, key)
		return []slack.Block{slack.NewRichTextBlock("", preformatted(text),
			paragraph(codes(use+" It is encrypted to your key `"+key.Fingerprint+"`.")...))}, nil
	case len(link) > maxButtonURL:
		return []slack.Block{slack.NewRichTextBlock("", paragraph(plain("Copy this link into a browser:")), preformatted(link))}, nil
	}
	open := button(actOpenLink, "Open the AWS console", s.Grant.ID)
	open.URL, open.Style = link, slack.StylePrimary
	return []slack.Block{slack.NewActionBlock("", open)}, nil
}

// sealedLink wraps an armored block into what prints the link that it holds.
func sealedLink(f Format, block string, key broker.PublicKey) (text, use string) {
	unix, windows := identityFile(key)
	switch f {
	case FormatFish:
		return "printf '%s\\n' '" + block + "' | age -d -i " + unix, "Pasted into fish, it prints the link; it needs age."
	case FormatPowerShell, FormatCmd:
		return "@'\n" + block + "\n'@ | age -d -i \"" + windows + "\"", "Pasted into PowerShell, it prints the link; it needs age."
	}
	return "age -d -i " + unix + " <<'EOF'\n" + block + "\nEOF", "Pasted into bash, zsh or sh, it prints the link; it needs age."
}

func (b *Bot) signInHead(s broker.SignIn) []span {
	head := []span{bold(s.Account.Name), plain(" in the AWS console")}
	if s.Service != "" {
		head = append(head, plain(", at "), code(s.Service))
	}
	if s.Account.Region != "" {
		head = append(head, plain(", in "+s.Account.Region))
	}
	head = append(head, plain(".\n"))
	if s.Grant.Principal != "" {
		head = append(head, code(s.Grant.Principal), plain("\n"))
	}
	return append(head, codes(s.Way+".")...)
}

// noLinkMessage says why there is no link, above what would have been shown
// without "as console".
func (b *Bot) noLinkMessage(s broker.SignIn, f Format) (message, error) {
	m, err := b.issuedMessage(s.Issued, f)
	if err != nil {
		return message{}, err
	}
	why := b.errorMessage(s.Problem)
	m.blocks = append(why.blocks, m.blocks...)
	m.text = broker.Plain(s.Problem.What) + " " + m.text
	if !m.fits() {
		return message{}, &broker.Error{
			Code: broker.CodeTooLarge, Ref: broker.ShortRef(s.Grant.ID), Err: errors.New("the snippet and the reason why there is no link"),
			What: broker.Say(broker.Plain(s.Problem.What) + " The credentials were issued, but are too large for one Slack message."),
			Hint: broker.Say("Ask again with a new code, without `as console`."),
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
