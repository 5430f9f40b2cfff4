package storetest

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Proxy stands between the store and Redis, or between two servers.
type Proxy struct {
	Addr string
	Deaf atomic.Bool  // whether replies are lost, and the connection with them
	Away atomic.Int64 // how far Redis is, in ns each way

	stalled chan struct{}
	once    sync.Once
}

// Stall makes it pass on nothing more, on any connection; both ends stay open.
func (p *Proxy) Stall() { p.once.Do(func() { close(p.stalled) }) }

// NewProxy starts one that reaches Redis by dial, and speaks TLS to who connects where
// secure is not nil. It ends with the test.
func NewProxy(t testing.TB, dial func() (net.Conn, error), secure *tls.Config) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), stalled: make(chan struct{})}
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
			wg.Go(func() { p.pass(in, out, p.Deaf.Load) })
		}
	})
	t.Cleanup(func() { close(ended); _ = l.Close(); wg.Wait() })
	return p
}

// pass passes on until one end closes, or what came is lost.
func (p *Proxy) pass(to io.WriteCloser, from io.Reader, lost func() bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if away := time.Duration(p.Away.Load()); away > 0 {
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
