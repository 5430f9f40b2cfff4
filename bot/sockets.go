package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// Sockets keeps a number of Socket Mode connections open. Two or more, because
// Slack closes each about hourly and what it sends while there is none fails
// with dispatch_failed.
type Sockets struct {
	open   func(context.Context) (broker.Secret, error)
	handle func(*socket, envelope)
	count  int
	alone  bool // the state is in this process, so sockets of others must be noticed
	log    *slog.Logger

	mu    sync.Mutex
	live  int           // dialled and not yet closed, those that Slack is about to close too
	said  int           // how many Slack counted in the last hello
	ended []time.Time   // when our own were closed, of late: Slack may count them still
	ready chan struct{} // closed at the first hello
}

// newSockets returns count sockets' keeper; it dials nothing.
func newSockets(api *slack.Client, count int, alone bool, log *slog.Logger, handle func(*socket, envelope)) *Sockets {
	return &Sockets{
		open:   func(ctx context.Context) (broker.Secret, error) { return openConnection(ctx, api) },
		handle: handle, count: count, alone: alone, log: log, ready: make(chan struct{}),
	}
}

// openConnection asks Slack for the one-time URL of a new socket.
// https://docs.slack.dev/reference/methods/apps.connections.open
func openConnection(ctx context.Context, api *slack.Client) (broker.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	_, url, err := api.StartSocketModeContext(ctx)
	if err != nil {
		return broker.Secret{}, slackError("apps.connections.open", err)
	}
	return broker.NewSecret(url), nil
}

// run keeps the sockets open until ctx ends, when it returns nil, or until
// Slack says something that trying again cannot mend.
func (s *Sockets) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var slots sync.WaitGroup
	for i := range s.count {
		slots.Go(func() {
			if err := s.slot(ctx, s.log.With("slot", i)); err != nil {
				cancel(err)
			}
		})
	}
	slots.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// slot keeps one connection open. When Slack announces that it will close a
// socket, the next is dialled while the old one is still read.
func (s *Sockets) slot(ctx context.Context, log *slog.Logger) error {
	var old sync.WaitGroup
	defer old.Wait()
	wait, hasty := backoff{}, 0
	for ctx.Err() == nil {
		sock, err := s.dial(ctx, log)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			var fatal *fatalError
			if errors.As(err, &fatal) {
				return err
			}
			d := wait.next(err)
			log.Warn("no socket", "error", err, "retry_in", d)
			sleep(ctx, d)
			continue
		}
		began := time.Now()
		serving, leave := context.WithCancel(ctx)
		old.Go(func() {
			defer leave()
			sock.serve(serving, s.handle)
			s.closed()
			if ctx.Err() == nil {
				log.Info("socket closed", "reason", sock.why, "error", sock.err)
			}
		})
		select {
		case <-sock.leaving:
			// The next is dialled while this one is still read, at once, unless
			// Slack sends away one after another.
			if time.Since(began) > silence {
				wait, hasty = backoff{}, 0
			} else if hasty++; hasty > 3 {
				sleep(ctx, wait.next(nil))
			}
		case <-s.recount():
			// Only another hello tells whether the strangers are still there.
			leave()
		case <-sock.finished:
			// A socket that lived was not the trouble; one that died at once is.
			if time.Since(began) > silence {
				wait = backoff{}
			}
			sleep(ctx, wait.next(nil))
		case <-ctx.Done():
		}
	}
	return nil
}

// dial opens one socket and sees its hello.
func (s *Sockets) dial(ctx context.Context, log *slog.Logger) (*socket, error) {
	url, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.live++
	s.mu.Unlock()
	sock, err := dialSocket(ctx, url, log)
	if err != nil {
		s.closed()
		return nil, err
	}
	log.Info("socket open", "host", sock.hello.DebugInfo.Host, "connections", sock.hello.NumConnections,
		"lifetime", time.Duration(sock.hello.DebugInfo.ApproximateLifetime)*time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = sock.hello.NumConnections
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
	return sock, nil
}

// closed counts a socket out.
func (s *Sockets) closed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live--
	s.ended = append(s.ended, time.Now())
}

// countedAfter is how long Slack may go on counting a socket that has ended.
const countedAfter = time.Minute

// strangers reports whether Slack counts sockets of this app that are not ours:
// another process is running with the same app token.
func (s *Sockets) strangers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = slices.DeleteFunc(s.ended, func(at time.Time) bool { return time.Since(at) > countedAfter })
	return s.said > s.live+len(s.ended)
}

// recount ticks once, a minute on, where strangers were counted and matter.
func (s *Sockets) recount() <-chan time.Time {
	if !s.alone || !s.strangers() {
		return nil
	}
	s.log.Error("another process is connected with the same app token, and the state of this one is in its own memory: nothing is issued. Give all of them one REDIS_URL")
	return time.After(time.Minute)
}

// A backoff is the wait before the next try: exponential, with full jitter.
type backoff struct{ tries int }

const (
	firstWait = 500 * time.Millisecond
	longest   = 30 * time.Second
)

func (b *backoff) next(err error) time.Duration {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		return limited.RetryAfter + rand.N(time.Second)
	}
	ceiling := min(longest, firstWait<<min(b.tries, 10))
	b.tries++
	var refused *disconnected
	if errors.As(err, &refused) && refused.reason == "too_many_websockets" {
		// Ten are open already; one closes about every six minutes.
		ceiling = longest
	}
	return firstWait/2 + rand.N(ceiling)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A fatalError is one that trying again cannot mend.
type fatalError struct {
	what string
	hint string
	err  error
}

// Unwrap returns Slack's own error.
func (e *fatalError) Unwrap() error { return e.err }

func (e *fatalError) Error() string { return e.what + ": " + e.hint }

// slackError adds to Slack's refusal of a method what mends it, and makes it
// fatal where only that will.
func slackError(method string, err error) error {
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", method, withoutURL(err))
	}
	token, kind := "SLACK_BOT_TOKEN", "the Bot User OAuth Token (xoxb-…) from OAuth & Permissions"
	if method == "apps.connections.open" {
		token, kind = "SLACK_APP_TOKEN", "an app-level token (xapp-…) with connections:write from Basic Information"
	}
	hint := ""
	switch refused.Err {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
		hint = "Slack does not take the token in " + token + ": put " + kind + " there"
	case "not_allowed_token_type":
		hint = token + " holds a token of the wrong kind: put " + kind + " there"
	case "missing_scope", "no_permission":
		hint = "the token in " + token + " lacks a scope: install the app again with the manifest from deploy/"
	case "not_enabled", "socket_mode_not_enabled", "forbidden_team":
		hint = "switch Socket Mode on in the app's settings"
	case "not_in_channel", "channel_not_found", "is_archived":
		return fmt.Errorf("%s: %w: name a living channel of this workspace and /invite the bot to it", method, err)
	default:
		return fmt.Errorf("%s: %w", method, err)
	}
	return &fatalError{what: method + ": " + refused.Err, hint: hint, err: err}
}
