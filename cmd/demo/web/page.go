package web

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/blockhtml"
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

// A windowView is a modal; the last one is on top.
type windowView struct {
	ID, On, Title string
	Top           bool
	Body          template.HTML
}

// servePage renders everything that a page shows. A page that only looks again
// says so by live, and how many columns are in sight by seen.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	first, second, ok := s.columns(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	in := zone(r.FormValue("zone"))
	s.look(r, first, second)
	v := pageView{Base: s.base(), Zone: in.String(), Styles: styles(), Scripts: scripts()}
	for i, at := range []spot{first, second} {
		column, err := s.column(r, i, []spot{first, second}, at)
		if err != nil {
			s.failed(w, err)
			return
		}
		v.Columns = append(v.Columns, column)
	}
	var err error
	if v.Side, err = s.drawPanes(r.Context(), inSide, s.paneView(r, "side", first, second)); err != nil {
		s.failed(w, err)
		return
	}
	var out bytes.Buffer
	if err := s.pages.ExecuteTemplate(&out, "page.html", v); err != nil {
		s.failed(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}

// failed answers what should not happen.
func (s *Server) failed(w http.ResponseWriter, err error) {
	s.log.Error("the page cannot be made", "err", err)
	http.Error(w, "The page could not be made: run the demo with -v to see why.", http.StatusInternalServerError)
}

// look marks as read what the columns in sight show, and tells the bot who has
// come to its Home.
func (s *Server) look(r *http.Request, first, second spot) {
	inSight := []spot{first}
	if r.FormValue("seen") == "2" {
		inSight = append(inSight, second)
	}
	for _, at := range inSight {
		p, where, ok := s.stand(at)
		if !ok {
			continue
		}
		if where.Name == home && r.FormValue("live") == "" {
			// What the bot makes of it shows when it comes.
			_, _ = s.world.Slack.OpenHome(p.ID)
		}
		if list := s.world.Slack.InChannel(where.Channel); len(list) > 0 {
			s.desks[p.Name].saw(where.Channel, list[len(list)-1].TS)
		}
	}
}

// paneView is who looks at a pane, when r asks for the page.
func (s *Server) paneView(r *http.Request, id string, first, second spot) paneView {
	return paneView{ID: id, Base: s.base(), Page: known(r.FormValue("page")), Back: s.address(first, second), Zone: zone(r.FormValue("zone"))}
}

func (s *Server) column(r *http.Request, index int, all []spot, at spot) (columnView, error) {
	p, where, _ := s.stand(at)
	to := func(next spot) string {
		moved := []spot{all[0], all[1]}
		moved[index] = next
		return s.address(moved[0], moved[1])
	}
	v := columnView{
		ID:       []string{"one", "two"}[index],
		Person:   p,
		Place:    where,
		Back:     to(at),
		Act:      s.base() + "/" + at.Person + "/" + at.Place + "/",
		Said:     s.desks[p.Name].trouble(),
		Commands: world.Commands(),
		Longest:  longestMessage,
		Side:     slices.ContainsFunc(s.panes(), func(p pane) bool { return p.slot == inSide }),
	}
	seen := s.seen()
	for _, other := range s.world.People {
		next := link{Text: other.Name, Name: other.Name, Href: to(spot{other.Name, general}), Here: other == p}
		for _, each := range s.placesOf(other) {
			unread, calls := s.unread(seen, other, each)
			next.Unread, next.Calls = next.Unread || unread, next.Calls+calls
		}
		v.People = append(v.People, next)
	}
	for _, each := range s.placesOf(p) {
		next := link{Text: each.Title, Name: each.Name, Href: to(spot{p.Name, each.Name}), Here: each == where}
		next.Unread, next.Calls = s.unread(seen, p, each)
		v.Places = append(v.Places, next)
	}
	reader := slacktest.Reader{Zone: zone(r.FormValue("zone")), Now: s.world.Clock.Now()}
	if where.Name == home {
		v.Home, v.HomeOn = s.home(p, reader, v.ID)
	} else {
		v.Messages = s.messages(seen, p, where, reader, v.ID)
	}
	v.Windows = s.windows(p, reader, v.ID)
	var err error
	tools := s.paneView(r, v.ID, all[0], all[1])
	tools.Person = p
	v.Tools, err = s.drawPanes(r.Context(), forTools, tools)
	return v, err
}

func (s *Server) home(p *world.Person, reader slacktest.Reader, id string) (template.HTML, string) {
	v, published := s.world.Slack.Home(p.ID)
	if !published {
		return "", ""
	}
	return blockhtml.HTML(v.Tree(reader), s.drawnFor(p, id+"home")), refText(v.Ref())
}

func (s *Server) windows(p *world.Person, reader slacktest.Reader, id string) []windowView {
	var out []windowView
	for i, v := range s.world.Slack.Views(p.ID) {
		w := windowView{ID: id + "w" + v.ID, On: refText(v.Ref()), Title: v.Title}
		w.Body = blockhtml.HTML(v.Tree(reader), s.drawnFor(p, w.ID))
		if i > 0 {
			out[i-1].Top = false
		}
		w.Top = true
		out = append(out, w)
	}
	return out
}

func (s *Server) drawnFor(p *world.Person, id string) blockhtml.Options {
	return blockhtml.Options{ID: id, Reader: p.ID, Groups: s.world.Slack.GroupsOf(p.ID)}
}
