package bot

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

// A span is one run of text within a paragraph.
type span = slack.RichTextSectionElement

func plain(s string) span { return slack.NewRichTextSectionTextElement(s, nil) }

func bold(s string) span {
	return slack.NewRichTextSectionTextElement(s, &slack.RichTextSectionTextStyle{Bold: true})
}

func code(s string) span {
	return slack.NewRichTextSectionTextElement(s, &slack.RichTextSectionTextStyle{Code: true})
}

// group names a user group, and pings it.
func group(id string) span { return slack.NewRichTextSectionUserGroupElement(id) }

// member names a person, and pings them.
func member(id string) span { return slack.NewRichTextSectionUserElement(id, nil) }

// momentFormat reads "today at 3:04 PM": no "at" or "on" may stand before it.
// Slack capitalises what a format begins with, and the zero-width space keeps
// it from writing "until Today".
// https://metacpan.org/pod/Slack::BlockKit::Block::RichText::Date
const momentFormat = "\u200b{date_short_pretty} at {time}"

// inUTC is for where Slack prints no time of the reader's own, and says so.
func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// moment shows t in the reader's own time zone.
func moment(t time.Time) span {
	fallback := inUTC(t)
	return slack.NewRichTextSectionDateElement(t.Unix(), momentFormat, nil, &fallback)
}

var timeNamed = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC\b`)

// timed shows the times that one of our sentences names in UTC as the reader's
// own, and the rest of it by rest.
func timed(sentence string, rest func(string) []span) []span {
	var spans []span
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
		spans = append(spans, moment(t))
		sentence = sentence[at[1]:]
	}
	if sentence == "" {
		return spans
	}
	return append(spans, rest(sentence)...)
}

func plains(s string) []span { return []span{plain(s)} }

func bolds(s string) []span { return []span{bold(s)} }

// day shows the date of t in the reader's own time zone.
func day(t time.Time) span {
	fallback := t.UTC().Format("2006-01-02")
	return slack.NewRichTextSectionDateElement(t.Unix(), "{date_short}", nil, &fallback)
}

func paragraph(spans ...span) slack.RichTextElement { return slack.NewRichTextSection(spans...) }

// preformatted holds text that is there to be copied.
func preformatted(text string) slack.RichTextElement {
	return &slack.RichTextPreformatted{
		Type:     slack.RTEPreformatted,
		Elements: []slack.RichTextSectionElement{plain(text)},
	}
}

// quote holds what a person typed.
func quote(text string) slack.RichTextElement {
	return &slack.RichTextQuote{Type: slack.RTEQuote, Elements: []slack.RichTextSectionElement{plain(text)}}
}

func bullets(items ...[]span) slack.RichTextElement {
	elements := make([]slack.RichTextElement, len(items))
	for i, spans := range items {
		elements[i] = slack.NewRichTextSection(spans...)
	}
	return slack.NewRichTextList(slack.RTEListBullet, 0, elements...)
}

var channelNamed = regexp.MustCompile(`#[CG][A-Z0-9]{2,30}`)

// channels turns the channels that one of our sentences names by ID into links.
func channels(sentence string) []span {
	var spans []span
	for {
		at := channelNamed.FindStringIndex(sentence)
		if at == nil {
			return append(spans, plain(sentence))
		}
		if at[0] > 0 {
			spans = append(spans, plain(sentence[:at[0]]))
		}
		spans = append(spans, slack.NewRichTextSectionChannelElement(sentence[at[0]+1:at[1]], nil))
		sentence = sentence[at[1]:]
	}
}

// codes turns the backquoted parts of one of our sentences into code.
func codes(sentence string) []span {
	var spans []span
	inCode, start := false, 0
	flush := func(end int) {
		if end > start {
			if inCode {
				spans = append(spans, code(sentence[start:end]))
			} else {
				spans = append(spans, plain(sentence[start:end]))
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
