package slacktest

import "strings"

// rich reads a rich_text block or cell.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
func (t *treeReader) rich(b node) []Piece {
	var out []Piece
	for _, e := range b.children("elements") {
		switch kind := e.str("type"); kind {
		case "rich_text_section":
			out = append(out, Piece{Kind: PieceParagraph, Spans: t.leaves(e)})
		case "rich_text_quote":
			out = append(out, Piece{Kind: PieceQuote, Spans: t.leaves(e)})
		case "rich_text_preformatted":
			out = append(out, Piece{Kind: PiecePreformatted, Spans: t.leaves(e)})
		case "rich_text_list":
			out = append(out, t.list(e))
		default:
			out = append(out, Piece{Kind: PieceUnknown, Label: kind})
		}
	}
	return out
}

// list reads one list. A list inside a list is, in Slack, a list of its own
// with a larger indent that follows.
func (t *treeReader) list(e node) Piece {
	p := Piece{
		Kind:    PieceList,
		Ordered: e.str("style") == "ordered",
		Indent:  int(e.number("indent", 0)),
		First:   int(e.number("offset", 0)) + 1,
	}
	for _, item := range e.children("elements") {
		p.Pieces = append(p.Pieces, Piece{Kind: PieceItem, Spans: t.leaves(item)})
	}
	return p
}

func (t *treeReader) leaves(e node) []Span {
	var out []Span
	for _, l := range e.children("elements") {
		s := t.leaf(l)
		style := l.child("style")
		s.Bold, s.Italic, s.Strike = style.flag("bold"), style.flag("italic"), style.flag("strike")
		s.Code, s.Underline = style.flag("code"), style.flag("underline")
		out = append(out, s)
	}
	return out
}

func (t *treeReader) leaf(l node) Span {
	switch kind := l.str("type"); kind {
	case "text":
		return Span{Kind: SpanText, Text: l.str("text")}
	case "link":
		s := Span{Kind: SpanLink, Text: l.str("text"), URL: l.str("url")}
		if s.Text == "" {
			s.Text = strings.TrimPrefix(s.URL, "mailto:")
		}
		return s
	case "user":
		return Span{Kind: SpanUser, Text: t.names.user(l.str("user_id")), Ref: l.str("user_id")}
	case "usergroup":
		return Span{Kind: SpanGroup, Text: t.names.group(l.str("usergroup_id")), Ref: l.str("usergroup_id")}
	case "channel":
		return Span{Kind: SpanChannel, Text: t.names.channel(l.str("channel_id")), Ref: l.str("channel_id")}
	case "broadcast":
		return Span{Kind: SpanBroadcast, Text: "@" + l.str("range"), Ref: l.str("range")}
	case "emoji":
		return Span{Kind: SpanEmoji, Text: ":" + l.str("name") + ":", Ref: l.str("name")}
	case "color":
		return Span{Kind: SpanColor, Text: l.str("value"), Ref: l.str("value")}
	case "date":
		return t.date(l.number("timestamp", -1), l.str("format"), l.str("url"), l.str("fallback"))
	default:
		return Span{Kind: SpanText, Text: "[unknown: " + kind + "]"}
	}
}
