// Package web is the page of the demo: a small Slack in the browser, in which
// everybody of the world is at hand. The server renders, the page swaps. Who may
// ask for it is in package loopback.
package web

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/loopback"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A Server serves the page. Listen makes one, Run serves it.
type Server struct {
	world *world.World
	log   *slog.Logger
	door  *loopback.Server
	pages *template.Template
	hub   *hub
	desks map[string]*desk // by the name of the person

	feed      *feed
	tours     *tours
	terminals terminals
}

// Listen takes a port of 127.0.0.1, any free one if it is 0, for the page of w.
// Nothing is answered until Run.
func Listen(w *world.World, port int, log *slog.Logger) (*Server, error) {
	door, err := loopback.Listen(port, log)
	if err != nil {
		return nil, err
	}
	s := &Server{
		world: w,
		log:   log,
		door:  door,
		hub:   newHub(),
		desks: map[string]*desk{},

		feed:      newFeed(w),
		tours:     &tours{world: w},
		terminals: newTerminals(w),
	}
	if s.pages, err = s.parse(); err != nil {
		return nil, errors.Join(err, door.Close())
	}
	for _, p := range w.People {
		s.desks[p.Name] = newDesk()
	}
	w.Slack.Subscribe(s.notice)
	return s, nil
}

// URL is the address of the page, with its token.
func (s *Server) URL() string { return s.door.URL() }

// base is what the path of everything begins with.
func (s *Server) base() string { return s.door.Base() }

// Run serves until ctx ends, then ends every stream and waits until all that was
// asked is answered, at most for a few seconds.
func (s *Server) Run(ctx context.Context) error { return s.door.Run(ctx, s.routes()) }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.base()+"/{$}", func(w http.ResponseWriter, r *http.Request) {
		people := s.world.People
		http.Redirect(w, r, s.address(spot{people[0].Name, general}, spot{people[1].Name, general}), http.StatusSeeOther)
	})
	mux.HandleFunc("GET "+s.base()+"/events", s.serveEvents)
	mux.HandleFunc("GET "+s.base()+"/static/{file}", s.serveStatic)
	mux.HandleFunc("GET "+s.base()+"/{person}/{place}", s.servePage)
	mux.HandleFunc("POST "+s.base()+"/pane/{pane}/{act}", s.servePane)
	mux.HandleFunc("POST "+s.base()+"/{person}/{place}/{act}", s.serveAct)
	return mux
}

// notice tells the pages of a change of Slack's; the fake waits for it.
func (s *Server) notice(c slacktest.Change) {
	for _, p := range s.world.People {
		if concerns(c, p) {
			s.hub.touch(p.Name)
		}
	}
}

// concerns reports whether p may see a change. Who is not in a channel is told
// nothing by it but that something happened.
func concerns(c slacktest.Change, p *world.Person) bool {
	switch {
	case c.User != "":
		return c.User == p.ID
	case c.Message.Ephemeral:
		return c.Message.To == p.ID
	case c.Message.Channel != world.General && c.Message.Channel != world.Audit:
		return c.Message.Channel == p.DM
	}
	return true
}
