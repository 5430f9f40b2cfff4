package socketmode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/secret"
)

const (
	dialTimeout  = 10 * time.Second
	helloTimeout = 10 * time.Second
	writeTimeout = 2 * time.Second // an ack is due within 3 s
	// silence is how long a socket may say nothing, pongs included, before it
	// counts as dead.
	silence = 30 * time.Second
	// handOver bounds how long a socket that Slack is about to close is still
	// read, should Slack never close it.
	handOver = 2 * time.Minute
)

// A pulse is how a socket is watched. A pong that takes longer than an
// acknowledgement may take is a missed one.
type pulse struct {
	every    time.Duration // between pings
	within   time.Duration // a pong is due, or anything else from Slack; less than every
	farewell time.Duration // the answer to our own close is due
}

var defaultPulse = pulse{every: 5 * time.Second, within: 3 * time.Second, farewell: 2 * time.Second}

// A socket is one Socket Mode connection after its hello. slack-go's own client
// stops reading at Slack's disconnect message and loses what was on the socket;
// this one is read until the server closes it, or has answered to our goodbye.
type socket struct {
	conn  *websocket.Conn
	pulse pulse
	log   *slog.Logger

	hello     frame
	heard     atomic.Int64              // how often something came
	last      atomic.Pointer[time.Time] // when the last envelope came; nil before the first
	answering atomic.Int64              // acknowledgements that are answers and still being made
	leaving   chan struct{}             // closed when Slack announced that it will close this socket
	why       string                    // Slack's reason, readable once leaving is closed
	silent    chan struct{}             // closed when a pong is overdue
	retired   chan struct{}             // closed by retire
	retire    func()                    // has the socket say goodbye
	finished  chan struct{}             // closed when reading ended
	err       error                     // readable once finished is closed

	write sync.Mutex
}

// dialSocket connects and waits for Slack's hello.
func dialSocket(ctx context.Context, url secret.Text, p pulse, log *slog.Logger) (*socket, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := checkSocketURL(url); err != nil {
		return nil, err
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialTimeout}
	conn, response, err := dialer.DialContext(ctx, url.Reveal(), nil) //nolint:bodyclose // gorilla: the body needs no closing
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("Slack answered %s instead of opening a WebSocket", response.Status)
		}
		return nil, webapi.WithoutURL(err)
	}
	conn.SetReadLimit(maxEnvelope)
	s := &socket{
		conn: conn, pulse: p, log: log,
		leaving: make(chan struct{}), silent: make(chan struct{}), retired: make(chan struct{}), finished: make(chan struct{}),
	}
	s.retire = sync.OnceFunc(func() { close(s.retired) })
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	defer stop()
	if err := s.readHello(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) readHello() error {
	if err := s.conn.SetReadDeadline(time.Now().Add(helloTimeout)); err != nil {
		return err
	}
	_, data, err := s.conn.ReadMessage()
	if err != nil {
		return fmt.Errorf("wait for Slack's hello: %w", err)
	}
	if s.hello, err = decodeFrame(data); err != nil {
		return err
	}
	switch s.hello.Type {
	case "hello":
		return nil
	case "disconnect":
		return &disconnected{reason: s.hello.Reason}
	}
	return fmt.Errorf("Slack said %q instead of hello", s.hello.Type)
}

// A disconnected is Slack's refusal of a socket, with its reason.
type disconnected struct{ reason string }

func (d *disconnected) Error() string { return "Slack closed the socket: " + d.reason }

// serve reads until the server closes the socket or it dies, and hands every
// envelope to handle, which must not block. It is called once.
func (s *socket) serve(handle func(frame)) {
	ctx, cancel := context.WithCancel(context.Background())
	var pings sync.WaitGroup
	pings.Go(func() { s.keepAlive(ctx, cancel) })
	s.err = s.read(ctx, handle)
	close(s.finished)
	cancel()
	pings.Wait()
	s.sayGoodbye()
	_ = s.conn.Close()
}

func (s *socket) read(ctx context.Context, handle func(frame)) error {
	// Whoever ends ctx then sets a deadline that has passed, so it is looked at
	// after each new deadline: either order ends the reading.
	alive := func(string) error {
		s.heard.Add(1)
		if err := s.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return err
		}
		return ctx.Err()
	}
	answer := s.conn.PingHandler()
	s.conn.SetPongHandler(alive)
	s.conn.SetPingHandler(func(data string) error {
		if err := alive(data); err != nil {
			return err
		}
		return answer(data)
	})
	for {
		if err := alive(""); err != nil {
			return err
		}
		_, data, err := s.conn.ReadMessage()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err() // neither acknowledged nor served
		}
		f, err := decodeFrame(data)
		switch {
		case err != nil:
			s.log.Warn("socket message skipped", "error", err)
		case f.Type == "disconnect":
			s.announce(f.Reason)
		case f.EnvelopeID != "":
			now := time.Now()
			s.last.Store(&now)
			handle(f)
		}
	}
}

// announce notes that Slack will close this socket.
func (s *socket) announce(reason string) {
	s.log.Info("Slack will close this socket", "reason", reason)
	select {
	case <-s.leaving: // a warning came first
	default:
		s.why = reason
		close(s.leaving)
	}
}

// keepAlive pings until ctx ends, and then ends the reading. The first pong that
// is missed is told; a close that was announced but does not come, it brings
// about.
func (s *socket) keepAlive(ctx context.Context, cancel context.CancelFunc) {
	ticker := time.NewTicker(s.pulse.every)
	defer ticker.Stop()
	var overdue, late, parting <-chan time.Time
	var before int64 // how often something had come when the last ping went out
	var since time.Time
	leaving, retired, silent := s.leaving, s.retired, s.silent
	for {
		select {
		case <-ctx.Done():
			_ = s.conn.SetReadDeadline(time.Now())
			return
		case <-ticker.C:
			before = s.heard.Load()
			if s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout)) != nil && overdue == nil {
				cancel() // a socket that takes no ping takes no ack either
			}
			late = time.After(s.pulse.within)
		case <-late:
			if silent != nil && s.heard.Load() == before {
				close(silent)
				silent = nil
			}
		case <-leaving:
			leaving, overdue = nil, time.After(handOver)
		case <-retired:
			retired, since, parting = nil, time.Now(), time.After(0)
		case <-parting:
			if parting = nil; s.busy(since) {
				parting = time.After(settle / 8)
				continue
			}
			s.sayGoodbye()
			overdue = time.After(s.pulse.farewell)
		case <-overdue:
			cancel()
		}
	}
}

// known reports whether Slack knows that the socket has ended: it closed it, or
// its machine answered to the end. It is asked once serve has returned.
func (s *socket) known() bool {
	var closed *websocket.CloseError
	return errors.As(s.err, &closed) || errors.Is(s.err, syscall.ECONNRESET)
}

func (s *socket) sayGoodbye() {
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = s.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(writeTimeout))
}

// checkSocketURL keeps codes, which come through a socket, off the wire in clear.
func checkSocketURL(raw secret.Text) error {
	u, err := url.Parse(raw.Reveal())
	if err != nil || u.Hostname() == "" || u.Scheme != "wss" && (u.Scheme != "ws" || !endpoint.Loopback(u.Hostname())) {
		return errors.New("Slack named a socket that is not wss://: nothing is dialled")
	}
	return nil
}
