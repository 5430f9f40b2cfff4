package web

import (
	"context"
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

// panesOf are all of them, in the order in which they stand. The tour goes by the record,
// which is out of sight where the bot is another program.
func panesOf(w *world.World) []pane {
	var all []pane
	if w.App != nil {
		t := newTours(w.App.Record, w.People, devices{w}.spent)
		all = append(all, pane{name: "tour", slot: inSide, data: t.data, acts: map[string]doing{"move": t.move}})
	}
	now, news, shells := clock{w}, newFeed(w), newTerminals(w)
	return append(all,
		pane{name: "clock", slot: inSide, data: now.data, acts: map[string]doing{"advance": now.advance}},
		pane{name: "feed", slot: inSide, data: news.data, acts: map[string]doing{"choose": news.choose}},
		pane{name: "device", slot: forTools, data: devices{w}.data},
		pane{name: "shell", slot: forTools, data: shells.data, acts: map[string]doing{"run": shells.run}},
	)
}

// panes are those of the page.
type panes struct {
	all     []pane
	replies *replies
}

// stand reports whether there are any in a slot.
func (ps *panes) stand(in slot) bool {
	return slices.ContainsFunc(ps.all, func(p pane) bool { return p.slot == in })
}

// A drawnPane is a pane with what its template gets.
type drawnPane struct {
	Name string
	paneView
	Data any
}

// draw makes those of one slot.
func (ps *panes) draw(ctx context.Context, in slot, v paneView) ([]drawnPane, error) {
	var out []drawnPane
	for _, p := range ps.all {
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

// serve does what is posted to a pane. Who is not named is nobody: an error is
// said aloud then.
func (ps *panes) serve(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(ps.all, func(p pane) bool { return p.name == r.PathValue("pane") })
	if i < 0 || ps.all[i].acts[r.PathValue("act")] == nil {
		http.NotFound(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, tooLarge, http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	p, known := ps.replies.places.person(r.PostForm.Get("person"))
	err := ps.all[i].acts[r.PathValue("act")](ctx, p, r.PostForm)
	ps.replies.hub.touch(ps.all[i].name)
	switch {
	case known:
		ps.replies.did(p, err)
	case err != nil:
		http.Error(w, sentence(err), http.StatusUnprocessableEntity)
		return
	}
	ps.replies.answer(w, r)
}
