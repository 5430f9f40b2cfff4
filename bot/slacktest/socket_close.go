package slacktest

import (
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// How a socket ends: by a close handshake that either side begins, during which
// what the other had sent before is still read, or cut.
// https://datatracker.ietf.org/doc/html/rfc6455#section-7.1.2

// closeWait is how long the server waits for the client's half of the handshake.
const closeWait = time.Second

// MostAtOnce is how many sockets were open at the same time. One counts until
// one side has said goodbye.
func (s *wire) MostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// open are the sockets that something can be sent on. The caller holds mu.
func (s *wire) open() []*socket {
	return slices.DeleteFunc(slices.Clone(s.sockets), func(c *socket) bool { return c.parting })
}

// part notes that nothing is sent on the socket any more.
func (c *socket) part() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.parting = true
}

// leaves answers a client that says goodbye.
func (c *socket) leaves(int, string) error {
	c.part()
	c.sayGoodbye()
	return nil
}

func (c *socket) sayGoodbye() {
	if c.halfOpen.Load() {
		return
	}
	msg := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	// An error here is the reader's next one.
	_ = c.conn.WriteControl(websocket.CloseMessage, msg, time.Now().Add(time.Second))
}

// closeNow says goodbye and reads acknowledgements until the client has.
func (c *socket) closeNow() {
	c.part()
	c.sayGoodbye()
	timer := time.NewTimer(closeWait)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
	case <-c.s.done:
	}
	c.abort()
}

func (c *socket) closeAfter(grace time.Duration) {
	if c.s.pause(grace) {
		c.closeNow()
	}
}

// abort cuts the connection; its reader tidies up.
func (c *socket) abort() {
	c.part()
	c.aborted.Do(func() { _ = c.conn.Close() })
}
