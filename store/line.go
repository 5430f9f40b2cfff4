package store

import (
	"errors"
	"net"
	"sync"
	"syscall"
)

// A Line is the way of one process to Redis, for whoever rehearses what happens without it:
// Cut ends this process's connections and lets it make no others, until Mend. Redis itself,
// and the connections of other processes, are left alone. It is safe for concurrent use.
type Line struct {
	mu   sync.Mutex
	cut  bool
	open map[net.Conn]struct{}
}

// errCut is how a Redis looks whose Line is cut.
var errCut = errors.New("the line to Redis is cut, for a drill")

// Cut cuts the line.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for conn := range l.open {
		_ = conn.Close() // whoever reads from it is told
	}
	l.open = nil
}

// Mend mends it.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

// take has conn end when the line is cut; a nil Line takes it as it is.
func (l *Line) take(conn net.Conn) (net.Conn, error) {
	if l == nil {
		return conn, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		_ = conn.Close()
		return nil, errCut
	}
	if l.open == nil {
		l.open = make(map[net.Conn]struct{})
	}
	l.open[conn] = struct{}{}
	over := lineConn{Conn: conn, line: l}
	if raw, ok := conn.(syscall.Conn); ok { // go-redis sees by it whether an idle connection still stands
		return struct {
			lineConn
			syscall.Conn
		}{over, raw}, nil
	}
	return over, nil
}

func (l *Line) forget(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, conn)
}

func (l *Line) isCut() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

type lineConn struct {
	net.Conn
	line *Line
}

// Close implements [net.Conn].
func (c lineConn) Close() error {
	c.line.forget(c.Conn)
	return c.Conn.Close()
}
