package bot

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

const (
	howToSetKey    = "Set one with `/assume key age1… 123456` or `/assume key ssh-ed25519 AAAA… 123456`: the public half of an age or SSH key, and a fresh code."
	howToChangeKey = "`/assume key age1… 123456` replaces it, `/assume key remove 123456` removes it, each with a fresh code."
)

// keyMessage shows what a person's credentials are encrypted to.
func (b *Bot) keyMessage(k broker.KeyStatus) message {
	say := func(text string, head []span, hint string) message {
		return newMessage(text, paragraph(head...), paragraph(codes(b.withPrefix(hint))...))
	}
	switch {
	case k.Unreadable:
		head := "You have a key registered, but it cannot be read."
		return say(head, []span{bold(head)}, "Nothing is issued to you until it is mended. "+howToChangeKey)
	case k.FromConfig:
		return say("Your credentials are encrypted to your "+k.Key.Type+" key, which the config sets.",
			keySpans("Your credentials are encrypted to your ", k.Key, ", which the config sets."), "It cannot be changed from Slack.")
	case k.Key.Empty() && k.Required:
		head := "You have no key that counts: for you, the key must be in the config."
		return say(head, []span{bold(head)}, "Nothing is issued to you until the config names your key. A key set with `/assume key` does not count. Ask whoever runs the bot to add yours.")
	case k.Key.Empty():
		head := "You have no key: your credentials go through Slack in clear."
		return say(head, []span{bold(head)}, howToSetKey)
	}
	text, head := "Your credentials are encrypted to your "+k.Key.Type+" key.", keySpans("Your credentials are encrypted to your ", k.Key, ", set ")
	if k.Required {
		text = "Your key does not count: for you, the key must be in the config. Nothing is issued to you until the config names one."
		head = append([]span{bold(text + " ")}, keySpans("You registered the ", k.Key, ", set ")...)
	}
	return say(text, append(head, moment(k.Set), plain(".")), howToChangeKey)
}

// keySpans names a key in a sentence.
func keySpans(before string, k broker.PublicKey, after string) []span {
	spans := []span{plain(before + k.Type + " key "), code(k.Fingerprint)}
	if after != "" {
		spans = append(spans, plain(after))
	}
	return spans
}

// keyChangedMessage is the private answer to a change.
func (b *Bot) keyChangedMessage(c broker.ChangedKey) message {
	if c.Key.Empty() {
		text := "Your key is removed: from now on your credentials go through Slack in clear."
		return newMessage(text, paragraph(bold(text)), paragraph(codes(b.withPrefix(howToSetKey))...))
	}
	text := "Your key is " + string(c.Change) + ". From now on your credentials come encrypted to it."
	elements := []slack.RichTextElement{
		paragraph(append([]span{bold(text + " ")}, keySpans("It is the ", c.Key, ".")...)...),
		paragraph(plain("Compare the fingerprint with your own: "), code(fingerprintCommand(c.Key))),
	}
	return newMessage(text, elements...)
}

func fingerprintCommand(k broker.PublicKey) string {
	if strings.HasPrefix(k.Type, "ssh-") {
		unix, _ := identityFile(k)
		return "ssh-keygen -l -f " + unix + ".pub"
	}
	return "age-keygen -y ~/.config/age/keys.txt"
}

// keyNoticeMessage tells a person of a change that may not be theirs.
func (b *Bot) keyNoticeMessage(c broker.ChangedKey) message {
	text := "The key that your AWS credentials are encrypted to was " + string(c.Change) + "."
	spans := []span{bold(text), plain("\nChanged "), moment(c.At)}
	if !c.Key.Empty() {
		spans = append(spans, keySpans(", to the ", c.Key, "")...)
	}
	if !c.Previous.Empty() {
		spans = append(spans, keySpans(", from the ", c.Previous, "")...)
	}
	const mine = "If that was not you, somebody holds your Slack and your MFA device: tell whoever runs the bot at once."
	return newMessage(text+" "+mine, paragraph(append(spans, plain(".\n"+mine))...))
}

// keyAudit is how the audit channel tells of a changed key.
func keyAudit(e broker.Event) []span {
	switch e.KeyChange {
	case broker.KeyRemoved:
		return []span{bold("Key removed"), plain(" by " + person(e) + ": their credentials go through Slack in clear from now on. It was "), keyName(e.PreviousKey), plain(".")}
	case broker.KeyReplaced:
		return []span{bold("Key replaced"), plain(" by " + person(e) + ": their credentials are encrypted to "), keyName(e.Key), plain(" instead of "), keyName(e.PreviousKey), plain(".")}
	}
	return []span{bold("Key set"), plain(" by " + person(e) + ": their credentials are encrypted to "), keyName(e.Key), plain(" from now on.")}
}

func keyName(fingerprint string) span {
	if fingerprint == "" {
		return plain("a key that could not be read")
	}
	return code(fingerprint)
}

// keyAuditText is the fallback of keyAudit.
func keyAuditText(e broker.Event) string {
	text := "Key " + string(e.KeyChange) + " by " + person(e) + "."
	if e.KeyChange == broker.KeyRemoved {
		text += " Their credentials go through Slack in clear from now on."
	}
	return text
}

// keyFailed says of whom a change failed, for Events that name no account.
func keyFailed(e broker.Event) []span {
	return append([]span{bold("Failed")}, timed(" for "+person(e)+", a key to be "+string(e.KeyChange)+": "+e.Message, plains)...)
}
