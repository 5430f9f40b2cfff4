package socketmode

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/retry"
)

// A slot keeps one connection open, make before break: when Slack announces that
// it will close a socket, or the socket misses a pong, the next is dialled while
// the old one is still read.
type slot struct {
	*Sockets
	log *slog.Logger

	waits    retry.Waits
	failures int     // dials without a hello, one after another
	hasty    int     // sockets that did not live long, one after another
	doubtful *socket // it missed a pong, and the next is not there yet
	old      sync.WaitGroup
}

// run returns nil when ctx ends, once every socket of the slot is closed.
func (s *slot) run(ctx context.Context) error {
	defer s.old.Wait()
	for ctx.Err() == nil {
		s.awaitTurn(ctx)
		if ctx.Err() != nil {
			return nil
		}
		sock, err := s.dial(ctx, s.log)
		if err != nil {
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

// serve reads sock until it ends or the next is wanted.
func (s *slot) serve(ctx context.Context, sock *socket) {
	began := time.Now()
	if s.doubtful != nil {
		s.doubtful.retire()
		s.doubtful = nil
	}
	s.up()
	s.old.Go(func() {
		sock.serve(ctx, s.handle)
		s.census.ended(sock.known(), time.Now())
		if ctx.Err() == nil {
			s.log.Info("socket closed", "reason", sock.why, "error", sock.err)
		}
	})
	select {
	case <-sock.leaving:
	case <-sock.silent:
		s.log.Warn("a socket misses a pong; the next is opened beside it")
		s.doubtful = sock
	case <-sock.finished:
	case <-ctx.Done():
	}
	s.down()
	if time.Since(began) > silence {
		s.waits.Reset()
		s.hasty = 0
		return
	}
	if s.hasty++; s.hasty > 1 { // the first time the next is dialled at once
		s.rest(ctx, nil)
	}
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
