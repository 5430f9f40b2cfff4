package slacktest

import (
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// HalfOpen makes the sockets with these ids, or all, half-open: nothing passes
// any more, in neither direction, and neither side sees the other's end. Slack
// goes on counting such a socket, and handing it envelopes, for hours
// (observed: python-slack-sdk #1940); here until Bury.
func (s *wire) HalfOpen(ids ...int) {
	for _, c := range s.chosen(ids) {
		c.halfOpen.Store(true)
	}
}

// Bury ends what HalfOpen made of the sockets with these ids, or of all: Slack
// no longer counts them.
func (s *wire) Bury(ids ...int) {
	for _, c := range s.chosen(ids) {
		if !c.halfOpen.Load() {
			continue
		}
		c.abort()
		s.mu.Lock()
		s.sockets = slices.DeleteFunc(s.sockets, func(o *socket) bool { return o == c })
		s.wake()
		s.mu.Unlock()
		s.lost(c)
	}
}

// pong answers a ping, unless nothing passes.
func (c *socket) pong(data string) error {
	if c.halfOpen.Load() {
		return nil
	}
	// An error here is the reader's next one.
	_ = c.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	return nil
}
