package message

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

func howToSetKey() []prose.Part {
	return prose.Say("Set one with ", prose.AssumeCmd("key age1… 123456"), " or ", prose.AssumeCmd("key ssh-ed25519 AAAA… 123456"),
		": the public half of an age or SSH key, and a fresh code.")
}

func howToChangeKey() []prose.Part {
	return prose.Say(prose.AssumeCmd("key age1… 123456"), " replaces it, ", prose.AssumeCmd("key remove 123456"), " removes it, each with a fresh code.")
}

// Key shows what a person's credentials are encrypted to.
func Key(v Voice, k broker.KeyStatus) blockkit.Message {
	say := func(text string, head []blockkit.Span, hint ...any) blockkit.Message {
		return blockkit.NewMessage(text, blockkit.Paragraph(head), blockkit.Paragraph(v.say(hint...)))
	}
	switch {
	case k.Unreadable:
		head := "You have a key registered, but it cannot be read."
		return say(head, []blockkit.Span{blockkit.Bold(head)}, "Nothing is issued to you until it is mended. ", howToChangeKey())
	case k.FromConfig:
		return say("Your credentials are encrypted to your "+k.Key.Type+" key, which the config sets.",
			keySpans("Your credentials are encrypted to your ", k.Key, ", which the config sets."), "It cannot be changed from Slack.")
	case k.Key.Empty() && k.Required:
		head := "You have no key that counts: for you, the key must be in the config."
		return say(head, []blockkit.Span{blockkit.Bold(head)},
			"Nothing is issued to you until the config names your key. A key set with ", prose.AssumeCmd("key"),
			" does not count. Ask whoever runs the bot to add yours.")
	case k.Key.Empty():
		head := "You have no key: your credentials go through Slack in clear."
		return say(head, []blockkit.Span{blockkit.Bold(head)}, howToSetKey())
	}
	text, head := "Your credentials are encrypted to your "+k.Key.Type+" key.", keySpans("Your credentials are encrypted to your ", k.Key, ", set ")
	if k.Required {
		text = "Your key does not count: for you, the key must be in the config. Nothing is issued to you until the config names one."
		head = append([]blockkit.Span{blockkit.Bold(text + " ")}, keySpans("You registered the ", k.Key, ", set ")...)
	}
	return say(text, blockkit.Line(head, blockkit.Moment(k.Set), "."), howToChangeKey())
}

// keySpans names a key in a sentence.
func keySpans(before string, k secret.PublicKey, after string) []blockkit.Span {
	spans := blockkit.Line(before+k.Type+" key ", blockkit.Code(k.Fingerprint))
	if after != "" {
		spans = blockkit.Line(spans, after)
	}
	return spans
}

// KeyChanged is the private answer to a change.
func KeyChanged(v Voice, c broker.ChangedKey) blockkit.Message {
	if c.Key.Empty() {
		text := "Your key is removed: from now on your credentials go through Slack in clear."
		return blockkit.NewMessage(text, blockkit.Paragraph(blockkit.Bold(text)), blockkit.Paragraph(v.say(howToSetKey())))
	}
	text := "Your key is " + string(c.Change) + ". From now on your credentials come encrypted to it."
	elements := []slack.RichTextElement{
		blockkit.Paragraph(append([]blockkit.Span{blockkit.Bold(text + " ")}, keySpans("It is the ", c.Key, ".")...)),
		blockkit.Paragraph("Compare the fingerprint with your own: ", blockkit.Code(fingerprintCommand(c.Key))),
	}
	return blockkit.NewMessage(text, elements...)
}

func fingerprintCommand(k secret.PublicKey) string {
	if strings.HasPrefix(k.Type, "ssh-") {
		unix, _ := snippet.IdentityFile(k)
		return "ssh-keygen -l -f " + unix + ".pub"
	}
	return "age-keygen -y ~/.config/age/keys.txt"
}

// KeyNotice tells a person of a change that may not be theirs.
func KeyNotice(c broker.ChangedKey) blockkit.Message {
	text := "The key that your AWS credentials are encrypted to was " + string(c.Change) + "."
	spans := blockkit.Line(blockkit.Bold(text), "\nChanged ", blockkit.Moment(c.At))
	if !c.Key.Empty() {
		spans = append(spans, keySpans(", to the ", c.Key, "")...)
	}
	if !c.Previous.Empty() {
		spans = append(spans, keySpans(", from the ", c.Previous, "")...)
	}
	const mine = "If that was not you, somebody holds your Slack and your MFA device: tell whoever runs the bot at once."
	return blockkit.NewMessage(text+" "+mine, blockkit.Paragraph(spans, ".\n"+mine))
}
