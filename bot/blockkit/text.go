package blockkit

import (
	"strings"

	"github.com/slack-go/slack"
)

// TextForm is the rich text of a message where there is no Slack to show it: paragraphs
// and items a line each. named is what people, user groups and channels are called, by ID.
func (m Message) TextForm(named func(id string) string) string {
	var lines []string
	for _, block := range m.Blocks {
		if rich, ok := block.(*slack.RichTextBlock); ok {
			for _, e := range rich.Elements {
				lines = append(lines, textForm(e, named)...)
			}
		}
	}
	return strings.Join(lines, "\n")
}

func textForm(e slack.RichTextElement, named func(id string) string) []string {
	switch e := e.(type) {
	case *slack.RichTextSection:
		return strings.Split(spansForm(e.Elements, named), "\n")
	case *slack.RichTextPreformatted:
		return strings.Split(spansForm(e.Elements, named), "\n")
	case *slack.RichTextQuote:
		return []string{"> " + spansForm(e.Elements, named)}
	case *slack.RichTextList:
		var lines []string
		for _, item := range e.Elements {
			lines = append(lines, "  • "+strings.Join(textForm(item, named), "\n    "))
		}
		return lines
	}
	return nil
}

func spansForm(spans []Span, named func(id string) string) string {
	var b strings.Builder
	for _, s := range spans {
		switch s := s.(type) {
		case *slack.RichTextSectionTextElement:
			b.WriteString(s.Text)
		case *slack.RichTextSectionUserElement:
			b.WriteString(named(s.UserID))
		case *slack.RichTextSectionUserGroupElement:
			b.WriteString(named(s.UsergroupID))
		case *slack.RichTextSectionChannelElement:
			b.WriteString(named(s.ChannelID))
		case *slack.RichTextSectionLinkElement:
			b.WriteString(s.Text)
		case *slack.RichTextSectionDateElement:
			if s.Fallback != nil {
				b.WriteString(*s.Fallback)
			}
		}
	}
	return b.String()
}
