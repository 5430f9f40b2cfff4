package fakeslack

import (
	"context"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// Sockets end in two ways: Slack announces that it will close one, at least once in
// some hours and often more frequently, or a connection breaks.
// https://docs.slack.dev/apis/events-api/using-socket-mode#disconnect

// handedOver is how long Slack waits between what it announces and what it does.
const handedOver = 10 * time.Second

// Recycle announces the end of all sockets that are open, and ends them once as many
// others were opened, or after ten seconds. Until then they are used as before.
func (s *Server) Recycle(ctx context.Context) {
	all, opened := s.open(), s.opened.Load()
	for _, c := range all {
		_ = c.write(textFrame([]byte(`{"type":"disconnect","reason":"refresh_requested","debug_info":{"host":"applink-load"}}`)))
	}
	replaced, cancel := context.WithTimeout(ctx, handedOver)
	defer cancel()
	_ = s.AwaitOpened(replaced, opened+int64(len(all))) // else they end all the same
	for _, c := range all {
		s.remove(c)
		c.mu.Lock()
		c.leaving = true
		c.signal()
		c.mu.Unlock()
	}
}

// Drop breaks the socket that has been open for longest, without a word.
func (s *Server) Drop() {
	if all := s.open(); len(all) > 0 {
		_ = all[0].conn.NetConn().Close()
	}
}

func (s *Server) open() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sockets)
}

func (s *Server) remove(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = slices.DeleteFunc(s.sockets, func(o *socket) bool { return o == c })
	s.signal()
}

// farewell begins the closing handshake; the reader sees its end, or waits no longer.
func (c *socket) farewell() {
	until := time.Now().Add(handedOver)
	_ = c.conn.SetReadDeadline(until)
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), until)
}
