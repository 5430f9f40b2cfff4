package web

import (
	"html/template"
	"log/slog"
	"net/http"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A pageView is what page.html gets.
type pageView struct {
	Base    string
	Zone    string
	Styles  []string
	Scripts []string
	Columns []columnView
	Side    []drawnPane
}

// A columnView is what column.html gets: one person's Slack.
type columnView struct {
	ID       string // begins every id in it
	Person   *world.Person
	Place    place
	People   []link
	Places   []link
	Back     string // the page as it is, for who has no JavaScript
	Act      string // what the paths of acts begin with
	Said     string
	Messages []messageView
	Home     template.HTML
	HomeOn   string
	Windows  []windowView
	Commands []world.Command
	Tools    []drawnPane
	Longest  int  // characters of a message
	Side     bool // the page has one
}

// A link leads to another place, or to another person.
type link struct {
	Text, Href string
	Name       string
	Here       bool
	Unread     bool
	Calls      int // messages that call the person
}

// page renders what people see; whatever it shows it asks others for.
type page struct {
	*places
	desks     desks
	talk      *talk
	panes     *panes
	templates *templates
	log       *slog.Logger
}

// serve renders everything that a page shows. A page that only looks again
// says so by live, and how many columns are in sight by seen.
func (pg *page) serve(w http.ResponseWriter, r *http.Request) {
	first, second, ok := pg.columns(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	in := zone(r.FormValue("zone"))
	pg.look(r, first, second)
	v := pageView{Base: pg.base, Zone: in.String(), Styles: styles(), Scripts: scripts()}
	for i, at := range []spot{first, second} {
		column, err := pg.column(r, i, []spot{first, second}, at)
		if err != nil {
			pg.failed(w, err)
			return
		}
		v.Columns = append(v.Columns, column)
	}
	var err error
	if v.Side, err = pg.panes.draw(r.Context(), inSide, pg.paneView(r, "side", first, second)); err != nil {
		pg.failed(w, err)
		return
	}
	out, err := pg.templates.page(v)
	if err != nil {
		pg.failed(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out)
}

// failed answers what should not happen.
func (pg *page) failed(w http.ResponseWriter, err error) {
	pg.log.Error("the page cannot be made", "err", err)
	http.Error(w, "The page could not be made: run the demo with -v to see why.", http.StatusInternalServerError)
}

// look marks as read what the columns in sight show, and tells the bot who has
// come to its Home.
func (pg *page) look(r *http.Request, first, second spot) {
	inSight := []spot{first}
	if r.FormValue("seen") == "2" {
		inSight = append(inSight, second)
	}
	for _, at := range inSight {
		p, where, ok := pg.stand(at)
		if !ok {
			continue
		}
		if where.Name == home && r.FormValue("live") == "" {
			// What the bot makes of it shows when it comes.
			_, _ = pg.world.Slack.OpenHome(p.ID)
		}
		if list := pg.world.Slack.InChannel(where.Channel); len(list) > 0 {
			pg.desks[p.Name].saw(where.Channel, list[len(list)-1].TS)
		}
	}
}

// paneView is who looks at a pane, when r asks for the page.
func (pg *page) paneView(r *http.Request, id string, first, second spot) paneView {
	return paneView{ID: id, Base: pg.base, Page: known(r.FormValue("page")), Back: pg.address(first, second), Zone: zone(r.FormValue("zone"))}
}

func (pg *page) column(r *http.Request, index int, all []spot, at spot) (columnView, error) {
	p, where, _ := pg.stand(at)
	to := func(next spot) string {
		moved := []spot{all[0], all[1]}
		moved[index] = next
		return pg.address(moved[0], moved[1])
	}
	v := columnView{
		ID:       []string{"one", "two"}[index],
		Person:   p,
		Place:    where,
		Back:     to(at),
		Act:      pg.base + "/" + at.Person + "/" + at.Place + "/",
		Said:     pg.desks[p.Name].trouble(),
		Commands: world.Commands(),
		Longest:  longestMessage,
		Side:     pg.panes.stand(inSide),
	}
	seen := pg.talk.seen()
	for _, other := range pg.world.People {
		next := link{Text: other.Name, Name: other.Name, Href: to(spot{other.Name, general}), Here: other == p}
		for _, each := range pg.of(other) {
			unread, calls := pg.talk.unread(seen, other, each)
			next.Unread, next.Calls = next.Unread || unread, next.Calls+calls
		}
		v.People = append(v.People, next)
	}
	for _, each := range pg.of(p) {
		next := link{Text: each.Title, Name: each.Name, Href: to(spot{p.Name, each.Name}), Here: each == where}
		next.Unread, next.Calls = pg.talk.unread(seen, p, each)
		v.Places = append(v.Places, next)
	}
	reader := slacktest.Reader{Zone: zone(r.FormValue("zone")), Now: pg.world.Clock.Now()}
	if where.Name == home {
		v.Home, v.HomeOn = homeOf(pg.world, p, reader, v.ID)
	} else {
		v.Messages = pg.talk.messages(seen, p, where, reader, v.ID)
	}
	v.Windows = windowsOf(pg.world, p, reader, v.ID)
	var err error
	tools := pg.paneView(r, v.ID, all[0], all[1])
	tools.Person = p
	v.Tools, err = pg.panes.draw(r.Context(), forTools, tools)
	return v, err
}
