package store_test

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A proxy stands between the store and Redis.
type proxy struct {
	addr    string
	stalled chan struct{}
	once    sync.Once
	deaf    atomic.Bool  // whether replies are lost, and the connection with them
	away    atomic.Int64 // how far Redis is, in ns each way
}

// stall makes it pass on nothing more, on any connection.
func (p *proxy) stall() { p.once.Do(func() { close(p.stalled) }) }

func newProxy(t testing.TB, dial func() (net.Conn, error), secure *tls.Config) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), stalled: make(chan struct{})}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	var wg sync.WaitGroup
	ended := make(chan struct{})
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := dial()
			if err != nil {
				_ = in.Close()
				continue
			}
			wg.Go(func() { <-ended; _, _ = in.Close(), out.Close() })
			wg.Go(func() { p.pass(out, in, func() bool { return false }) })
			wg.Go(func() { p.pass(in, out, p.deaf.Load) })
		}
	})
	t.Cleanup(func() { close(ended); _ = l.Close(); wg.Wait() })
	return p
}

// pass passes on until one end closes, or what came is lost.
func (p *proxy) pass(to io.WriteCloser, from io.Reader, lost func() bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if away := time.Duration(p.away.Load()); away > 0 {
			<-time.After(away)
		}
		select {
		case <-p.stalled:
			return // both ends stay open
		default:
		}
		if n > 0 && lost() {
			_ = to.Close()
			return
		}
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}
