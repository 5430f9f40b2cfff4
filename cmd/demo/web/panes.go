package web

import (
	"bytes"
	"context"
	"html/template"
	"net/url"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A pane is a part of the page that is no Slack: what happens behind it, and what
// people have beside it. Its template is templates/NAME.html; hub.touch(NAME) has
// pages ask for it anew.
type pane struct {
	name string
	slot slot
	// data is what its template gets.
	data func(context.Context, paneView) (any, error)
	// acts are what can be posted to it: /TOKEN/pane/NAME/ACT?person=…; an error
	// is shown to the person. A pane may have none.
	acts map[string]func(context.Context, *world.Person, url.Values) error
}

// A slot is where on the page a pane stands.
type slot string

const (
	inSide   slot = "side"   // once, beside the people
	forTools slot = "person" // below each person's message box
)

// A paneView is who looks at a pane. Person is nil in the side.
type paneView struct {
	Person *world.Person
	ID     string // unique on the page, for ids
	Base   string
	Zone   *time.Location
}

// panes are all of them, in the order in which they stand.
func (s *Server) panes() []pane { return nil }

// A drawnPane is a pane with what its template gets.
type drawnPane struct {
	Name string
	paneView
	Data any
}

// drawPanes makes those of one slot.
func (s *Server) drawPanes(ctx context.Context, in slot, v paneView) ([]drawnPane, error) {
	var out []drawnPane
	for _, p := range s.panes() {
		if p.slot != in {
			continue
		}
		data, err := p.data(ctx, v)
		if err != nil {
			return nil, err
		}
		d := drawnPane{Name: p.name, paneView: v, Data: data}
		d.ID += "-" + p.name
		out = append(out, d)
	}
	return out, nil
}

// drawPane is for templates, which cannot choose a template by its name.
func (s *Server) drawPane(p drawnPane) (template.HTML, error) {
	var out bytes.Buffer
	err := s.pages.ExecuteTemplate(&out, p.Name+".html", p)
	return template.HTML(out.String()), err //nolint:gosec // what a template has made
}
