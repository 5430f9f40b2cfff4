package blockhtml

import (
	"slices"
	"strconv"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func (p *page) spans(list []slacktest.Span) {
	for _, s := range list {
		p.styled(s)
	}
}

// styled draws a span inside the elements that its style asks for.
func (p *page) styled(s slacktest.Span) {
	inner := func() { p.span(s) }
	for _, style := range []struct {
		on  bool
		tag string
	}{{s.Code, "code"}, {s.Underline, "u"}, {s.Strike, "s"}, {s.Italic, "em"}, {s.Bold, "strong"}} {
		if style.on {
			within := inner
			inner = func() { p.element(style.tag, nil, within) }
		}
	}
	if s.URL != "" && leads(s.URL) {
		p.element("a", []string{"class", "bk-link", "href", s.URL, "target", "_blank", "rel", "noopener noreferrer"}, inner)
		return
	}
	inner()
}

func (p *page) span(s slacktest.Span) {
	switch s.Kind {
	case slacktest.SpanUser:
		p.mention(s, s.Ref == p.o.Reader)
	case slacktest.SpanGroup:
		p.mention(s, slices.Contains(p.o.Groups, s.Ref))
	case slacktest.SpanBroadcast:
		p.mention(s, true)
	case slacktest.SpanChannel:
		p.mention(s, false)
	case slacktest.SpanEmoji:
		p.emoji(s)
	case slacktest.SpanDate:
		p.date(s)
	case slacktest.SpanColor:
		p.text(s.Text + " ")
		p.swatch("bk-swatch", s.Ref)
	case slacktest.SpanText, slacktest.SpanLink:
		p.text(s.Text)
	default:
		p.text(s.Text)
	}
}

// mention draws a name; lit is one that concerns whoever reads.
func (p *page) mention(s slacktest.Span, lit bool) {
	class := "bk-mention"
	if lit {
		class += " bk-lit"
	}
	p.element("span", []string{"class", class}, func() { p.text(s.Text) })
}

// emojis are the characters of shortcodes that people type into a demo; any other
// is shown as its shortcode.
var emojis = map[string]string{
	"+1": "👍", "thumbsup": "👍", "-1": "👎", "wave": "👋", "tada": "🎉", "eyes": "👀", "fire": "🔥",
	"warning": "⚠️", "white_check_mark": "✅", "x": "❌", "lock": "🔒", "key": "🔑", "rotating_light": "🚨", "smile": "😄",
}

func (p *page) emoji(s slacktest.Span) {
	character, known := emojis[s.Ref]
	if !known {
		p.text(s.Text)
		return
	}
	p.element("span", []string{"role", "img", "aria-label", s.Ref}, func() { p.text(character) })
}

// date draws the words, with the time itself for whatever reads the page.
func (p *page) date(s slacktest.Span) {
	unix, err := strconv.ParseInt(s.Ref, 10, 64)
	if at := time.Unix(unix, 0).UTC(); err == nil && unix >= 0 && at.Year() <= 9999 {
		p.element("time", []string{"class", "bk-date", "datetime", at.Format(time.RFC3339)}, func() { p.text(s.Text) })
		return
	}
	p.text(s.Text)
}
