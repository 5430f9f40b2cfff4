package blockhtml

import (
	_ "embed"
	"html"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// CSS is the style sheet for what this package draws, light and dark. Its colours
// are custom properties that begin with --bk-.
//
//go:embed blockkit.css
var CSS string

// Options say for whom and where something is drawn.
type Options struct {
	ID     string   // begins every id; unique in the page, letters and digits
	Reader string   // the user id of who reads: what mentions them is lit
	Groups []string // the ids of the user groups that they are in
}

// HTML draws a tree.
func HTML(tree slacktest.Piece, o Options) template.HTML {
	p := &page{o: o}
	p.piece(tree)
	return p.html()
}

// Offers draws what an app offers for a menu with type-ahead, for the listbox that
// the field names by aria-controls.
func Offers(offered []slacktest.Choice, id string) template.HTML {
	p := &page{o: Options{ID: id}}
	group := ""
	for _, c := range offered {
		if c.Group != group {
			group = c.Group
			p.element("li", []string{"class", "bk-group", "role", "presentation"}, func() { p.text(group) })
		}
		p.element("li", []string{
			"class", "bk-option", "role", "option", "id", p.id(), "aria-selected", "false", "data-do", "choose", "data-value", c.Value,
		}, func() { p.choice(c) })
	}
	if len(offered) == 0 {
		p.element("li", []string{"class", "bk-group", "role", "presentation"}, func() { p.text("No results") })
	}
	return p.html()
}

// A page is HTML that is being written. Everything goes through open and text,
// which escape it.
type page struct {
	b   strings.Builder
	o   Options
	ids int
}

func (p *page) html() template.HTML {
	return template.HTML(p.b.String()) //nolint:gosec // open and text have escaped it
}

// open begins an element; attributes are names and values in turn.
func (p *page) open(tag string, attributes ...string) {
	p.b.WriteString("<" + tag)
	for i := 0; i+1 < len(attributes); i += 2 {
		p.b.WriteString(" " + attributes[i] + `="` + html.EscapeString(attributes[i+1]) + `"`)
	}
	p.b.WriteString(">")
}

func (p *page) text(s string) { p.b.WriteString(html.EscapeString(s)) }

func (p *page) element(tag string, attributes []string, inner func()) {
	p.open(tag, attributes...)
	inner()
	p.b.WriteString("</" + tag + ">")
}

func (p *page) div(class string, inner func()) { p.element("div", []string{"class", class}, inner) }

// when is attributes that are there on a condition.
func when(condition bool, attributes ...string) []string {
	if condition {
		return attributes
	}
	return nil
}

func (p *page) id() string {
	p.ids++
	return p.o.ID + "-" + strconv.Itoa(p.ids)
}

// leads reports whether a link may lead there.
func leads(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "mailto")
}
