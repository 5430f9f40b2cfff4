// Package web is the page of the demo: a small Slack in the browser, in which
// everybody of the world is at hand. The server renders, the page swaps.
//
// It listens on loopback alone. Whoever has the address has everything, so the
// address holds a token, and guard.go refuses what a page of somebody else's could
// make a browser ask.
package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// Limits of what a browser may ask, and how long it may take to.
const (
	maxHeader     = 16 << 10
	maxForm       = 64 << 10
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	endTimeout    = 5 * time.Second
)

// A Server serves the page. Listen makes one, Run serves it.
type Server struct {
	world    *world.World
	log      *slog.Logger
	listener net.Listener
	port     string
	token    string
	pages    *template.Template
	hub      *hub
	desks    map[string]*desk // by the name of the person
	ending   chan struct{}    // closed when Run is to end
}

// Listen takes a port of 127.0.0.1, any free one if it is 0, for the page of w.
// Nothing is answered until Run.
func Listen(w *world.World, port int, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // it takes no time
	if err != nil {
		return nil, fmt.Errorf("the page: %w: try another --port", err)
	}
	_, taken, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &Server{
		world:    w,
		log:      log,
		listener: l,
		port:     taken,
		token:    rand.Text(), // 130 bits
		hub:      newHub(),
		desks:    map[string]*desk{},
		ending:   make(chan struct{}),
	}
	if s.pages, err = s.parse(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	for _, p := range w.People {
		s.desks[p.Name] = newDesk()
	}
	w.Slack.Subscribe(s.notice)
	return s, nil
}

// URL is the address of the page, with its token.
func (s *Server) URL() string { return "http://127.0.0.1:" + s.port + s.base() + "/" }

// base is what the path of everything begins with.
func (s *Server) base() string { return "/" + s.token }

// Run serves until ctx ends, then ends every stream and waits until all that was
// asked is answered, at most for a few seconds.
func (s *Server) Run(ctx context.Context) error {
	asked, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	server := &http.Server{
		Handler:           s.guarded(s.routes()),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return asked },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(s.listener) }()
	var err error
	select {
	case err = <-served:
		close(s.ending)
	case <-ctx.Done():
		close(s.ending)
		giveUp() // who waits for the bot waits no longer
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
		defer cancel()
		if err = server.Shutdown(limit); err != nil {
			err = errors.Join(err, server.Close())
		}
		err = errors.Join(err, <-served)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

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
