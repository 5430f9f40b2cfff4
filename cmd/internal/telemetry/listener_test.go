package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/watch"
)

// open listens on a port of this machine that is free.
func open(t *testing.T, profiles bool) *Listener {
	t.Helper()
	l, err := Listen(t.Context(), Options{
		Addr: netip.MustParseAddrPort("127.0.0.1:0"), Profiles: profiles, Traces: someTraces(), Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// someTraces have had spans of each fate.
func someTraces() *Traces {
	g := &gate{}
	g.exported.Store(7)
	g.failed.Store(3)
	g.dropped.Store(1)
	return &Traces{gate: g}
}

// get asks l for path.
func get(t *testing.T, l *Listener, path string) (status int, body string) {
	t.Helper()
	r, err := http.Get("http://" + l.Addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(data)
}

// well is a replica that serves.
func well() watch.State {
	return watch.State{Connected: true, Sockets: 2, Counted: 6, Record: watch.Record{Entries: 9, Signed: 9}}
}

func TestReadySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*watch.State)
		want   string
	}{
		"nothing":       {func(*watch.State) {}, "ready\n"},
		"the sockets":   {func(s *watch.State) { s.Connected = false }, "slack: no socket is open\n"},
		"the store":     {func(s *watch.State) { s.StoreErr = errors.New("dial canary.example:6379: refused") }, "redis: it does not answer\n"},
		"the record":    {func(s *watch.State) { s.Record.Stopped = true }, "record: it does not check out, so nothing is issued; the log says why\n"},
		"the time":      {func(s *watch.State) { s.Draining = true }, "draining: it was told to stop\n"},
		"several":       {func(s *watch.State) { s.Draining, s.Connected = true, false }, "draining: it was told to stop\nslack: no socket is open\n"},
		"not the pause": {func(s *watch.State) { s.Paused = true }, "ready\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, now := open(t, false), well()
			c.change(&now)
			l.Show(func(context.Context) watch.State { return now })
			want := http.StatusServiceUnavailable
			if c.want == "ready\n" {
				want = http.StatusOK
			}
			if status, body := get(t, l, "/readyz"); status != want || body != c.want {
				t.Errorf("got %d and %q, want %d and %q", status, body, want, c.want)
			}
		})
	}
}

func TestBeforeItServesItLivesAndIsNotReady(t *testing.T) {
	t.Parallel()
	l := open(t, false)
	if status, body := get(t, l, "/healthz"); status != http.StatusOK || body != "alive\n" {
		t.Errorf("/healthz: got %d and %q, want 200 and alive", status, body)
	}
	if status, body := get(t, l, "/readyz"); status != http.StatusServiceUnavailable || !strings.HasPrefix(body, "starting: ") {
		t.Errorf("/readyz: got %d and %q, want 503 and that it starts", status, body)
	}
	if _, body := get(t, l, "/metrics"); !strings.Contains(body, "\nassumebot_ready 0\n") || strings.Contains(body, "sockets_open") {
		t.Errorf("got %s, want that it is not ready and nothing of what is not known", body)
	}
}

// TestWhoAsksOftenCostsTheStoreLittle also shows that the answer is made anew in time.
func TestWhoAsksOftenCostsTheStoreLittle(t *testing.T) {
	t.Parallel()
	now, asked := time.Now(), 0
	s := states{now: func() time.Time { return now }}
	s.show(func(context.Context) watch.State { asked++; return well() })
	for range 5 {
		s.newest(t.Context())
	}
	if asked != 1 {
		t.Errorf("asked %d times within the same second, want once", asked)
	}
	now = now.Add(freshFor)
	if s.newest(t.Context()); asked != 2 {
		t.Errorf("asked %d times, want again after %s", asked, freshFor)
	}
}

func TestProfilesAreServedWhenAskedForAndToThisMachineAlone(t *testing.T) {
	t.Parallel()
	if status, _ := get(t, open(t, false), "/debug/pprof/goroutine?debug=1"); status != http.StatusNotFound {
		t.Errorf("not asked for: got %d, want 404", status)
	}
	l := open(t, true)
	if status, body := get(t, l, "/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(body, "goroutine profile") {
		t.Errorf("asked for: got %d and %.60q, want a profile", status, body)
	}
	if status, _ := get(t, l, "/debug/pprof/cmdline"); status != http.StatusNotFound {
		t.Errorf("the command line: got %d, want 404", status)
	}
	r, w := httptest.NewRequest(http.MethodGet, "/debug/pprof/heap", nil), httptest.NewRecorder()
	r.RemoteAddr = "192.0.2.1:4711"
	if l.server.Handler.ServeHTTP(w, r); w.Code != http.StatusForbidden {
		t.Errorf("from elsewhere: got %d, want 403", w.Code)
	}
}

func TestOnlyWhatIsReadIsServed(t *testing.T) {
	t.Parallel()
	l := open(t, true)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		r, w := httptest.NewRequest(method, "/metrics", nil), httptest.NewRecorder()
		if l.server.Handler.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want 405", method, w.Code)
		}
	}
}

// TestConnectionsThatAreTooManyAreClosed holds all that there may be, and then one more.
func TestConnectionsThatAreTooManyAreClosed(t *testing.T) {
	t.Parallel()
	l := open(t, false)
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	held := make([]net.Conn, maxConnections)
	for i := range held {
		held[i] = dial()
	}
	extra := dial()
	_ = extra.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := extra.Read(make([]byte, 1)); n != 0 || errors.Is(err, context.DeadlineExceeded) || err == nil {
		t.Errorf("one too many: got %d bytes and %v, want it closed", n, err)
	}
	for _, c := range held {
		_ = c.Close()
	}
	for {
		r, err := http.Get("http://" + l.Addr() + "/healthz")
		if err == nil {
			_ = r.Body.Close()
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("those that were closed are counted still")
		}
	}
}

func TestAnAddressThatIsTakenIsAnError(t *testing.T) {
	t.Parallel()
	l := open(t, false)
	_, err := Listen(t.Context(), Options{Addr: netip.MustParseAddrPort(l.Addr()), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Error("got nil, want an error")
	}
}
