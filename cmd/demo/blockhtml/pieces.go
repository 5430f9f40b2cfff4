package blockhtml

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func (p *page) pieces(list []slacktest.Piece) {
	for _, inner := range list {
		p.piece(inner)
	}
}

// piece draws one piece, in an element whose class names its kind.
func (p *page) piece(s slacktest.Piece) {
	class := "bk-" + string(s.Kind)
	switch s.Kind {
	case slacktest.PieceWhole:
		p.div("bk", func() { p.div(class, func() { p.pieces(s.Pieces) }) })
	case slacktest.PieceWindow:
		p.div("bk", func() { p.window(s) })
	case slacktest.PieceHeading:
		p.element("h3", []string{"class", class}, func() { p.spans(s.Spans) })
	case slacktest.PieceParagraph:
		p.element("p", []string{"class", class}, func() { p.spans(s.Spans) })
	case slacktest.PieceQuote:
		p.element("blockquote", []string{"class", class}, func() { p.spans(s.Spans) })
	case slacktest.PieceTrouble:
		p.element("p", []string{"class", class, "role", "alert"}, func() { p.spans(s.Spans) })
	case slacktest.PiecePreformatted:
		p.preformatted(s)
	case slacktest.PieceDivider:
		p.open("hr", "class", class)
	case slacktest.PieceContext, slacktest.PieceColumns:
		p.div(class, func() { p.pieces(s.Pieces) })
	case slacktest.PieceCell: // of columns; those of a table are drawn with it
		p.div(class, func() { p.pieces(s.Pieces) })
	case slacktest.PieceList:
		p.list(s)
	case slacktest.PieceItem:
		p.element("li", []string{"class", class}, func() { p.spans(s.Spans) })
	case slacktest.PieceSection:
		p.div(class, func() {
			p.div("bk-beside", func() { p.pieces(s.Pieces) })
			p.controls(s.Controls)
		})
	case slacktest.PieceTable:
		p.table(s)
	case slacktest.PieceRow:
		p.row(s, "td")
	case slacktest.PieceImage:
		p.element("span", []string{"class", class, "role", "img", "aria-label", s.Label}, func() { p.text("🖼 " + s.Label) })
	case slacktest.PieceControls:
		p.div(class, func() { p.controls(s.Controls) })
	case slacktest.PieceInput:
		p.input(s)
	case slacktest.PieceAttachment:
		p.div(class, func() {
			p.swatch("bk-bar", s.Color)
			p.div("bk-beside", func() { p.pieces(s.Pieces) })
		})
	case slacktest.PieceUnknown:
		p.element("p", []string{"class", class}, func() { p.text("[unknown: " + s.Label + "]") })
	default:
		p.element("p", []string{"class", "bk-unknown"}, func() { p.text("[unknown: " + string(s.Kind) + "]") })
	}
}

func (p *page) window(s slacktest.Piece) {
	p.element("form", []string{"class", "bk-window", "data-do", "submit", "novalidate", "", "autocomplete", "off"}, func() {
		p.element("h2", []string{"class", "bk-title", "id", p.o.ID + "title"}, func() { p.text(s.Label) })
		p.div("bk-body", func() { p.pieces(s.Pieces) })
		p.div("bk-foot", func() {
			for _, c := range s.Controls {
				if c.Value == slacktest.WindowSubmit {
					p.element("button", []string{"type", "submit", "class", "bk-button bk-primary"}, func() { p.text(c.Label) })
				} else {
					p.element("button", []string{"type", "button", "class", "bk-button", "data-do", "close"}, func() { p.text(c.Label) })
				}
			}
		})
	})
}

func (p *page) preformatted(s slacktest.Piece) {
	p.div("bk-preformatted", func() {
		p.element("pre", []string{"tabindex", "0", "role", "region", "aria-label", "Snippet"}, func() { // it scrolls
			p.text("\n") // a browser drops the first line break
			p.spans(s.Spans)
		})
		p.element("button", []string{"type", "button", "class", "bk-button bk-copy", "data-do", "copy"}, func() { p.text("Copy") })
	})
}

// deepest is the largest indent of a list that Slack takes.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
const deepest = 8

func (p *page) list(s slacktest.Piece) {
	class := []string{"class", "bk-list bk-indent-" + strconv.Itoa(min(max(s.Indent, 0), deepest))}
	tag := "ul"
	if s.Ordered {
		tag, class = "ol", append(class, "start", strconv.Itoa(s.First))
	}
	p.element(tag, class, func() { p.pieces(s.Pieces) })
}

// table draws one that scrolls by itself where it is wider than the page.
func (p *page) table(s slacktest.Piece) {
	p.element("div", []string{"class", "bk-table", "role", "region", "aria-label", "Table", "tabindex", "0"}, func() {
		p.element("table", nil, func() {
			for i, row := range s.Pieces {
				if i == 0 {
					p.row(row, "th", "scope", "col")
				} else {
					p.row(row, "td")
				}
			}
		})
	})
}

func (p *page) row(s slacktest.Piece, tag string, attributes ...string) {
	p.element("tr", nil, func() {
		for _, cell := range s.Pieces {
			class := "bk-cell"
			if cell.Align == "center" || cell.Align == "right" {
				class += " bk-" + cell.Align
			}
			p.element(tag, append([]string{"class", class}, attributes...), func() { p.pieces(cell.Pieces) })
		}
	})
}

var hexColor = regexp.MustCompile(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)

// swatch is a colour. It is drawn: a page may forbid style attributes.
func (p *page) swatch(class, color string) {
	named := map[string]string{"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}
	if c := named[color]; c != "" {
		color = c
	}
	if !hexColor.MatchString(color) {
		color = "#8d8d8d"
	}
	p.element("svg", []string{"class", class, "aria-hidden", "true"}, func() {
		p.element("rect", []string{"width", "100%", "height", "100%", "fill", "#" + strings.TrimPrefix(color, "#")}, func() {})
	})
}
