package slacktest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server is one fake Slack workspace with one installed app. Its methods are
// safe for concurrent use.
//
// It is made in layers, each of which knows those below alone:
//
//	acts                what people do
//	webAPI              what the app asks, over HTTP
//	windows             modals and Home, and the triggers that open them
//	posts               messages, and the URLs that answer them
//	people              users, channels, groups, and what they are called
//	wire     traffic    sockets and envelopes; requests answered, and faults
//	workspace           who and when it is, and the lock over all state
type Server struct {
	*workspace
	*traffic
	*acts
	api  *webAPI
	http *http.Server
}

type workspace struct {
	team, domain, appID             string
	enterprise                      string // E…; "": no Grid
	botUser, botID, botName         string
	appToken, botToken, verifyToken string
	scopes                          []string // of the bot token
	ackLimit, triggerLife           time.Duration
	pingEvery, pingLimit            time.Duration
	maxAttempts                     int
	memory                          int // 0 is unbounded

	address  string
	done     chan struct{}
	wg       sync.WaitGroup
	changes  changeQueue
	instance string

	mu         sync.Mutex // over what all layers hold
	clock      func() time.Time
	closed     bool
	changed    chan struct{} // closed and replaced at each change
	serial     int
	lastMicros int64
}

// Option changes how a Server is started.
type Option func(*Server)

// WithTeam sets the workspace's id and domain; T0123 and "example" otherwise.
func WithTeam(id, domain string) Option {
	return func(s *Server) { s.team, s.domain = id, domain }
}

// WithAckLimit shortens the three seconds that Slack waits for an
// acknowledgement.
func WithAckLimit(d time.Duration) Option { return func(s *Server) { s.ackLimit = d } }

// WithTriggerLife shortens the three seconds that a trigger_id lives.
func WithTriggerLife(d time.Duration) Option { return func(s *Server) { s.triggerLife = d } }

// WithPing sets how often the server pings a socket, and after how long
// without any pong it closes it; every 10 s and 30 s otherwise.
func WithPing(every, limit time.Duration) Option {
	return func(s *Server) { s.pingEvery, s.pingLimit = every, limit }
}

// WithLifetime sets what hello says as approximate_connection_time, in seconds;
// 18060 otherwise.
func WithLifetime(seconds any) Option { return func(s *Server) { s.lifetime = seconds } }

// WithTokens sets the app-level (xapp-…) and the bot token (xoxb-…).
func WithTokens(app, bot string) Option {
	return func(s *Server) { s.appToken, s.botToken = app, bot }
}

// WithMemory has the server hold, of each conversation, the newest n versions of
// messages alone, and of the calls the newest n; everything, otherwise. What is
// dropped is gone for everybody, as when a plan of Slack's ends a history: superseded and
// deleted versions go first, then the oldest messages, which the app then does not find.
func WithMemory(n int) Option { return func(s *Server) { s.memory = n } }

// WithBotName sets the bot's user name; "assumebot" otherwise.
func WithBotName(name string) Option { return func(s *Server) { s.botName = name } }

// Start listens on a free port of 127.0.0.1 and serves until Close.
func Start(opts ...Option) (*Server, error) {
	s := newServer()
	for _, opt := range opts {
		opt(s)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("slacktest: listen: %w", err)
	}
	s.address = ln.Addr().String()
	s.users[s.botUser] = User{
		ID: s.botUser, Team: s.team, Name: s.botName, RealName: s.botName, TZ: "Etc/UTC", Bot: true,
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.wg.Go(func() {
		// Serve always returns an error; after Close it is ErrServerClosed.
		_ = s.http.Serve(ln)
	})
	s.wg.Go(s.changes.run)
	return s, nil
}

func newServer() *Server {
	w := &workspace{
		team: "T0123", domain: "example", appID: "A0ASSUME",
		botUser: "U0BOT", botID: "B0BOT", botName: "assumebot",
		appToken:    "xapp-1-A0ASSUME-1-" + randomID(16),
		botToken:    "xoxb-1-2-" + randomID(16),
		verifyToken: randomID(12),
		scopes:      slices.Clone(defaultScopes),
		ackLimit:    3 * time.Second,
		triggerLife: 3 * time.Second,
		pingEvery:   10 * time.Second,
		pingLimit:   30 * time.Second,
		maxAttempts: 3,
		instance:    randomID(4),
		clock:       time.Now,
		done:        make(chan struct{}),
		changed:     make(chan struct{}),
	}
	w.changes.init()
	people := &people{
		workspace: w, users: map[string]User{}, channels: map[string]*Channel{}, groups: map[string]UserGroup{}, groupTimes: map[string]int64{},
	}
	posts := &posts{
		people: people, live: map[MessageRef]*Message{}, held: map[string]int{}, responseURLs: map[string]*responseURL{}, lastPost: map[string]time.Time{},
	}
	windows := &windows{
		posts: posts, triggers: map[string]*trigger{}, views: map[string]*view{}, stacks: map[string][]string{}, homes: map[string]string{},
		suggested: map[string]optionSet{},
	}
	wire := &wire{workspace: w, tickets: map[string]time.Time{}, envelopes: map[string]*Delivery{}, redelivery: RedeliverSame, lifetime: 18060}
	traffic := &traffic{workspace: w}
	return &Server{
		workspace: w,
		traffic:   traffic,
		acts:      &acts{workspace: w, windows: windows, wire: wire},
		api:       &webAPI{workspace: w, windows: windows, wire: wire, traffic: traffic},
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{method}", s.api.serveAPI)
	mux.HandleFunc("GET /api/{method}", s.api.serveAPI)
	mux.HandleFunc("GET /link/", s.api.serveSocket)
	mux.HandleFunc("POST /commands/{team}/{id}/{secret}", s.api.serveResponseURL)
	mux.HandleFunc("POST /actions/{team}/{id}/{secret}", s.api.serveResponseURL)
	return mux
}

// Close ends every connection and waits for the server's goroutines.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	sockets := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, c := range sockets {
		c.abort()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.changes.stop()
	s.wg.Wait()
	return err
}

// APIURL is the base of the Web API; it ends in a slash.
func (s *workspace) APIURL() string { return "http://" + s.address + "/api/" }

// AppToken is the app-level token, for apps.connections.open alone.
func (s *workspace) AppToken() string { return s.appToken }

// BotToken is the bot token, for every other method.
func (s *workspace) BotToken() string { return s.botToken }

// BotUserID is the bot's own user id.
func (s *workspace) BotUserID() string { return s.botUser }

// BotName is the bot's user name, by which people mention it.
func (s *workspace) BotName() string { return s.botName }

// TeamID is the id of the workspace.
func (s *workspace) TeamID() string { return s.team }

// AppID is the id of the app.
func (s *workspace) AppID() string { return s.appID }

// SetClock sets where the server reads the time from.
func (s *workspace) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = now
	s.wake()
}

// Await returns nil once cond holds, or the error of ctx. It looks again after
// each change of the server's state and never polls.
func (s *Server) Await(ctx context.Context, cond func(*Server) bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if cond(s) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("slacktest: await: %w", context.Cause(ctx))
		case <-s.done:
			return errors.New("slacktest: await: server closed")
		}
	}
}

// wake rouses every Await. The caller holds mu.
func (s *workspace) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// nextID returns a fresh id with the given prefix. The caller holds mu.
func (s *workspace) nextID(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s%04d", prefix, s.serial)
}

// nextTS returns a message timestamp, unique and increasing even when the
// clock stands still. The caller holds mu.
func (s *workspace) nextTS() string {
	micros := max(s.clock().UnixMicro(), s.lastMicros+1)
	s.lastMicros = micros
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// spawn runs f on a goroutine that Close waits for; not after Close. The
// caller holds mu.
func (s *workspace) spawn(f func()) {
	if !s.closed {
		s.wg.Go(f)
	}
}

func randomID(n int) string {
	b := make([]byte, n)
	// crypto/rand.Read never fails on the platforms Go supports.
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
