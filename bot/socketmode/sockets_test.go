package socketmode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

// patience bounds every wait; nothing is asserted about time.
const patience = 20 * time.Second

// A line is a fake Slack and the sockets to it; every envelope is acknowledged.
type line struct {
	*slacktest.Server
	sockets *Sockets
	log     *lockedBuilder
	stop    func() error

	mu   sync.Mutex
	seen map[string]int
}

type lockedBuilder struct {
	mu    sync.Mutex
	b     strings.Builder
	wrote chan struct{} // closed at the next write
}

func newLockedBuilder() *lockedBuilder { return &lockedBuilder{wrote: make(chan struct{})} }

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.wrote)
	l.wrote = make(chan struct{})
	return l.b.Write(p)
}

// await waits until text was written.
func (l *lockedBuilder) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		there, wrote := strings.Contains(l.b.String(), text), l.wrote
		l.mu.Unlock()
		if there {
			return
		}
		select {
		case <-wrote:
		case <-deadline:
			t.Fatalf("%q was not written: %s", text, l)
		}
	}
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newLine(t *testing.T, count int, alone bool, options ...slacktest.Option) *line {
	t.Helper()
	server, err := slacktest.Start(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice"})
	server.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE"}})
	l := &line{Server: server, log: newLockedBuilder()}
	return l.connect(count, alone)
}

// connect makes the sockets. What is acknowledged is served, and nothing else is.
func (l *line) connect(count int, alone bool) *line {
	l.seen = map[string]int{}
	l.sockets = New(Deps{
		API: l.api(), Count: count, Alone: alone, Counters: rates{}, Log: slog.New(slog.NewTextHandler(l.log, nil)),
		Handle: func(e Envelope) {
			if e.Ack(nil) != nil {
				return
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.seen[e.ID]++
		},
	})
	return l
}

// beside is another process of the same app.
func (l *line) beside(t *testing.T, count int) *line {
	t.Helper()
	return (&line{Server: l.Server, log: newLockedBuilder()}).connect(count, false)
}

// served is how many envelopes were.
func (l *line) served() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

func (l *line) has(d *slacktest.Delivery) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[d.EnvelopeID] > 0
}

func (l *line) api() *slack.Client {
	return slack.New(l.BotToken(), slack.OptionAppLevelToken(l.AppToken()), slack.OptionAPIURL(l.APIURL()))
}

// rates take everything, and are asked for nothing else.
type rates struct{ broker.Counters }

func (rates) TakeRate(context.Context, string, string, int, time.Duration) (broker.Rate, error) {
	return broker.Rate{Taken: true}, nil
}

func (l *line) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.sockets.Run(ctx) }()
	l.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = l.stop() })
}

func (l *line) await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := l.Await(ctx, func(*slacktest.Server) bool { return cond() }); err != nil {
		t.Fatalf("%s did not come: %v\n%s", what, err, l.log)
	}
}

func TestSocketsKeepTheirNumber(t *testing.T) {
	l := newLine(t, 2, false)
	l.run(t)
	l.await(t, "two sockets", func() bool { return len(l.Connections()) == 2 })
	l.Drop()
	l.await(t, "two new sockets", func() bool { return len(l.Connections()) == 2 && l.Opened() >= 4 })
	if err := l.stop(); err != nil {
		t.Errorf("got %v at the end, want nil", err)
	}
}

func TestNothingIsLostWhileSlackRecyclesSockets(t *testing.T) {
	l := newLine(t, 2, false)
	l.run(t)
	l.await(t, "two sockets", func() bool { return len(l.Connections()) == 2 })
	var typing sync.WaitGroup
	typing.Go(func() {
		for i := range 40 {
			d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", fmt.Sprint(i))
			if err != nil {
				t.Error(err)
				return
			}
			if err := d.Wait(t.Context()); err != nil {
				t.Errorf("command %d: the person saw %v", i, err)
			}
			if i%10 == 5 {
				l.Recycle(200 * time.Millisecond)
			}
		}
	})
	typing.Wait()
	l.await(t, "new sockets beside the recycled", func() bool { return l.Opened() > 2 })
}

func TestTheNextSocketIsUpBeforeTheOldOneGoes(t *testing.T) {
	l := newLine(t, 1, false)
	l.run(t)
	l.await(t, "a socket", func() bool { return len(l.Connections()) == 1 })
	// Slack closes the announced one only after a long grace; until then both
	// are served.
	l.Disconnect("refresh_requested", time.Minute)
	l.await(t, "the next socket beside the old", func() bool { return len(l.Connections()) == 2 })
	for i := range 4 {
		d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Wait(t.Context()); err != nil {
			t.Errorf("command %d: the person saw %v", i, err)
		}
	}
	if got := l.log.String(); !strings.Contains(got, "refresh_requested") {
		t.Errorf("got log %q, want Slack's reason in it", got)
	}
}

func TestUnusableTokensAreFatalWithWhatMendsThem(t *testing.T) {
	for name, test := range map[string]struct{ token, want string }{
		"invalid":    {"xapp-wrong", "put an app-level token (xapp-…)"},
		"wrong kind": {"", "put an app-level token (xapp-…)"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, 2, false)
			if test.token == "" {
				test.token = l.BotToken()
			}
			api := slack.New(l.BotToken(), slack.OptionAppLevelToken(test.token), slack.OptionAPIURL(l.APIURL()))
			s := New(Deps{API: api, Count: 2, Counters: rates{}, Log: slog.New(slog.DiscardHandler)})
			err := s.Run(t.Context())
			var fatal *webapi.FatalError
			if !errors.As(err, &fatal) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), test.token) {
				t.Errorf("got %v, want a fatal error that says %q and not the token", err, test.want)
			}
		})
	}
}

func TestTroubleOpeningIsTriedAgain(t *testing.T) {
	l := newLine(t, 1, false)
	l.Inject(slacktest.Fault{Method: "apps.connections.open", Status: 503, Times: 1})
	l.Inject(slacktest.Fault{Method: "apps.connections.open", Error: "internal_error", Times: 1})
	l.run(t)
	l.await(t, "a socket", func() bool { return len(l.Connections()) == 1 })
	if got := l.log.String(); strings.Count(got, "no socket") != 2 || strings.Contains(got, "ticket") {
		t.Errorf("got log %q, want both failures and no socket URL", got)
	}
}

func TestTooManySocketsAreWaitedFor(t *testing.T) {
	l := newLine(t, 10, false)
	l.run(t)
	l.await(t, "ten sockets", func() bool { return len(l.Connections()) == 10 })
	s := New(Deps{API: l.api(), Count: 1, Counters: rates{}, Log: slog.New(slog.DiscardHandler)})
	_, err := s.dial(t.Context(), slog.New(slog.DiscardHandler))
	var refused *disconnected
	if !errors.As(err, &refused) || refused.reason != "too_many_websockets" {
		t.Errorf("got %v, want too_many_websockets", err)
	}
}

func TestForeignSocketsAreNoticed(t *testing.T) {
	l := newLine(t, 1, true)
	l.run(t)
	l.await(t, "a socket", func() bool { return len(l.Connections()) == 1 })
	if n, _ := l.sockets.census.strangers(); n != 0 {
		t.Errorf("got %d strangers, want none", n)
	}
	other := New(Deps{API: l.api(), Count: 1, Alone: true, Counters: rates{}, Log: slog.New(slog.DiscardHandler)})
	sock, err := other.dial(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sock.conn.Close() }()
	if n, certain := other.census.strangers(); n != 1 || certain {
		t.Errorf("got %d strangers, certain %t, want the first process's socket, which may also be a dead one", n, certain)
	}
}

func TestAcksOfTwentyKilobytesAreRefusedHere(t *testing.T) {
	l := newLine(t, 1, false)
	sock, err := l.sockets.dial(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sock.conn.Close() }()
	e := l.sockets.envelope(frame{EnvelopeID: "e"}, sock)
	if err := e.Ack(strings.Repeat("x", 20_000)); !errors.Is(err, errAckTooLarge) {
		t.Errorf("got %v, want %v", err, errAckTooLarge)
	}
}
