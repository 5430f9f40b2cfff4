package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// sealFor encrypts s to a person's public key, as the armored block that age -d
// opens, without a newline at its end. Every secret of a person with a key, a
// sign-in link too, goes to Slack in this form or not at all.
func sealFor(to broker.PublicKey, s broker.Secret) (string, error) {
	r, err := recipient(to)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	if s.Empty() {
		return "", errors.New("seal: there is nothing to seal")
	}
	var text strings.Builder
	armored := armor.NewWriter(&text)
	w, err := age.Encrypt(armored, r)
	if err != nil {
		return "", errors.New("seal: age cannot encrypt to the key") // its error may quote the key
	}
	_, err = io.WriteString(w, s.Reveal())
	if err := errors.Join(err, w.Close(), armored.Close()); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

// errSeal answers credentials that exist and cannot be encrypted: they are
// shown to nobody.
func errSeal(i broker.Issued, err error) error {
	return &broker.Error{
		Code: broker.CodeSealFailed, Ref: broker.ShortRef(i.Grant.ID), Err: err,
		What: broker.Say("AWS issued credentials for " + i.Account.Name + ", but they could not be encrypted to your key, so they are shown to nobody."),
		Hint: broker.Say("`/assume key` shows your key. Pass the reference to whoever runs the bot."),
	}
}

// withhold records that credentials exist and are not shown; why is told as the
// answer, so it is owed no more.
func (b *Bot) withhold(ctx context.Context, r broker.Request, issued broker.Issued, err error) {
	b.broker().Undelivered(ctx, r, issued.Grant, withheld(err))
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

// A shown is a snippet as the message holds it.
type shown struct {
	text   string // to be copied; ciphertext where the person has a key
	use    string // one of our sentences: how to use it
	sealed string // one of our sentences on the key; "" in clear
}

// asShown seals a snippet as its Sealing says. Where nobody looked whether the
// person has a key, nothing is shown.
func asShown(i broker.Issued, f Format, snippet broker.Secret) (shown, error) {
	key, sealed := i.Sealing.Key()
	switch {
	case !i.Sealing.Decided():
		return shown{}, errSeal(i, errors.New("nobody looked whether the person has a key"))
	case !sealed:
		return shown{text: snippet.Reveal(), use: howToUse(f, i.Account.Name)}, nil
	}
	block, err := sealFor(key, snippet)
	if err != nil {
		return shown{}, errSeal(i, err)
	}
	text, use := sealedSnippet(f, block, key, i.Account.Name)
	return shown{text: text, use: use, sealed: "It is encrypted to your key `" + key.Fingerprint + "`."}, nil
}

// spoken is what the fallback text adds, for whoever cannot see the message.
func (s shown) spoken() string {
	if s.sealed == "" {
		return ""
	}
	return "The reply is encrypted to your key."
}

// paragraphs are what stands below the snippet.
func (s shown) paragraphs(b *Bot) []slack.RichTextElement {
	elements := []slack.RichTextElement{blockkit.Paragraph(blockkit.Codes(b.withPrefix(s.use))...)}
	if s.sealed != "" {
		elements = append(elements, blockkit.Paragraph(blockkit.Codes(s.sealed)...))
	}
	return elements
}

// key serves /assume key.
func (b *Bot) key(ctx context.Context, to conversation, c Command) {
	r := to.request(c)
	if c.Change == KeyShow {
		status, err := b.broker().KeyStatus(ctx, r)
		b.answer(ctx, to, err, func() blockkit.Message { return b.keyMessage(status) })
		return
	}
	changed, err := b.broker().ChangeKey(ctx, r, c.Key)
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.deliver(ctx, to, b.keyChangedMessage(changed))
	// The direct message is for the person whose Slack somebody else holds: it
	// stays, where the private answer is gone with the next reload.
	b.tellOrOwe(ctx, to, b.keyNoticeMessage(changed))
}
