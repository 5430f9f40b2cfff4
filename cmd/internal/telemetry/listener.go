package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/assumebot/assumebot/broker/watch"
)

const (
	// maxConnections is far above what a few scrapers and probes hold open. Those that come
	// beyond it are closed, so that they take no file descriptors from the bot.
	maxConnections = 32
	maxHeader      = 16 << 10
	readWithin     = 5 * time.Second
	// writeWithin bounds an answer. A profile of the CPU takes 30 s by default, and
	// net/http/pprof refuses one that is longer than this.
	writeWithin = 40 * time.Second
	idleWithin  = 2 * time.Minute // longer than scrapes are apart
)

// Options are what a Listener is made of.
type Options struct {
	Addr     netip.AddrPort
	Profiles bool    // serves profiles to this machine
	Traces   *Traces // whose spans are counted; nil: there are none
	Now      func() time.Time
	Log      *slog.Logger
}

// A Listener shows how the bot does. Until [Listener.Show] says how that is asked, it is
// starting.
type Listener struct {
	*metrics
	addr   net.Addr
	server *http.Server
	served chan struct{}
	states *states
	log    *slog.Logger
}

// Listen opens the listener and serves it until Close. The error is of the address.
func Listen(ctx context.Context, o Options) (*Listener, error) {
	inner, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Addr.String())
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	registry := prometheus.NewRegistry()
	l := &Listener{
		metrics: newMetrics(registry),
		addr:    inner.Addr(),
		served:  make(chan struct{}),
		states:  &states{now: o.Now},
		log:     o.Log.With("part", "telemetry"),
	}
	registry.MustRegister(&standing{l.states})
	if o.Traces != nil {
		registry.MustRegister(o.Traces.gate)
	}
	l.server = &http.Server{
		Handler:           l.routes(registry, o.Profiles),
		ReadHeaderTimeout: readWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(l.log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(l.served)
		if err := l.server.Serve(&bounded{Listener: inner, most: maxConnections}); !errors.Is(err, http.ErrServerClosed) {
			l.log.Error("nobody is shown how the bot does: the listener ended", "error", err)
		}
	}()
	l.log.Info("metrics are served", "address", l.addr.String(), "profiles", o.Profiles)
	return l, nil
}

// Addr is where it listens.
func (l *Listener) Addr() string { return l.addr.String() }

// Show makes the listener ask how the bot is by ask.
func (l *Listener) Show(ask func(context.Context) watch.State) { l.states.show(ask) }

// Close ends it, and cuts off whoever asks.
func (l *Listener) Close() {
	_ = l.server.Close()
	<-l.served
}

func (l *Listener) routes(registry *prometheus.Registry, profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		ErrorLog:            slog.NewLogLogger(l.log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: 4,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", l.ready)
	if profiles {
		for path, serve := range map[string]http.HandlerFunc{
			"/debug/pprof/":        pprof.Index,
			"/debug/pprof/profile": pprof.Profile,
			"/debug/pprof/trace":   pprof.Trace,
		} {
			mux.Handle("GET "+path, here(serve))
		}
	}
	return mux
}

// here serves those who ask from this machine, through a tunnel too: a profile costs the
// bot time, and shows what it works on.
func here(serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !from.Addr().Unmap().IsLoopback() {
			answer(w, http.StatusForbidden, "Profiles are for this machine alone: ask through a tunnel, such as kubectl port-forward or ssh -L.\n")
			return
		}
		serve(w, r)
	})
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// bounded is a listener that has so many connections at most, and closes others at once.
type bounded struct {
	net.Listener
	most int64
	open atomic.Int64
}

// Accept implements [net.Listener].
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if b.open.Add(1) <= b.most {
			return &counted{Conn: c, done: sync.OnceFunc(func() { b.open.Add(-1) })}, nil
		}
		b.open.Add(-1)
		_ = c.Close()
	}
}

// counted is a connection that is counted out when it is closed.
type counted struct {
	net.Conn
	done func()
}

// Close implements [net.Conn].
func (c *counted) Close() error {
	defer c.done()
	return c.Conn.Close()
}
