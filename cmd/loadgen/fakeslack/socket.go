package fakeslack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A socket is one Socket Mode connection. What waits to be written goes out in as
// few writes as it can; only whole frames are written, so that gorilla's pongs can
// stand between them.
type socket struct {
	s    *Server
	from string // the client's name
	conn *websocket.Conn

	mu       sync.Mutex
	queue    []*Command
	wake     chan struct{}
	ended    bool
	leaving  bool                  // it is closed once what waits is written
	inFlight map[*Command]struct{} // sent and not acknowledged
}

// maxSockets is what Slack takes of one app.
// https://docs.slack.dev/apis/events-api/using-socket-mode
const maxSockets = 10

const hello = `{"type":"hello","num_connections":%d,"connection_info":{"app_id":"A0LOAD"},` +
	`"debug_info":{"host":"applink-load","build_number":1,"approximate_connection_time":18060}}`

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c := &socket{s: s, from: r.URL.Query().Get("from"), conn: conn, wake: make(chan struct{}, 1), inFlight: map[*Command]struct{}{}}
	s.mu.Lock()
	if len(s.sockets) >= maxSockets {
		s.mu.Unlock()
		_ = c.write(textFrame([]byte(`{"type":"disconnect","reason":"too_many_websockets"}`)))
		_ = conn.Close()
		return
	}
	// Before anything else can be written.
	err = c.write(textFrame(fmt.Appendf(nil, hello, len(s.sockets)+1)))
	s.sockets = append(s.sockets, c)
	s.most = max(s.most, len(s.sockets))
	s.opened.Add(1)
	s.signal()
	s.mu.Unlock()
	if err != nil {
		_ = conn.Close()
	}
	done := make(chan struct{})
	go func() { defer close(done); c.writing() }()
	c.reading()
	_ = conn.Close()
	c.end()
	<-done
}

// pick takes the sockets in turn; nil: there is none.
func (s *Server) pick() *socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sockets) == 0 {
		return nil
	}
	s.turn++
	return s.sockets[s.turn%len(s.sockets)]
}

// enqueue reports false if the socket has ended or is about to.
func (c *socket) enqueue(cmd *Command) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.leaving {
		return false
	}
	c.queue = append(c.queue, cmd)
	c.inFlight[cmd] = struct{}{}
	c.signal()
	return true
}

func (c *socket) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// atOnce bounds the bytes of one write.
const atOnce = 64 << 10

func (c *socket) writing() {
	var frames []byte
	for range c.wake {
		c.mu.Lock()
		queue, ended, leaving := c.queue, c.ended, c.leaving
		c.queue = nil
		c.mu.Unlock()
		if ended {
			return
		}
		for len(queue) > 0 {
			frames = frames[:0]
			n := 0
			for n < len(queue) && len(frames) < atOnce {
				frames = append(frames, queue[n].frame...)
				n++
			}
			for _, cmd := range queue[:n] {
				cmd.sentTo(c.from)
			}
			if c.write(frames) != nil {
				_ = c.conn.Close() // the reader sees the end and tidies up
				break
			}
			queue = queue[n:]
		}
		if leaving {
			c.farewell()
		}
	}
}

func (c *socket) write(frames []byte) error {
	_ = c.conn.NetConn().SetWriteDeadline(time.Now().Add(time.Minute))
	_, err := c.conn.NetConn().Write(frames)
	return err
}

var envelopeID = []byte(`"envelope_id":"`)

func (c *socket) reading() {
	c.conn.SetReadLimit(1 << 20)
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		at := bytes.Index(data, envelopeID)
		if at < 0 {
			continue
		}
		id, _, _ := bytes.Cut(data[at+len(envelopeID):], []byte{'"'})
		cmd := c.s.byEnvelope(id)
		if cmd == nil {
			c.s.strays.Add(1)
			continue
		}
		c.mu.Lock()
		delete(c.inFlight, cmd)
		c.mu.Unlock()
		cmd.acknowledge(c.from)
	}
}

// end sends what was not acknowledged on another socket, under the same envelope_id,
// as Slack is seen to do.
func (c *socket) end() {
	c.s.remove(c)
	c.mu.Lock()
	c.ended = true
	again := c.inFlight
	c.inFlight = nil
	c.signal()
	c.mu.Unlock()
	for cmd := range again {
		c.s.send(cmd)
	}
}

// textFrame is a whole, unmasked WebSocket text frame.
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func textFrame(payload []byte) []byte {
	head := []byte{0x81}
	switch n := len(payload); {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	return append(head, payload...)
}
