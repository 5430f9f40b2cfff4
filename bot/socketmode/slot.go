package socketmode

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/retry"
)

// A slot keeps one connection open, make before break: when Slack announces that
// it will close a socket, or is about to, or the socket misses a pong, the next is
// dialled while the old one is still read.
type slot struct {
	*Sockets
	number int
	log    *slog.Logger

	waits    retry.Waits
	failures int     // dials without a hello, one after another
	hasty    int     // sockets that did not live long, one after another
	before   *socket // has to give place to the next; nil: there is none
}

// run returns nil when ctx ends; its sockets are open still.
func (s *slot) run(ctx context.Context) error {
	for s.places.take(ctx) {
		s.awaitTurn(ctx)
		sock, err := s.dial(ctx, s.log)
		if err != nil {
			s.places.give()
			if err := s.failed(ctx, err); err != nil {
				return err
			}
			continue
		}
		s.failures = 0
		s.serve(ctx, sock)
	}
	return nil
}

// awaitTurn returns when the slot may dial.
func (s *slot) awaitTurn(ctx context.Context) {
	for ctx.Err() == nil {
		last, changed := s.deaf()
		d := s.pace.take(ctx, last)
		if d <= 0 {
			return
		}
		if last {
			changed = nil // it is asked as the last already
		}
		s.pause(ctx, d, changed)
	}
}

// failed waits after a dial that brought no socket; it returns the error that
// trying again cannot mend.
func (s *slot) failed(ctx context.Context, err error) error {
	var (
		fatal   *webapi.FatalError
		limited *slack.RateLimitedError
	)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // told to stop
	}
	if errors.As(err, &fatal) {
		return err
	}
	s.failures++
	if s.failures <= 3 || s.failures%20 == 0 { // the last slot tries without rest
		s.log.Warn("no socket", "error", err, "failures", s.failures)
	}
	last, _ := s.deaf()
	switch {
	case errors.As(err, &limited):
		s.pace.stayAway(s.waits.Next(slackSays(err)))
	case last && crowded(err):
		s.pause(ctx, crowdedPause, nil)
	default:
		s.rest(ctx, err)
	}
	return nil
}

// rest backs off as long as another slot serves.
func (s *slot) rest(ctx context.Context, err error) {
	d := s.waits.Next(slackSays(err))
	if last, changed := s.deaf(); !last {
		s.pause(ctx, d, changed)
	}
}

// serve has sock read until it ends, and returns when the next is wanted.
func (s *slot) serve(ctx context.Context, sock *socket) {
	began := time.Now()
	s.up()
	down := sync.OnceFunc(s.down)
	if s.before != nil {
		s.places.replaced(s.before)
	}
	s.before = sock
	s.reading.Go(func() {
		sock.serve(func(f frame) { s.handle(s.envelope(f, sock)) }) //nolint:contextcheck // it ends with its socket
		s.places.closed(sock)
		s.census.ended(sock.known(), time.Now())
		s.places.give()
		if ctx.Err() == nil {
			s.log.Info("socket closed", "reason", sock.why, "error", sock.err)
		}
	})
	s.reading.Go(func() {
		select {
		case <-sock.leaving:
		case <-sock.silent:
		case <-sock.retired:
		case <-sock.finished:
		}
		down()
	})
	select {
	case <-sock.leaving:
		down()
	case <-sock.silent:
		down()
		s.log.Warn("a socket misses a pong; the next is opened beside it")
	case <-sock.finished:
		down()
	case <-s.due(sock): // it goes on serving until then
		s.log.Info("the next socket is opened before Slack ends this one", "after", time.Since(began).Round(time.Second))
	case <-ctx.Done():
	}
	if time.Since(began) > silence {
		s.waits.Reset()
		s.hasty = 0
		return
	}
	if s.hasty++; s.hasty > 1 { // the first time the next is dialled at once
		s.rest(ctx, nil)
	}
}

// due is when the next socket is opened although this one is well; nil for never.
func (s *slot) due(sock *socket) <-chan time.Time {
	d := early(time.Duration(sock.hello.DebugInfo.Lifetime), s.number, s.count, rand.Float64())
	if d == 0 {
		return nil
	}
	return s.after(d)
}

// pause waits for d, or until other is closed.
func pause(ctx context.Context, d time.Duration, other <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-other:
	case <-ctx.Done():
	}
}
