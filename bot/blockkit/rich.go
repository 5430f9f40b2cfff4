package blockkit

import (
	"fmt"
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

// Day shows the date of t in the reader's own time zone.
func Day(t time.Time) Span {
	fallback := t.UTC().Format("2006-01-02")
	return slack.NewRichTextSectionDateElement(t.Unix(), "{date_short}", nil, &fallback)
}

// Line makes spans of words: a Span or several are themselves, anything else is Plain.
func Line(words ...any) []Span {
	spans := make([]Span, 0, len(words))
	for _, w := range words {
		switch w := w.(type) {
		case []Span:
			spans = append(spans, w...)
		case Span:
			spans = append(spans, w)
		default:
			spans = append(spans, Plain(fmt.Sprint(w)))
		}
	}
	return spans
}

// Paragraph is a run of spans, of words as Line takes them.
func Paragraph(words ...any) slack.RichTextElement {
	return slack.NewRichTextSection(Line(words...)...)
}

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
