// Package loopback serves a page to the browsers of this machine.
//
// It listens on 127.0.0.1 alone. Whoever has the address has everything, so the
// address holds a token, and guard.go refuses what a page of somebody else's could
// make a browser ask.
package loopback

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Limits of what a browser may ask.
const (
	MaxHeader = 16 << 10
	MaxForm   = 192 << 10 // the longest message of the little Slack, as a form has it
)

// How long a browser may take, and how long the end.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	endTimeout    = 5 * time.Second
)

// A Server serves one page. Listen makes one, Run serves it.
type Server struct {
	log      *slog.Logger
	listener net.Listener
	port     string
	token    string
	ending   chan struct{} // closed when Run is to end
}

// Listen takes a port of 127.0.0.1, any free one if it is 0. Nothing is answered
// until Run.
func Listen(port int, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // it takes no time
	if err != nil {
		return nil, fmt.Errorf("the page: %w: try another --port", err)
	}
	_, taken, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Server{
		log:      log,
		listener: l,
		port:     taken,
		token:    rand.Text(), // 130 bits
		ending:   make(chan struct{}),
	}, nil
}

// Close gives the port back of what was never run.
func (s *Server) Close() error { return s.listener.Close() }

// Port is the port that was taken.
func (s *Server) Port() string { return s.port }

// URL is the address of the page, with its token.
func (s *Server) URL() string { return "http://127.0.0.1:" + s.port + s.Base() + "/" }

// Base is what the path of everything begins with: the token.
func (s *Server) Base() string { return "/" + s.token }

// Ending is closed when Run is to end: a stream that ends by itself must end then.
func (s *Server) Ending() <-chan struct{} { return s.ending }

// Run serves handler, which sees paths below Base alone, until ctx ends. Then it
// waits until all that was asked is answered, at most for a few seconds.
func (s *Server) Run(ctx context.Context, handler http.Handler) error {
	asked, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	server := &http.Server{
		Handler:           s.guarded(handler),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    MaxHeader,
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
		giveUp() // who waits for an answer waits no longer
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
