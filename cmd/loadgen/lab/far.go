package lab

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Far stands before a server and makes it far away: what a client sends arrives
// later, and what the server answers comes back at once. What is sent together, as a
// pipeline is, waits once.
type Far struct {
	ln    net.Listener
	to    string
	delay atomic.Int64 // in ns
	all   sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// startFar listens on a free port of 127.0.0.1 and passes on to an address until close.
func startFar(ctx context.Context, to string) (*Far, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Far{ln: ln, to: to}
	f.all.Go(func() { f.accept(ctx) })
	return f, nil
}

func (f *Far) address() string { return f.ln.Addr().String() }

// SetDelay sets how far away the server is: how long a trip takes.
func (f *Far) SetDelay(d time.Duration) { f.delay.Store(int64(d)) }

func (f *Far) accept(ctx context.Context) {
	dialer := net.Dialer{Timeout: startWithin}
	for {
		client, err := f.ln.Accept()
		if err != nil {
			return
		}
		server, err := dialer.DialContext(ctx, "tcp", f.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		f.mu.Lock()
		f.conns = append(f.conns, client, server)
		f.mu.Unlock()
		f.all.Go(func() { f.pass(server, client, true) })
		f.all.Go(func() { f.pass(client, server, false) })
	}
}

// A parcel is on its way until it is due.
type parcel struct {
	bytes []byte
	due   time.Time
}

// onTheWay bounds how many parcels of one connection are on their way.
const onTheWay = 1024

// pass copies until either side ends, and then ends both.
func (f *Far) pass(to, from net.Conn, late bool) {
	way := make(chan parcel, onTheWay)
	arrived := make(chan struct{})
	go func() {
		defer close(arrived)
		for p := range way {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.bytes); err != nil {
				_ = from.Close() // the reader ends, and what is left finds the same error
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			due := time.Now()
			if late {
				due = due.Add(time.Duration(f.delay.Load()))
			}
			way <- parcel{append([]byte(nil), buffer[:n]...), due}
		}
		if err != nil {
			break
		}
	}
	close(way)
	<-arrived
	_ = to.Close()
}

func (f *Far) close() {
	_ = f.ln.Close()
	f.mu.Lock()
	for _, c := range f.conns {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.all.Wait()
}
