package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/retry"
)

// Sockets keeps a number of Socket Mode connections open. Two or more, because
// Slack closes each about hourly and what it sends while there is none fails
// with dispatch_failed.
//
// Each is kept by a slot. A slot whose socket ends, or is about to, dials the
// next at once; only the pace that all replicas share makes it wait. Trouble
// makes a slot back off as long as another slot serves: the last one never does.
type Sockets struct {
	open   func(context.Context) (broker.Secret, error)
	handle func(*socket, envelope)
	count  int
	alone  bool // the state is in this process: another one on the same app must not issue
	pace   *pace
	census *census
	pulse  pulse
	pause  func(ctx context.Context, d time.Duration, other <-chan struct{})
	log    *slog.Logger

	mu      sync.Mutex
	serving int           // slots whose socket is open and not about to end
	changed chan struct{} // closed, and made anew, when serving goes down
	ready   chan struct{} // closed at the first hello
}

// newSockets returns count sockets' keeper; it dials nothing.
func newSockets(api *slack.Client, count int, alone bool, counters broker.Counters, log *slog.Logger, handle func(*socket, envelope)) *Sockets {
	return &Sockets{
		open:    func(ctx context.Context) (broker.Secret, error) { return openConnection(ctx, api) },
		handle:  handle,
		count:   count,
		alone:   alone,
		pace:    &pace{counters: counters, now: time.Now},
		census:  newCensus(),
		pulse:   defaultPulse,
		pause:   pause,
		log:     log,
		changed: make(chan struct{}),
		ready:   make(chan struct{}),
	}
}

// openConnection asks Slack for the one-time URL of a new socket.
// https://docs.slack.dev/reference/methods/apps.connections.open
func openConnection(ctx context.Context, api *slack.Client) (broker.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	_, url, err := api.StartSocketModeContext(ctx)
	if err != nil {
		var limited *slack.RateLimitedError
		if errors.As(err, &limited) {
			return broker.Secret{}, err
		}
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
			slot := slot{Sockets: s, log: s.log.With("slot", i), waits: slackPace().Waits()}
			if err := slot.run(ctx); err != nil {
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

// dial opens one socket and sees its hello.
func (s *Sockets) dial(ctx context.Context, log *slog.Logger) (*socket, error) {
	url, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	s.census.dial()
	sock, err := dialSocket(ctx, url, s.pulse, log)
	if err != nil {
		s.census.failed(time.Now())
		return nil, err
	}
	s.census.hello(sock.hello.NumConnections, time.Now())
	log.Info("socket open", "host", sock.hello.DebugInfo.Host, "connections", sock.hello.NumConnections,
		"lifetime", time.Duration(sock.hello.DebugInfo.ApproximateLifetime)*time.Second)
	if n, certain := s.census.strangers(); s.alone && n > 0 {
		log.Error("nothing is issued: "+strangersHint(certain), "connections_not_ours", n)
	}
	return sock, nil
}

// strangersHint says what Slack's count means to a process that keeps its state
// to itself, and what to do.
func strangersHint(certain bool) string {
	if certain {
		return "another process has connected with the same app token, and the state of this one is in its own memory. " +
			"Give all of them one REDIS_URL, or stop the other and start this one again"
	}
	return "Slack counted connections of this app before this process opened its first. They are another process, or dead ones that " +
		"Slack may count for some hours. If another process runs with this app token, stop it, or give all of them one REDIS_URL. " +
		"If none does, start this one with REDIS_URL=embedded?alone=true"
}

// up counts a slot that serves.
func (s *Sockets) up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving++
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
}

// down counts out a slot whose socket ended or is about to.
func (s *Sockets) down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving--
	close(s.changed)
	s.changed = make(chan struct{})
}

// deaf reports whether no slot serves, and returns what is closed when that may
// have come about.
func (s *Sockets) deaf() (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving == 0, s.changed
}

// slackPace is how often Slack is tried again, unless slackSays otherwise.
func slackPace() retry.Pace { return retry.Pace{First: 500 * time.Millisecond, Longest: longest} }

const longest = 30 * time.Second

// slackSays is err with how long to wait after it, where Slack says so.
func slackSays(err error) error {
	var limited *slack.RateLimitedError
	switch {
	case errors.As(err, &limited):
		return retry.After(err, limited.RetryAfter+rand.N(time.Second))
	case crowded(err):
		return retry.After(err, rand.N(longest)) // ten are open already; one closes about every six minutes
	}
	return err
}

// crowded reports whether Slack has as many sockets of the app as it allows.
func crowded(err error) bool {
	var refused *disconnected
	return errors.As(err, &refused) && refused.reason == "too_many_websockets"
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
