package typed

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker/text"
)

// A Kind says what a token is.
type Kind int

// The kinds.
const (
	KindWord      Kind = iota
	KindUser           // a mention that Slack resolved; ID is the Slack user ID
	KindChannel        // ID is the channel's
	KindGroup          // a user group; ID is its S…
	KindBroadcast      // @here, @channel, @everyone
)

// A Token is one word of what a person typed, or one thing that Slack escaped
// in it. Only what Slack resolved has an ID: a typed @bob is a word, since
// anybody can be called that.
type Token struct {
	Kind  Kind
	Text  string // as a person reads it, entities decoded once
	ID    string
	Glued bool // no white space between it and the token before
}

var (
	userMention    = text.NewPattern(`^@([UW][A-Z0-9]{2,30})$`)
	channelMention = text.NewPattern(`^#([CDG][A-Z0-9]{2,30})$`)
	groupMention   = text.NewPattern(`^!subteam\^(S[A-Z0-9]{2,30})$`)
)

// Tokens splits the text of a slash command registered with should_escape.
// https://docs.slack.dev/interactivity/implementing-slash-commands#escaping
// https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
func Tokens(text string) []Token {
	var s splitter
	for {
		from := strings.IndexByte(text, '<')
		if from < 0 {
			break
		}
		length := strings.IndexByte(text[from:], '>')
		if length < 0 {
			break
		}
		s.plain(text[:from])
		s.escape(text[from+1 : from+length])
		text = text[from+length+1:]
	}
	s.plain(text)
	return s.tokens
}

// A splitter collects tokens, and whether white space came after the last.
type splitter struct {
	tokens []Token
	spaced bool
}

// plain takes text outside angle brackets, or the label inside them.
func (s *splitter) plain(words string) {
	words = Decode(words)
	start := -1
	for i, r := range words {
		if !text.IsGap(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			s.add(Token{Text: words[start:i]})
			start = -1
		}
		s.spaced = true
	}
	if start >= 0 {
		s.add(Token{Text: words[start:]})
	}
}

// escape takes what stood between < and >.
func (s *splitter) escape(inner string) {
	target, label, _ := strings.Cut(inner, "|")
	name := text.OneLine(strings.TrimLeft(Decode(label), "@#"))
	orElse := func(fallback string) string {
		if name != "" {
			return name
		}
		return fallback
	}
	switch {
	case target == "" && label == "":
		s.plain("<" + inner + ">")
	case userMention.MatchString(target):
		s.add(Token{Kind: KindUser, ID: target[1:], Text: "@" + orElse(target[1:])})
	case channelMention.MatchString(target):
		s.add(Token{Kind: KindChannel, ID: target[1:], Text: "#" + orElse(target[1:])})
	case groupMention.MatchString(target):
		id := groupMention.FindStringSubmatch(target)[1]
		s.add(Token{Kind: KindGroup, ID: id, Text: "@" + orElse(id)})
	case target == "!here", target == "!channel", target == "!everyone":
		s.add(Token{Kind: KindBroadcast, Text: "@" + target[1:]})
	case label != "":
		s.plain(label)
	default:
		target = strings.TrimPrefix(target, "mailto:")
		s.plain(strings.TrimPrefix(target, "tel:"))
	}
}

// add appends t, or joins it to the word that it touches: Slack makes a link of
// part of a word too.
func (s *splitter) add(t Token) {
	t.Text = text.OneLine(t.Text)
	if t.Text == "" {
		return
	}
	last := len(s.tokens) - 1
	t.Glued = last >= 0 && !s.spaced
	s.spaced = false
	if t.Glued && t.Kind == KindWord && s.tokens[last].Kind == KindWord {
		s.tokens[last].Text += t.Text
		return
	}
	s.tokens = append(s.tokens, t)
}

var entities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

// Decode decodes Slack's three entities, each once: a typed "&lt;"
// arrives as "&amp;lt;" and must stay "&lt;".
func Decode(text string) string {
	return entities.Replace(text)
}

// Fold turns what keyboards write for plain ASCII back into it: full-width
// forms, other scripts' digits, every kind of dash. Joiners, variation
// selectors and the keycap go.
func Fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
		case r >= 0xff01 && r <= 0xff5e: // the full-width forms of 0x21 to 0x7e
			return r - 0xfee0
		case unicode.Is(unicode.Nd, r):
			return '0' + digitValue(r)
		case unicode.Is(unicode.Pd, r), r == '\u2212':
			return '-'
		case r == '\u200c', r == '\u200d', r >= 0xfe00 && r <= 0xfe0f, r == '\u20e3':
			return -1
		}
		return r
	}, text)
}

// digitValue is the value of a decimal digit. Unicode encodes each script's
// digits as ten neighbours from zero up, so a range holds a multiple of ten.
// https://www.unicode.org/policies/stability_policy.html#Property_Value
func digitValue(r rune) rune {
	for _, within := range unicode.Nd.R16 {
		if r >= rune(within.Lo) && r <= rune(within.Hi) {
			return (r - rune(within.Lo)) % 10
		}
	}
	for _, within := range unicode.Nd.R32 {
		if lo, hi := rune(within.Lo), rune(within.Hi); r >= lo && r <= hi { //nolint:gosec // code points fit a rune
			return (r - lo) % 10
		}
	}
	return 0
}

// Around and behind are what may stand around a word without being part of it. A dash or an
// underscore may end an account name.
const (
	Around = "\"'`´“”„‟‘’‚‛«»‹›*()[]{},;:!?…。、"
	behind = Around + "."
)

// Word returns a word as the grammar reads it: folded, lower case, without
// quotation marks, punctuation around it and leading dashes (phones turn the
// two of --for into one long one).
func (t Token) Word() string {
	w := strings.ToLower(t.Value())
	return strings.TrimLeft(w, Around+"-")
}

// Value is a word whose case and leading dash mean something.
func (t Token) Value() string {
	if t.Kind != KindWord {
		return ""
	}
	return strings.TrimLeft(strings.TrimRight(Fold(t.Text), behind), Around)
}

// Digits returns the digits of a word that holds nothing but digits and what
// people put between them, "" for any other word.
func Digits(word string) string {
	only := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-._·•'", r) {
			return -1
		}
		return r
	}, word)
	if strings.Trim(only, "0123456789") != "" {
		return ""
	}
	return only
}
