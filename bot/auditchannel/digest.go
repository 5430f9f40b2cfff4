package auditchannel

import (
	"encoding/json"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/text"
)

// A post has one event, as long as that keeps up with the record. When more than a few wait,
// a post has a line for each.

const (
	singly      = 5  // waiting posts that go out one by one
	digestLines = 50 // of a post; a post of Slack's has room for some 40 grants
	// reasonRunes is how much of what a person typed a line has; the record has all of it.
	reasonRunes = 80
	// digestHead is what Slack takes of a digest's bytes beside its lines.
	digestHead = 600
)

// A line is a post as a digest tells it.
type line struct {
	whole  blockkit.Message // the post that it would be alone
	noMFA  bool
	reason string
	urgent bool   // it is an alarm
	entry  *int64 // nil: it is about no one entry
}

// spans are the headline of the post, in as few bytes as show it: without style, and what
// a person typed shortened.
func (l line) spans() []blockkit.Span {
	var (
		spans []blockkit.Span
		said  string
	)
	say := func() {
		if said != "" {
			spans = append(spans, blockkit.Plain(said))
		}
		said = ""
	}
	if l.entry != nil {
		said = blockkit.EntryName(*l.entry) + ": "
	}
	for _, span := range headOf(l.whole) {
		if t, ok := span.(*slack.RichTextSectionTextElement); ok {
			said += t.Text
			continue
		}
		say()
		spans = append(spans, span)
	}
	if l.noMFA {
		said += " " + blockkit.NoMFA
	}
	if l.reason != "" {
		said += " “" + blockkit.Shortened(text.OneLine(l.reason), reasonRunes) + "”"
	}
	say()
	return spans
}

// headOf is the first paragraph of a post, which says what happened.
func headOf(m blockkit.Message) []blockkit.Span {
	if len(m.Blocks) > 0 {
		if rich, ok := m.Blocks[0].(*slack.RichTextBlock); ok && len(rich.Elements) > 0 {
			if head, ok := rich.Elements[0].(*slack.RichTextSection); ok {
				return head.Elements
			}
		}
	}
	return blockkit.Line(m.Text)
}

// size is what Slack takes the line for.
func (l line) size() int {
	data, err := json.Marshal(slack.NewRichTextSection(l.spans()...))
	if err != nil {
		return blockkit.MaxBytes
	}
	return len(data) + 1
}

// digest is a message that tells lines, which fit.
func digest(lines []line) blockkit.Message {
	items := make([][]blockkit.Span, len(lines))
	for i, l := range lines {
		items[i] = l.spans()
	}
	what := fmt.Sprintf("%d events in one post, since more happens than Slack shows one by one.", len(lines))
	return blockkit.NewMessage(what, blockkit.Paragraph(what+" All of each is on the record."), blockkit.Bullets(items...))
}
