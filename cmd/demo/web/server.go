// Package web is the page of the demo: a small Slack in the browser, in which
// everybody of the world is at hand. The server renders, the page swaps. Who may
// ask for it is in package loopback.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/loopback"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A Server serves the page. Listen makes one, Run serves it. It is made of parts, each
// of which knows those that it is given alone:
//
//	page      panes     what is rendered; beside it templates and static files
//	acts                what people do: a composer, controls, forms
//	events    hub       who is told of changes
//	talk                the messages of a channel, as somebody sees them
//	places    desks     who is where; what everybody has before them
type Server struct {
	places *places
	door   *loopback.Server
	hub    *hub
	routes http.Handler
}

// Listen takes a port of 127.0.0.1, any free one if it is 0, for the page of w.
// Nothing is answered until Run.
func Listen(w *world.World, port int, log *slog.Logger) (*Server, error) {
	door, err := loopback.Listen(port, log)
	if err != nil {
		return nil, err
	}
	drawn, err := parse()
	if err != nil {
		return nil, errors.Join(err, door.Close())
	}
	at := &places{world: w, base: door.Base()}
	all := newDesks(w)
	hub := newHub()
	replies := &replies{places: at, desks: all, hub: hub}
	panes := &panes{all: panesOf(w), replies: replies}
	page := &page{places: at, desks: all, talk: &talk{world: w, desks: all}, panes: panes, templates: drawn, log: log}
	acts := newActs(w, replies)
	events := &events{hub: hub, ending: door.Ending(), log: log}
	w.Slack.Subscribe(func(c slacktest.Change) { hub.notice(w.People, c) })

	mux := http.NewServeMux()
	mux.HandleFunc("GET "+at.base+"/{$}", at.serveFront)
	mux.HandleFunc("GET "+at.base+"/events", events.serve)
	mux.HandleFunc("GET "+at.base+"/static/{file}", serveStatic)
	mux.HandleFunc("GET "+at.base+"/{person}/{place}", page.serve)
	mux.HandleFunc("POST "+at.base+"/pane/{pane}/{act}", panes.serve)
	mux.HandleFunc("POST "+at.base+"/{person}/{place}/{act}", acts.serve)
	return &Server{places: at, door: door, hub: hub, routes: mux}, nil
}

// URL is the address of the page, with its token.
func (s *Server) URL() string { return s.door.URL() }

// Run serves until ctx ends, then ends every stream and waits until all that was
// asked is answered, at most for a few seconds.
func (s *Server) Run(ctx context.Context) error { return s.door.Run(ctx, s.routes) }
