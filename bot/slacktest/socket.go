package slacktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// https://docs.slack.dev/apis/events-api/using-socket-mode: up to 10
	// connections for one app.
	maxSockets = 10
	// An acknowledgement of 20 KB or more is dropped without a word (observed;
	// slack-go socketmode.go).
	maxAck = 20 * 1024
	// A ticket of apps.connections.open opens one connection, soon.
	ticketLife = 30 * time.Second
	// What one frame of a client may hold before the connection is cut.
	maxFrame = 4 << 20
)

// socket is one Socket Mode connection.
type socket struct {
	id   int
	s    *wire
	conn *websocket.Conn

	writeMu  sync.Mutex
	halfOpen atomic.Bool // nothing passes

	aborted sync.Once
	ended   chan struct{} // closed when its reader has ended

	// Below is guarded by s.mu.
	draining bool
	parting  bool // one side said goodbye, or hung up: nothing is sent on it any more
	sent     int
	acked    int
	lastPong time.Time
}

// Connection tells of one live socket.
type Connection struct {
	ID       int
	Draining bool // was told to disconnect, not closed yet
	Sent     int  // envelopes
	Acked    int
}

// wire is the sockets, and the envelopes that go through them.
type wire struct {
	*workspace
	tickets    map[string]time.Time
	sockets    []*socket
	nextSocket int
	opened     int // sockets that ever said hello
	most       int // sockets that were open at the same time
	lifetime   any // what hello calls approximate_connection_time
	envelopes  map[string]*Delivery
	redelivery Redelivery
}

// Connections are the live sockets, oldest first.
func (s *wire) Connections() []Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Connection, 0, len(s.sockets))
	for _, c := range s.sockets {
		out = append(out, Connection{ID: c.id, Draining: c.draining, Sent: c.sent, Acked: c.acked})
	}
	return out
}

// Opened is how many sockets have been greeted since the server started.
func (s *wire) Opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// Disconnect tells the sockets with these ids, or all, that they end.
// "warning" only announces it; "refresh_requested", "link_disabled" or another
// reason closes the socket after grace, until when Slack reads
// acknowledgements and may send envelopes on it.
// https://docs.slack.dev/apis/events-api/using-socket-mode
func (s *wire) Disconnect(reason string, grace time.Duration, ids ...int) {
	for _, c := range s.chosen(ids) {
		if err := c.write(c.disconnectMessage(reason)); err != nil {
			c.abort()
			continue
		}
		if reason == "warning" {
			continue
		}
		s.mu.Lock()
		c.draining = true
		s.wake()
		s.spawn(func() { c.closeAfter(grace) })
		s.mu.Unlock()
	}
}

// Recycle does what Slack does about hourly: a warning, after grace
// refresh_requested, after grace again the end.
func (s *wire) Recycle(grace time.Duration, ids ...int) {
	for _, c := range s.chosen(ids) {
		s.Disconnect("warning", 0, c.id)
		s.mu.Lock()
		s.spawn(func() {
			if s.pause(grace) {
				s.Disconnect("refresh_requested", grace, c.id)
			}
		})
		s.mu.Unlock()
	}
}

// Drop cuts the sockets with these ids, or all, without a word.
func (s *wire) Drop(ids ...int) {
	for _, c := range s.chosen(ids) {
		c.abort()
	}
}

func (s *wire) chosen(ids []int) []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*socket
	for _, c := range s.sockets {
		if len(ids) == 0 || slices.Contains(ids, c.id) {
			out = append(out, c)
		}
	}
	return out
}

// pause waits, and reports false when the server closed meanwhile.
func (s *workspace) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.done:
		return false
	}
}

// pick takes sockets in turn, those that drain too: Slack may still send on
// them. The caller holds mu.
func (s *wire) pick() *socket {
	open := s.open()
	if len(open) == 0 {
		return nil
	}
	s.nextSocket++
	return open[s.nextSocket%len(open)]
}

func (s *webAPI) connectionsOpen(*call) (object, error) {
	ticket := randomID(16)
	s.tickets[ticket] = time.Now().Add(ticketLife)
	return object{"url": "ws://" + s.address + "/link/?ticket=" + ticket + "&app_id=" + s.appID}, nil
}

func (s *wire) serveSocket(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	until, ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !ok || time.Now().After(until) {
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	conn.SetReadLimit(maxFrame)
	c := &socket{s: s, conn: conn, lastPong: time.Now(), ended: make(chan struct{})}
	if !s.admit(c) {
		_ = c.write(c.disconnectMessage("too_many_websockets"))
		c.sayGoodbye()
		c.abort()
		return
	}
}

// admit registers c, greets it and starts its goroutines.
func (s *wire) admit(c *socket) bool {
	c.writeMu.Lock() // hello is the first frame
	defer c.writeMu.Unlock()
	s.mu.Lock()
	if s.closed || len(s.sockets) >= maxSockets {
		s.mu.Unlock()
		return false
	}
	s.opened++
	c.id = s.opened
	s.sockets = append(s.sockets, c)
	s.most = max(s.most, len(s.open()))
	hello := object{
		"type": "hello", "num_connections": len(s.sockets),
		"connection_info": object{"app_id": s.appID},
		"debug_info": object{
			"host": "applink-" + s.instance, "build_number": 1, "approximate_connection_time": s.lifetime,
		},
	}
	c.conn.SetPingHandler(c.pong)
	c.conn.SetCloseHandler(c.leaves)
	c.conn.SetPongHandler(func(string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.lastPong = time.Now()
		return nil
	})
	s.spawn(c.read)
	s.spawn(c.ping)
	s.wake()
	s.mu.Unlock()
	if err := c.writeLocked(hello); err != nil {
		c.abort()
	}
	return true
}

func (c *socket) disconnectMessage(reason string) object {
	return object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-" + c.s.instance}}
}

func (c *socket) write(msg object) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	return c.writeLocked(msg)
}

func (c *socket) writeLocked(msg object) error {
	if c.halfOpen.Load() {
		return nil
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	return c.conn.WriteMessage(websocket.TextMessage, encode(msg))
}

// ping sends WebSocket pings and gives up on a client that answers none.
func (c *socket) ping() {
	for c.s.pause(c.s.pingEvery) {
		c.s.mu.Lock()
		alive := slices.Contains(c.s.sockets, c)
		stale := time.Since(c.lastPong) > c.s.pingLimit
		c.s.mu.Unlock()
		if !alive {
			return
		}
		if c.halfOpen.Load() {
			continue
		}
		err := c.conn.WriteControl(websocket.PingMessage, []byte("Ping from applink-"+c.s.instance), time.Now().Add(time.Second))
		if stale || err != nil {
			c.abort()
			return
		}
	}
}

// read takes acknowledgements until the connection ends.
func (c *socket) read() {
	defer close(c.ended)
	for {
		kind, data, err := c.conn.ReadMessage()
		if err != nil {
			break
		}
		if kind != websocket.TextMessage || len(data) >= maxAck || c.halfOpen.Load() {
			continue
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(data, &ack) != nil || ack.EnvelopeID == "" {
			continue
		}
		c.s.mu.Lock()
		c.acked++
		c.s.mu.Unlock()
		c.s.acknowledge(ack.EnvelopeID, ack.Payload)
	}
	c.abort()
	if c.halfOpen.Load() {
		return // Slack does not see it end
	}
	c.s.mu.Lock()
	c.s.sockets = slices.DeleteFunc(c.s.sockets, func(o *socket) bool { return o == c })
	closed := c.s.closed
	c.s.wake()
	c.s.mu.Unlock()
	if !closed {
		c.s.lost(c)
	}
}
