package slacktest

import "time"

// A message, a modal and Home are read into a tree of Pieces: what Slack draws,
// without a word of how. Piece.Text prints it as text; whatever else prints it
// needs nothing but these types. Block Kit is read in tree_blocks.go,
// tree_rich.go, tree_mrkdwn.go and tree_controls.go, and nowhere else.

// Reader is who looks, and when: Slack prints dates in the reader's own time
// zone, and says "today". The zero Reader is in UTC, as of 1970.
type Reader struct {
	Zone *time.Location // nil is UTC
	Now  time.Time
}

// PieceKind says what a Piece is.
type PieceKind string

// The kinds of Piece, and which fields they use.
const (
	PieceWhole        PieceKind = "whole"        // Pieces: a message, or Home
	PieceWindow       PieceKind = "window"       // a modal: Label is its title, Pieces, and Controls below them
	PieceHeading      PieceKind = "heading"      // Spans
	PieceParagraph    PieceKind = "paragraph"    // Spans
	PieceContext      PieceKind = "context"      // Pieces, small and side by side
	PieceDivider      PieceKind = "divider"      //
	PieceQuote        PieceKind = "quote"        // Spans
	PiecePreformatted PieceKind = "preformatted" // Spans, exact
	PieceList         PieceKind = "list"         // Pieces; Ordered, First, Indent
	PieceItem         PieceKind = "item"         // of a list: Spans
	PieceSection      PieceKind = "section"      // Pieces, and at most one of Controls beside them
	PieceColumns      PieceKind = "columns"      // Pieces, two in a row
	PieceTable        PieceKind = "table"        // Pieces are rows, the first one its head
	PieceRow          PieceKind = "row"          // of a table: Pieces, each a PieceCell
	PieceCell         PieceKind = "cell"         // Pieces; Align
	PieceImage        PieceKind = "image"        // Label, URL
	PieceControls     PieceKind = "controls"     // Controls, side by side
	PieceInput        PieceKind = "input"        // Label, one of Controls; Optional, Hint, Wrong
	PieceAttachment   PieceKind = "attachment"   // Pieces, beside a bar of Color
	PieceTrouble      PieceKind = "trouble"      // Spans: Slack's own complaint
	PieceUnknown      PieceKind = "unknown"      // Label is the type that was not known
)

// A Piece is one part of what Slack draws.
type Piece struct {
	Kind     PieceKind
	Spans    []Span
	Pieces   []Piece
	Controls []Control

	Label string
	URL   string
	Color string
	Align string // left, center or right

	Ordered       bool
	First, Indent int // the number of the first item; how deep a list is

	Optional    bool
	Hint, Wrong string // under an input: help, and the app's error
}

// SpanKind says what a Span is.
type SpanKind string

// The kinds of Span.
const (
	SpanText      SpanKind = "text"
	SpanLink      SpanKind = "link"
	SpanUser      SpanKind = "user"
	SpanGroup     SpanKind = "group"
	SpanChannel   SpanKind = "channel"
	SpanBroadcast SpanKind = "broadcast"
	SpanEmoji     SpanKind = "emoji"
	SpanDate      SpanKind = "date"
	SpanColor     SpanKind = "color"
)

// A Span is a run of text of one kind and style.
type Span struct {
	Kind SpanKind
	Text string // as it is read
	Ref  string // the id, the name or the time that Text stands for
	URL  string // where a click leads

	Bold, Italic, Strike, Code, Underline bool
}

// The values of the buttons below a window, which are Slack's own.
const (
	WindowClose  = "close"
	WindowSubmit = "submit"
)

// A Control is something to press, to choose from or to type into.
type Control struct {
	Kind                     string // Slack's type of it
	BlockID, ActionID        string
	Label, Value, URL, Style string // of a button
	Placeholder              string
	Holds                    string // what is typed or chosen; of several, one a line
	Options                  []Choice
	Selected                 []Choice
	Multiline                bool
	Focus                    bool     // it has the focus when its window opens
	Confirm                  *Confirm // asked before it is done
}

// Confirm is the dialog that asks whether to go on.
type Confirm struct {
	Title   string
	Text    []Piece
	Yes, No string // what its buttons say
	Danger  bool
}

// Tree is the message as reader sees it: its blocks if there are any, else its
// text, and its attachments.
func (m Message) Tree(reader Reader) Piece {
	t := m.read(reader)
	whole := Piece{Kind: PieceWhole}
	if m.Blocks != nil {
		whole.Pieces = t.blocks(m.Blocks)
	} else {
		whole.Pieces = t.mrkdwn(m.Text)
	}
	whole.Pieces = append(whole.Pieces, t.attachments(m.Attachments)...)
	return whole
}

// Tree is the view as reader sees it: fields with what they hold, errors under
// their fields.
func (v View) Tree(reader Reader) Piece {
	t := v.read(reader)
	whole := Piece{Kind: PieceWhole, Pieces: t.blocks(v.Blocks)}
	if v.Trouble != "" {
		whole.Pieces = append(whole.Pieces, Piece{Kind: PieceTrouble, Spans: textSpans(v.Trouble)})
	}
	if v.Kind != "modal" {
		return whole
	}
	whole.Kind, whole.Label = PieceWindow, v.Title
	for _, c := range []Control{{Label: v.CloseLabel, Value: WindowClose}, {Label: v.SubmitLabel, Value: WindowSubmit}} {
		if c.Kind = "button"; c.Label != "" {
			whole.Controls = append(whole.Controls, c)
		}
	}
	return whole
}

func textSpans(text string) []Span { return []Span{{Kind: SpanText, Text: text}} }

// ReaderFor is user, looking now.
func (s *people) ReaderFor(user string) Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	zone, err := time.LoadLocation(s.users[user].TZ)
	if err != nil {
		zone = time.UTC
	}
	return Reader{Zone: zone, Now: s.clock()}
}
