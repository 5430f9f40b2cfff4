package slacktest

import (
	"encoding/json"
	"strings"
)

// treeReader reads Block Kit for one reader.
type treeReader struct {
	names  *names
	reader Reader
	fields map[string]Field // what a view holds, by block_id and action_id
}

func (t *treeReader) blocks(raw json.RawMessage) []Piece {
	var out []Piece
	for _, b := range parseNodes(raw) {
		out = append(out, t.block(b)...)
	}
	return out
}

// block reads one block; rich text is as many Pieces as it has parts. What is
// not known shows as such: nothing is left out in silence.
// https://docs.slack.dev/reference/block-kit/blocks
func (t *treeReader) block(b node) []Piece {
	switch kind := b.str("type"); kind {
	case "divider":
		return []Piece{{Kind: PieceDivider}}
	case "header":
		return []Piece{{Kind: PieceHeading, Spans: textSpans(b.text("text"))}}
	case "markdown":
		return []Piece{{Kind: PieceParagraph, Spans: textSpans(b.str("text"))}}
	case "image":
		return []Piece{image(b)}
	case "section":
		return []Piece{t.section(b)}
	case "context":
		return []Piece{t.context(b)}
	case "actions":
		return []Piece{{Kind: PieceControls, Controls: t.controls(b)}}
	case "input":
		return []Piece{t.input(b)}
	case "rich_text":
		return t.rich(b)
	case "table":
		return []Piece{t.table(b)}
	case "data_visualization":
		return t.chart(b)
	default:
		return []Piece{{Kind: PieceUnknown, Label: kind}}
	}
}

func image(b node) Piece {
	return Piece{Kind: PieceImage, Label: b.str("alt_text"), URL: b.str("image_url")}
}

// textObject reads a text object of either type.
func (t *treeReader) textObject(n node) []Piece {
	if n.str("type") == "mrkdwn" {
		return t.mrkdwn(n.str("text"))
	}
	return []Piece{{Kind: PieceParagraph, Spans: textSpans(n.str("text"))}}
}

func (t *treeReader) section(b node) Piece {
	p := Piece{Kind: PieceSection, Controls: t.controls(b)}
	if text := b.child("text"); text != nil {
		p.Pieces = t.textObject(text)
	}
	if fields := b.children("fields"); len(fields) > 0 {
		columns := Piece{Kind: PieceColumns}
		for _, f := range fields {
			columns.Pieces = append(columns.Pieces, Piece{Kind: PieceCell, Pieces: t.textObject(f)})
		}
		p.Pieces = append(p.Pieces, columns)
	}
	if a := b.child("accessory"); a.str("type") == "image" {
		p.Pieces, p.Controls = append(p.Pieces, image(a)), nil
	}
	return p
}

func (t *treeReader) context(b node) Piece {
	p := Piece{Kind: PieceContext}
	for _, e := range b.children("elements") {
		if e.str("type") == "image" {
			p.Pieces = append(p.Pieces, image(e))
		} else {
			p.Pieces = append(p.Pieces, t.textObject(e)...)
		}
	}
	return p
}

func (t *treeReader) input(b node) Piece {
	p := Piece{
		Kind:     PieceInput,
		Label:    b.text("label"),
		Controls: t.controls(b),
		Optional: b.flag("optional"),
		Hint:     b.text("hint"),
	}
	for _, c := range p.Controls {
		p.Wrong = t.fields[c.BlockID+"\x00"+c.ActionID].Error
	}
	return p
}

// https://docs.slack.dev/reference/block-kit/blocks/table-block
func (t *treeReader) table(b node) Piece {
	table := Piece{Kind: PieceTable}
	settings := b.children("column_settings")
	rows, _ := b["rows"].([]any)
	for _, r := range rows {
		row := Piece{Kind: PieceRow}
		for i, c := range (node{"cells": r}).children("cells") {
			cell := Piece{Kind: PieceCell}
			if i < len(settings) {
				cell.Align = settings[i].str("align")
			}
			if c.str("type") == "rich_text" {
				cell.Pieces = t.rich(c)
			} else {
				cell.Pieces = []Piece{{Kind: PieceParagraph, Spans: textSpans(c.str("text"))}}
			}
			row.Pieces = append(row.Pieces, cell)
		}
		table.Pieces = append(table.Pieces, row)
	}
	return table
}

// attachments reads what stands beside a coloured bar below a message.
// https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
func (t *treeReader) attachments(raw json.RawMessage) []Piece {
	var out []Piece
	for _, a := range parseNodes(raw) {
		p := Piece{Kind: PieceAttachment, Color: a.str("color")}
		for _, b := range a.children("blocks") {
			p.Pieces = append(p.Pieces, t.block(b)...)
		}
		if len(p.Pieces) == 0 {
			p.Pieces = t.legacy(a)
		}
		out = append(out, p)
	}
	return out
}

func (t *treeReader) legacy(a node) []Piece {
	var out []Piece
	add := func(kind PieceKind, spans ...Span) { out = append(out, Piece{Kind: kind, Spans: spans}) }
	if s := a.str("pretext"); s != "" {
		out = append(out, t.mrkdwn(s)...)
	}
	if s := a.str("author_name"); s != "" {
		add(PieceParagraph, Span{Kind: SpanText, Text: s, URL: a.str("author_link")})
	}
	if s := a.str("title"); s != "" {
		add(PieceHeading, Span{Kind: SpanText, Text: s, URL: a.str("title_link")})
	}
	if s := a.str("text"); s != "" {
		out = append(out, t.mrkdwn(s)...)
	}
	for _, f := range a.children("fields") {
		add(PieceParagraph, Span{Kind: SpanText, Text: f.str("title"), Bold: true}, Span{Kind: SpanText, Text: "\n" + f.str("value")})
	}
	if s := a.str("footer"); s != "" {
		out = append(out, Piece{Kind: PieceContext, Pieces: []Piece{{Kind: PieceParagraph, Spans: textSpans(s)}}})
	}
	if s := a.str("fallback"); len(out) == 0 && s != "" {
		add(PieceParagraph, textSpans(s)...)
	}
	return out
}

// fallback is text as notifications give it: without marks.
func (t *treeReader) fallback(text string) string {
	return strings.TrimRight(Piece{Kind: PieceWhole, Pieces: t.mrkdwn(text)}.Text(Layout{}), "\n")
}
