package blockkit

import (
	"regexp"
	"time"

	"github.com/slack-go/slack"
)

// What a person reads is built of rich text: its elements are literal, so that
// nothing somebody typed can ping, link or format, and preformatted text copies
// byte for byte. Only the fallback text of a message is markup, and that holds
// sentences of ours alone.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block

// A Span is one run of text within a paragraph.
type Span = slack.RichTextSectionElement

// Plain is text as it stands.
func Plain(s string) Span { return slack.NewRichTextSectionTextElement(s, nil) }

// Bold is text that stands out.
func Bold(s string) Span {
	return slack.NewRichTextSectionTextElement(s, &slack.RichTextSectionTextStyle{Bold: true})
}

// Code is text in a fixed width: a name, a command, an ID.
func Code(s string) Span {
	return slack.NewRichTextSectionTextElement(s, &slack.RichTextSectionTextStyle{Code: true})
}

// Group names a user group, and pings it.
func Group(id string) Span { return slack.NewRichTextSectionUserGroupElement(id) }

// Member names a person, and pings them.
func Member(id string) Span { return slack.NewRichTextSectionUserElement(id, nil) }

// momentFormat reads "today at 3:04 PM": no "at" or "on" may stand before it.
// Slack capitalises what a format begins with, and the zero-width space keeps
// it from writing "until Today".
// https://metacpan.org/pod/Slack::BlockKit::Block::RichText::Date
const momentFormat = "\u200b{date_short_pretty} at {time}"

// UTC is for where Slack prints no time of the reader's own, and says so.
func UTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Moment shows t in the reader's own time zone.
func Moment(t time.Time) Span {
	fallback := UTC(t)
	return slack.NewRichTextSectionDateElement(t.Unix(), momentFormat, nil, &fallback)
}

var timeNamed = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC\b`)

// Timed shows the times that one of our sentences names in UTC as the reader's
// own, and the rest of it by rest.
func Timed(sentence string, rest func(string) []Span) []Span {
	var spans []Span
	for {
		at := timeNamed.FindStringIndex(sentence)
		if at == nil {
			break
		}
		t, err := time.Parse("2006-01-02 15:04 UTC", sentence[at[0]:at[1]])
		if err != nil {
			break
		}
		if at[0] > 0 {
			spans = append(spans, rest(sentence[:at[0]])...)
		}
		spans = append(spans, Moment(t))
		sentence = sentence[at[1]:]
	}
	if sentence == "" {
		return spans
	}
	return append(spans, rest(sentence)...)
}

// Plains is a sentence for [Timed], as it stands.
func Plains(s string) []Span { return []Span{Plain(s)} }

// Bolds is a sentence for [Timed], standing out.
func Bolds(s string) []Span { return []Span{Bold(s)} }

// Day shows the date of t in the reader's own time zone.
func Day(t time.Time) Span {
	fallback := t.UTC().Format("2006-01-02")
	return slack.NewRichTextSectionDateElement(t.Unix(), "{date_short}", nil, &fallback)
}

// Paragraph is a run of spans.
func Paragraph(spans ...Span) slack.RichTextElement { return slack.NewRichTextSection(spans...) }

// Preformatted holds text that is there to be copied.
func Preformatted(text string) slack.RichTextElement {
	return &slack.RichTextPreformatted{
		Type:     slack.RTEPreformatted,
		Elements: []slack.RichTextSectionElement{Plain(text)},
	}
}

// Quote holds what a person typed.
func Quote(text string) slack.RichTextElement {
	return &slack.RichTextQuote{Type: slack.RTEQuote, Elements: []slack.RichTextSectionElement{Plain(text)}}
}

// Bullets is a list, one line for each item.
func Bullets(items ...[]Span) slack.RichTextElement {
	elements := make([]slack.RichTextElement, len(items))
	for i, spans := range items {
		elements[i] = slack.NewRichTextSection(spans...)
	}
	return slack.NewRichTextList(slack.RTEListBullet, 0, elements...)
}

var channelNamed = regexp.MustCompile(`#[CG][A-Z0-9]{2,30}`)

// Channels turns the channels that one of our sentences names by ID into links.
func Channels(sentence string) []Span {
	var spans []Span
	for {
		at := channelNamed.FindStringIndex(sentence)
		if at == nil {
			return append(spans, Plain(sentence))
		}
		if at[0] > 0 {
			spans = append(spans, Plain(sentence[:at[0]]))
		}
		spans = append(spans, slack.NewRichTextSectionChannelElement(sentence[at[0]+1:at[1]], nil))
		sentence = sentence[at[1]:]
	}
}

// Codes turns the backquoted parts of one of our sentences into code.
func Codes(sentence string) []Span {
	var spans []Span
	inCode, start := false, 0
	flush := func(end int) {
		if end > start {
			if inCode {
				spans = append(spans, Code(sentence[start:end]))
			} else {
				spans = append(spans, Plain(sentence[start:end]))
			}
		}
	}
	for i := range len(sentence) {
		if sentence[i] == '`' {
			flush(i)
			inCode, start = !inCode, i+1
		}
	}
	flush(len(sentence))
	return spans
}
