package fakeslack

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Who and where everything is. Every U… is a full member of the workspace.
const (
	Team     = "T0LOAD"
	Audit    = "C0AUDIT"
	Group    = "S0LOAD"
	AppToken = "xapp-of-a-load-test"
	BotToken = "xoxb-of-a-load-test"
	botUser  = "U0BOT"
)

// A Server is one workspace with one app. Its methods are safe for concurrent use.
type Server struct {
	http    *http.Server
	address string
	began   time.Time
	run     uint32 // tells its envelopes from those of a former Server

	members atomic.Pointer[[]byte] // what usergroups.list answers
	people  atomic.Int64           // how many users.list tells of
	limits  limits
	calls   tally // by method

	undelivered, strays, opened, newTCP, posted atomic.Int64
	lastAnswer                                  atomic.Pointer[[]byte]

	mu       sync.Mutex
	commands []*Command
	latest   map[string]*Command // by person
	sockets  []*socket
	most     int // sockets that were open at once
	turn     int
	changed  chan struct{} // closed and replaced when sockets come or go
}

// Start listens on a free port of 127.0.0.1 and serves until Close.
func Start() (*Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{address: ln.Addr().String(), began: time.Now(), run: rand.Uint32(), changed: make(chan struct{})}
	s.latest, s.limits.counts = map[string]*Command{}, map[string]*window{}
	s.SetGroup(nil)
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.newTCP.Add(1)
		}
	}}
	go func() { _ = s.http.Serve(ln) }() // it ends with Close
	return s, nil
}

// Close ends every connection.
func (s *Server) Close() error {
	s.mu.Lock()
	for _, c := range s.sockets {
		_ = c.conn.Close()
	}
	s.mu.Unlock()
	return s.http.Close()
}

// URL is the base of the Web API.
func (s *Server) URL() string { return "http://" + s.address + "/api/" }

// URLOf is the base of the Web API for a client of that name, by which its sockets are known.
func (s *Server) URLOf(client string) string {
	return "http://" + s.address + "/from/" + url.PathEscape(client) + "/api/"
}

func (s *Server) since() int64 { return int64(time.Since(s.began)) }

// signal wakes AwaitSockets. The caller holds mu.
func (s *Server) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// AwaitSockets waits until n sockets, or more, are open.
func (s *Server) AwaitSockets(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		have, changed := len(s.sockets), s.changed
		s.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d sockets are open, of %d: %w", have, n, context.Cause(ctx))
		}
	}
}

// AwaitOpened waits until n sockets, or more, were opened since the Server started.
func (s *Server) AwaitOpened(ctx context.Context, n int64) error {
	for {
		s.mu.Lock()
		have, changed := s.opened.Load(), s.changed
		s.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d sockets were opened, of %d: %w", have, n, context.Cause(ctx))
		}
	}
}

// Forget drops all Commands. What comes for them from now on is for nobody.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run++
	s.commands, s.latest = nil, map[string]*Command{}
}

// LastAnswer is the body of the latest post to a response_url.
func (s *Server) LastAnswer() []byte {
	if body := s.lastAnswer.Load(); body != nil {
		return *body
	}
	return nil
}

// direct takes a direct message for the answer to what that person asked last.
func (s *Server) direct(channel, text string) {
	person, isDirect := strings.CutPrefix(channel, "D")
	if !isDirect {
		return
	}
	s.mu.Lock()
	c := s.latest["U"+person]
	s.mu.Unlock()
	if c != nil {
		c.answer("by direct message: "+masked(text), saysStopped([]byte(text)))
	}
}

// byEnvelope finds a Command of this Server.
func (s *Server) byEnvelope(id []byte) *Command {
	text := string(id)
	run, rest, _ := strings.Cut(text, "-")
	at := strings.LastIndexByte(rest, '-')
	if at < 0 {
		return nil
	}
	return s.find(run, rest[at+1:])
}

func (s *Server) find(run, number string) *Command {
	r, err := strconv.ParseUint(run, 16, 32)
	n, err2 := strconv.ParseUint(number, 16, 48)
	if err != nil || err2 != nil || uint32(r) != s.run {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= uint64(len(s.commands)) {
		return nil
	}
	return s.commands[n]
}

// Counts are what was counted since the Server started.
type Counts struct {
	TCP         int64            // new TCP connections, those of sockets included
	Sockets     int64            // that were opened
	MostSockets int              // open at once
	Undelivered int64            // envelopes for which no socket was open
	Strays      int64            // acknowledgements of no envelope
	Calls       map[string]int64 // by method
}

// Counts returns them.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	most := s.most
	s.mu.Unlock()
	return Counts{
		TCP:         s.newTCP.Load(),
		Sockets:     s.opened.Load(),
		MostSockets: most,
		Undelivered: s.undelivered.Load(),
		Strays:      s.strays.Load(),
		Calls:       s.calls.all(),
	}
}

// A tally counts by name.
type tally struct{ counts sync.Map }

func (t *tally) add(name string) {
	n, ok := t.counts.Load(name)
	if !ok {
		n, _ = t.counts.LoadOrStore(name, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}

func (t *tally) all() map[string]int64 {
	out := map[string]int64{}
	t.counts.Range(func(name, n any) bool {
		out[name.(string)] = n.(*atomic.Int64).Load()
		return true
	})
	return out
}
