package slacktest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Layout says how a tree is printed as text. The zero Layout prints what is to
// be seen at once, a line of Slack's on a line.
type Layout struct {
	// Width is where prose is wrapped; 0 wraps nothing. With it preformatted
	// text stands alone, without Indent, so that copying it off a terminal
	// gives what copying it off Slack gives.
	Width  int
	Indent string
	// Exact prints preformatted text in another way; nil prints it whole.
	Exact func(string) string
	// Detail adds what shows only on a click or by a colour: the options of
	// menus, confirmation dialogs, and which buttons are green or red. It marks
	// where preformatted text begins and ends.
	Detail bool
}

// Text prints a tree, without a line break at its end.
func (p Piece) Text(l Layout) string {
	var lines []string
	for _, printed := range (printer{l}).piece(p) {
		lines = append(lines, printed.lines(l)...)
	}
	return strings.Join(lines, "\n")
}

// SpansText is spans as they are read, without their styles.
func SpansText(spans []Span) string {
	var out strings.Builder
	for _, s := range spans {
		out.WriteString(s.Text)
	}
	return out.String()
}

// Preformatted is the exact text of each preformatted piece, outer ones first.
func (p Piece) Preformatted() []string {
	var out []string
	if p.Kind == PiecePreformatted {
		out = append(out, SpansText(p.Spans))
	}
	for _, inner := range p.Pieces {
		out = append(out, inner.Preformatted()...)
	}
	return out
}

// printed is one line; what it is wrapped into is indented by hang more. Exact
// text is many lines, and stays as it is.
type printed struct {
	text, prefix string
	hang         int
	exact        bool
}

func (l printed) lines(layout Layout) []string {
	if l.exact {
		text := l.text
		if layout.Exact != nil {
			text = layout.Exact(text)
		}
		switch {
		case layout.Width > 0:
			return []string{"", text, ""}
		case layout.Detail:
			text = "```\n" + text + "\n```"
		}
		if l.prefix != "" {
			text = l.prefix + strings.ReplaceAll(text, "\n", "\n"+l.prefix)
		}
		return []string{text}
	}
	indent := layout.Indent + l.prefix
	return wrapLine(l.text, indent, indent+strings.Repeat(" ", l.hang), layout.Width)
}

// wrapLine indents the first line by indent and what follows by hang. What has
// no space to break at stays whole; width 0 breaks nothing.
func wrapLine(line, indent, hang string, width int) []string {
	if width == 0 {
		return []string{indent + line}
	}
	if utf8.RuneCountInString(indent+line) <= width {
		return []string{strings.TrimRight(indent+line, " ")}
	}
	var out []string
	current := indent
	for i, word := range strings.Split(line, " ") {
		switch {
		case i == 0:
			current += word
		case utf8.RuneCountInString(current+" "+word) > width:
			out = append(out, strings.TrimRight(current, " "))
			current = hang + word
		default:
			current += " " + word
		}
	}
	return append(out, current)
}

type printer struct{ layout Layout }

func (pr printer) pieces(list []Piece) []printed {
	var out []printed
	for _, p := range list {
		out = append(out, pr.piece(p)...)
	}
	return out
}

func prose(text string) []printed {
	var out []printed
	for line := range strings.SplitSeq(text, "\n") {
		out = append(out, printed{text: line})
	}
	return out
}

// under puts prefix before every line.
func under(prefix string, list []printed) []printed {
	for i := range list {
		list[i].prefix = prefix + list[i].prefix
	}
	return list
}

func (pr printer) piece(p Piece) []printed {
	switch p.Kind {
	case PieceWhole, PieceCell:
		return pr.pieces(p.Pieces)
	case PieceWindow:
		out := append(prose(p.Label), pr.pieces(p.Pieces)...)
		return append(out, pr.row(p.Controls)...)
	case PieceHeading, PieceParagraph:
		return prose(SpansText(p.Spans))
	case PieceQuote:
		return under("> ", prose(SpansText(p.Spans)))
	case PieceTrouble:
		return prose("! " + SpansText(p.Spans))
	case PiecePreformatted:
		return []printed{{text: SpansText(p.Spans), exact: true}}
	case PieceDivider:
		return prose("———")
	case PieceImage:
		return prose("[image: " + p.Label + "]")
	case PieceUnknown:
		return prose("[unknown: " + p.Label + "]")
	case PieceContext:
		return prose(inOneLine(pr.pieces(p.Pieces)))
	case PieceList:
		return list(p)
	case PieceItem, PieceRow: // printed by what they are in
		return nil
	case PieceSection:
		return append(pr.pieces(p.Pieces), pr.row(p.Controls)...)
	case PieceColumns:
		return pr.pieces(p.Pieces)
	case PieceTable:
		return pr.table(p)
	case PieceControls:
		return pr.row(p.Controls)
	case PieceInput:
		return pr.input(p)
	case PieceAttachment:
		return under("│ ", pr.pieces(p.Pieces))
	}
	return prose("[unknown: " + string(p.Kind) + "]")
}

func inOneLine(list []printed) string {
	parts := make([]string, len(list))
	for i, l := range list {
		parts[i] = l.text
	}
	return strings.Join(parts, " ")
}

func list(p Piece) []printed {
	var out []printed
	bullet := []string{"• ", "◦ ", "▪ "}[min(p.Indent, 2)]
	for i, item := range p.Pieces {
		mark := bullet
		if p.Ordered {
			mark = fmt.Sprintf("%d. ", p.First+i)
		}
		width := utf8.RuneCountInString(mark)
		for j, line := range prose(SpansText(item.Spans)) {
			if j == 0 {
				line.text, line.hang = mark+line.text, width
			} else {
				line.prefix = strings.Repeat(" ", width)
			}
			out = append(out, line)
		}
	}
	return under(strings.Repeat("  ", p.Indent), out)
}

func (pr printer) table(p Piece) []printed {
	var rows [][]string
	var widths []int
	for _, row := range p.Pieces {
		var cells []string
		for i, cell := range row.Pieces {
			cells = append(cells, inOneLine(pr.piece(cell)))
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
		rows = append(rows, cells)
	}
	var out []printed
	for n, cells := range rows {
		var line strings.Builder
		for i, text := range cells {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if p.Pieces[n].Pieces[i].Align == "right" {
				line.WriteString(gap + text + "  ")
			} else {
				line.WriteString(text + gap + "  ")
			}
		}
		out = append(out, printed{text: strings.TrimRight(line.String(), " ")})
	}
	return out
}

func (pr printer) input(p Piece) []printed {
	label := p.Label
	if p.Optional {
		label += " (optional)"
	}
	out := pr.row(p.Controls)
	if len(out) == 0 {
		out = prose("")
	}
	if strings.HasPrefix(out[0].text, "( ) ") || strings.HasPrefix(out[0].text, "(x) ") {
		out = append(prose(label+":"), out...)
	} else {
		out[0].text = label + ": " + out[0].text
	}
	if p.Wrong != "" {
		out = append(out, prose("! "+p.Wrong)...)
	}
	if p.Hint != "" {
		out = append(out, prose(p.Hint)...)
	}
	return out
}

// row prints controls that stand side by side, and below them what Layout.Detail
// adds.
func (pr printer) row(controls []Control) []printed {
	if len(controls) == 0 {
		return nil
	}
	parts := make([]string, len(controls))
	for i, c := range controls {
		parts[i] = pr.control(c)
	}
	out := prose(strings.Join(parts, " "))
	if pr.layout.Detail {
		for _, c := range controls {
			out = append(out, pr.detail(c)...)
		}
	}
	return out
}

func (pr printer) control(c Control) string {
	held := strings.ReplaceAll(c.Holds, "\n", ", ")
	switch {
	case c.Kind == "button":
		return pr.button(c.Label, c.Style)
	case c.Kind == "overflow":
		return "<… ▾>"
	case c.Kind == "checkboxes", c.Kind == "radio_buttons":
		options := make([]string, len(c.Options))
		for i, o := range c.Options {
			options[i] = "( ) " + o.Text
			if strings.Contains("\n"+c.Holds+"\n", "\n"+o.Text+"\n") {
				options[i] = "(x) " + o.Text
			}
		}
		return strings.Join(options, "\n")
	case strings.HasSuffix(c.Kind, "_input"):
		switch {
		case c.Holds != "":
			return c.Holds
		case c.Placeholder != "":
			return "____ (" + c.Placeholder + ")"
		}
		return "____"
	case held != "":
		return "<" + held + " ▾>"
	}
	return "<" + c.Placeholder + " ▾>"
}

func (pr printer) button(label, style string) string {
	if colour := map[string]string{"primary": "green", "danger": "red"}[style]; pr.layout.Detail && colour != "" {
		label += ", " + colour
	}
	return "[" + label + "]"
}

// detail is what a click on a control shows.
func (pr printer) detail(c Control) []printed {
	var out []printed
	if strings.HasSuffix(c.Kind, "_select") || c.Kind == "overflow" {
		group := ""
		var options []string
		flush := func() {
			if len(options) > 0 {
				line := "▸ " + strings.Join(options, " · ")
				if group != "" {
					line = "▸ " + group + ": " + strings.Join(options, " · ")
				}
				out = append(out, printed{prefix: "  ", text: line})
			}
			options = nil
		}
		for _, o := range c.Options {
			if o.Group != group {
				flush()
				group = o.Group
			}
			options = append(options, strings.TrimSpace(o.Text+" "+o.Description))
		}
		flush()
	}
	if d := c.Confirm; d != nil {
		what := c.Label
		if what == "" {
			what = c.Placeholder
		}
		out = append(out, under("  ", prose("▸ "+what+" asks: "+d.Ask()+" "+d.choices(pr)))...)
	}
	return out
}

// Ask is the dialog's title and text in one line.
func (d Confirm) Ask() string {
	return d.Title + " " + inOneLine((printer{}).pieces(d.Text))
}

func (d Confirm) choices(pr printer) string {
	style := "primary"
	if d.Danger {
		style = "danger"
	}
	return "[" + d.No + "] " + pr.button(d.Yes, style)
}
