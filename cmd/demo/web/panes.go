package web

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
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
	// acts are what can be posted to it, as /TOKEN/pane/NAME/ACT: a form with the
	// method post is enough. The person is who the field "person" names, or nil; an
	// error is shown to them.
	acts map[string]doing
}

// A slot is where on the page a pane stands.
type slot string

const (
	inSide   slot = "side"   // once, beside the people
	forTools slot = "person" // below each person's Slack
)

// A paneView is who looks at a pane. Person is nil in the side.
type paneView struct {
	Person *world.Person
	ID     string // unique on the page, for ids
	Base   string
	Page   string // which page it is, of those that are open
	Back   string // the page as it is, for who has no JavaScript
	Zone   *time.Location
}

// doing is what an act does.
type doing = func(context.Context, *world.Person, url.Values) error

// panes are all of them, in the order in which they stand. The tour goes by the record,
// which is out of sight where the bot is another program.
func (s *Server) panes() []pane {
	all := s.panesOfAll()
	if s.world.App == nil {
		return all
	}
	return append([]pane{{name: "tour", slot: inSide, data: s.tours.data, acts: map[string]doing{"move": s.tours.move}}}, all...)
}

func (s *Server) panesOfAll() []pane {
	return []pane{
		{name: "clock", slot: inSide, data: s.clockData, acts: map[string]doing{"advance": s.advance}},
		{name: "feed", slot: inSide, data: s.feed.data, acts: map[string]doing{"choose": s.feed.choose}},
		{name: "device", slot: forTools, data: s.deviceData},
		{name: "shell", slot: forTools, data: s.terminals.data, acts: map[string]doing{"run": s.terminals.run}},
	}
}

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

// servePane does what is posted to a pane. Who is not named is nobody: an error is
// said aloud then.
func (s *Server) servePane(w http.ResponseWriter, r *http.Request) {
	all := s.panes()
	i := slices.IndexFunc(all, func(p pane) bool { return p.name == r.PathValue("pane") })
	if i < 0 || all[i].acts[r.PathValue("act")] == nil {
		http.NotFound(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, tooLarge, http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	p, known := s.person(r.PostForm.Get("person"))
	err := all[i].acts[r.PathValue("act")](ctx, p, r.PostForm)
	s.hub.touch(all[i].name)
	switch {
	case known:
		s.did(p, err)
	case err != nil:
		http.Error(w, sentence(err), http.StatusUnprocessableEntity)
		return
	}
	s.answer(w, r)
}

// drawPane is for templates, which cannot choose a template by its name.
func (s *Server) drawPane(p drawnPane) (template.HTML, error) {
	var out bytes.Buffer
	err := s.pages.ExecuteTemplate(&out, p.Name+".html", p)
	return template.HTML(out.String()), err //nolint:gosec // what a template has made
}
