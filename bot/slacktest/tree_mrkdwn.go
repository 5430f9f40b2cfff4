package slacktest

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mrkdwn reads Slack's markup: preformatted blocks, quotes, and lines of text.
// https://docs.slack.dev/messaging/formatting-message-text
func (t *treeReader) mrkdwn(text string) []Piece {
	var out []Piece
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 && strings.Count(text, "```") > i {
			out = append(out, Piece{Kind: PiecePreformatted, Spans: textSpans(unescape(strings.Trim(part, "\n")))})
			continue
		}
		if i > 0 {
			part = strings.TrimPrefix(part, "\n")
		}
		if part = strings.TrimSuffix(part, "\n"); part != "" {
			out = append(out, t.proseAndQuotes(part)...)
		}
	}
	return out
}

// proseAndQuotes gathers lines that begin with > into quotes, and the rest into
// paragraphs.
func (t *treeReader) proseAndQuotes(text string) []Piece {
	var out []Piece
	for line := range strings.SplitSeq(text, "\n") {
		kind := PieceParagraph
		for _, mark := range []string{"&gt; ", "> ", "&gt;", ">"} {
			if rest, found := strings.CutPrefix(line, mark); found {
				kind, line = PieceQuote, rest
				break
			}
		}
		spans := t.inline(line, Span{Kind: SpanText})
		if last := len(out) - 1; last >= 0 && out[last].Kind == kind {
			out[last].Spans = append(append(out[last].Spans, textSpans("\n")...), spans...)
			continue
		}
		out = append(out, Piece{Kind: kind, Spans: spans})
	}
	return out
}

// inline reads one line; style is what the marks around it say.
func (t *treeReader) inline(text string, style Span) []Span {
	var out []Span
	start := 0
	flush := func(end int) {
		if end > start {
			s := style
			s.Text = unescape(text[start:end])
			out = append(out, s)
		}
	}
	for i := 0; i < len(text); {
		spans, size := t.special(text, i, style)
		if size == 0 {
			i++
			continue
		}
		flush(i)
		out = append(out, spans...)
		i += size
		start = i
	}
	flush(len(text))
	return out
}

// special reads what begins at i and is more than text; size is 0 for none.
func (t *treeReader) special(text string, i int, style Span) (spans []Span, size int) {
	switch text[i] {
	case '<':
		at := entityPattern.FindStringSubmatchIndex(text[i:])
		if at == nil || at[0] != 0 {
			return nil, 0
		}
		return []Span{t.entity(text[i+at[2]:i+at[3]], style)}, at[1]
	case 'h':
		if at := barePattern.FindStringIndex(text[i:]); at != nil && at[0] == 0 {
			s := style
			s.Kind, s.Text = SpanLink, unescape(text[i:i+at[1]])
			s.URL = s.Text
			return []Span{s}, at[1]
		}
	case '*', '_', '~', '`':
		inner := marked(text, i)
		if inner == "" {
			return nil, 0
		}
		s := style
		switch text[i] {
		case '*':
			s.Bold = true
		case '_':
			s.Italic = true
		case '~':
			s.Strike = true
		default:
			s.Code, s.Text = true, unescape(inner)
			return []Span{s}, len(inner) + 2
		}
		return t.inline(inner, s), len(inner) + 2
	}
	return nil, 0
}

// marked is what stands between the mark at i and its partner: a word may touch
// a mark on its inner side alone.
func marked(text string, i int) string {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	if i > 0 && (unicode.IsLetter(before) || unicode.IsDigit(before)) {
		return ""
	}
	for end := i + 1; end < len(text); end++ {
		if text[end] != text[i] {
			continue
		}
		inner := text[i+1 : end]
		after, _ := utf8.DecodeRuneInString(text[end+1:])
		if inner == "" || strings.TrimSpace(inner) != inner || end+1 < len(text) && (unicode.IsLetter(after) || unicode.IsDigit(after)) {
			continue
		}
		return inner
	}
	return ""
}

// entity reads what stands in angle brackets.
func (t *treeReader) entity(body string, s Span) Span {
	ref, label, labelled := strings.Cut(body, "|")
	set := func(kind SpanKind, text, ref string) Span {
		s.Kind, s.Text, s.Ref = kind, text, ref
		return s
	}
	switch {
	case strings.HasPrefix(ref, "@"):
		return set(SpanUser, t.names.user(ref[1:]), ref[1:])
	case strings.HasPrefix(ref, "#"):
		return set(SpanChannel, t.names.channel(ref[1:]), ref[1:])
	case strings.HasPrefix(ref, "!subteam^"):
		id := strings.TrimPrefix(ref, "!subteam^")
		return set(SpanGroup, t.names.group(id), id)
	case strings.HasPrefix(ref, "!date^"):
		parts := append(strings.Split(strings.TrimPrefix(ref, "!date^"), "^"), "", "")
		unix, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil {
			unix = -1
		}
		d := t.date(unix, unescape(parts[1]), parts[2], unescape(label))
		s.Kind, s.Text, s.Ref, s.URL = d.Kind, d.Text, d.Ref, d.URL
		return s
	case strings.HasPrefix(ref, "!"):
		return set(SpanBroadcast, "@"+ref[1:], ref[1:])
	}
	s.URL = unescape(ref)
	if labelled {
		return set(SpanLink, unescape(label), "")
	}
	return set(SpanLink, strings.TrimPrefix(s.URL, "mailto:"), "")
}
