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
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
)

// Sockets keeps a number of Socket Mode connections open. Two or more, because
// Slack closes each about hourly and what it sends while there is none fails
// with dispatch_failed.
//
// Each is kept by a slot. A slot whose socket ends, or is about to, dials the
// next at once; only the pace that all replicas share, and the one place that a
// process has for it (places), make it wait. Trouble makes a slot back off as long
// as another slot serves: the last one never does.
type Sockets struct {
	open   func(context.Context) (secret.Text, error)
	handle func(Envelope)
	count  int
	alone  bool // the state is in this process: another one on the same app must not issue
	pace   *pace
	places *places
	census *census
	pulse  pulse
	pause  func(ctx context.Context, d time.Duration, other <-chan struct{})
	after  func(time.Duration) <-chan time.Time
	watch  watch.Watcher
	log    *slog.Logger

	reading sync.WaitGroup // sockets that have not ended

	mu      sync.Mutex
	serving int           // slots whose socket is open and not about to end
	changed chan struct{} // closed, and made anew, when serving goes down
	ready   chan struct{} // closed at the first hello
}

// Deps is what Sockets are made of. All of it is needed.
type Deps struct {
	API      *slack.Client
	Count    int  // of sockets
	Alone    bool // the state is in this process: another one on the same app must not issue
	Counters broker.Counters
	Watch    watch.Watcher // nil: nobody watches
	Log      *slog.Logger
	// Handle takes an envelope off a socket, and acknowledges it. It must not block.
	Handle func(Envelope)
}

// New returns Sockets; they dial nothing yet.
func New(d Deps) *Sockets {
	return &Sockets{
		open:    func(ctx context.Context) (secret.Text, error) { return openConnection(ctx, d.API) },
		handle:  d.Handle,
		count:   d.Count,
		alone:   d.Alone,
		pace:    &pace{counters: d.Counters, now: time.Now},
		places:  newPlaces(d.Count),
		census:  newCensus(),
		pulse:   defaultPulse,
		pause:   pause,
		after:   time.After,
		watch:   d.Watch,
		log:     d.Log,
		changed: make(chan struct{}),
		ready:   make(chan struct{}),
	}
}

// Ready is closed once a socket is open and Slack said hello on it.
func (s *Sockets) Ready() <-chan struct{} { return s.ready }

// Strangers returns how many connections Slack counted that are not ours, and
// whether another process is certain to hold them.
func (s *Sockets) Strangers() (n int, certain bool) { return s.census.strangers() }

// openConnection asks Slack for the one-time URL of a new socket.
// https://docs.slack.dev/reference/methods/apps.connections.open
func openConnection(ctx context.Context, api *slack.Client) (secret.Text, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	_, url, err := api.StartSocketModeContext(ctx)
	if err != nil {
		var limited *slack.RateLimitedError
		if errors.As(err, &limited) {
			return secret.Text{}, err
		}
		return secret.Text{}, webapi.Error("apps.connections.open", err)
	}
	return secret.New(url), nil
}

// Run keeps the sockets open until ctx ends, when it closes them and returns nil,
// or until Slack says something that trying again cannot mend.
func (s *Sockets) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var slots sync.WaitGroup
	for i := range s.count {
		slots.Go(func() {
			slot := slot{Sockets: s, number: i, log: s.log.With("slot", i), waits: webapi.Patience().Waits()}
			if err := slot.run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	slots.Wait()
	s.places.closeAll()
	s.reading.Wait()
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
	s.places.opened(sock)
	s.census.hello(sock.hello.NumConnections, time.Now())
	log.Info("socket open", "host", sock.hello.DebugInfo.Host, "connections", sock.hello.NumConnections,
		"lifetime", time.Duration(sock.hello.DebugInfo.Lifetime))
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

// slackSays is err with how long to wait after it, where Slack says so.
func slackSays(err error) error {
	if crowded(err) {
		return retry.After(err, rand.N(webapi.LongestWait)) // ten are open already; one closes about every six minutes
	}
	return webapi.AsTold(err)
}

// crowded reports whether Slack has as many sockets of the app as it allows.
func crowded(err error) bool {
	var refused *disconnected
	return errors.As(err, &refused) && refused.reason == "too_many_websockets"
}
