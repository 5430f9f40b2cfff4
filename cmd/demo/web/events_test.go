package web

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// listens opens a stream of what changes.
func (b *browser) listens(ctx context.Context) *http.Response {
	b.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL()+"events", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestPagesAreToldWhoseSlackChanged(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	stream := b.listens(t.Context())
	if got := stream.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("got %q", got)
	}
	lines := bufio.NewScanner(stream.Body)
	lines.Scan() // retry: the stream is open
	b.types("carol", direct, "hello")
	for lines.Scan() {
		names, isEvent := strings.CutPrefix(lines.Text(), "data: ")
		if !isEvent {
			continue
		}
		if names != "carol" {
			t.Errorf("got %q for a direct message of carol's", names)
		}
		return
	}
	t.Error("the stream ended")
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	for range maxStreams {
		if answer := b.listens(t.Context()); answer.StatusCode != http.StatusOK {
			t.Fatalf("got %s", answer.Status)
		}
	}
	if answer := b.listens(t.Context()); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more: got %s", answer.Status)
	}
}

// A held stream is an answer that stays in memory.
type held struct {
	mu   sync.Mutex
	text strings.Builder
}

func (*held) Header() http.Header              { return http.Header{} }
func (*held) WriteHeader(int)                  {}
func (*held) Flush()                           {}
func (*held) SetReadDeadline(time.Time) error  { return nil }
func (*held) SetWriteDeadline(time.Time) error { return nil }

func (h *held) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

// take returns what was written since it was last asked.
func (h *held) take() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.text.Reset()
	return h.text.String()
}

func TestSilentStreamsSayThatTheyLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ending := make(chan struct{})
		e := &events{hub: newHub(), ending: ending, log: slog.New(slog.DiscardHandler)}
		stream := &held{}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			e.serve(stream, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/events", nil))
		}()
		said := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := stream.take(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		said("retry: 1000\n\n")
		time.Sleep(heartbeat - time.Nanosecond)
		said("")
		time.Sleep(time.Nanosecond)
		said(": alive\n\n")
		e.hub.touch("alice", "feed")
		said("data: alice feed\n\n")
		time.Sleep(2 * heartbeat)
		said(": alive\n\n: alive\n\n")
		close(ending)
		<-ended
		if len(e.hub.streams) != 0 {
			t.Error("the stream is still told of changes")
		}
	})
}

func TestEndOfThePageEndsItsStreams(t *testing.T) {
	t.Parallel()
	w, err := world.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	s, err := Listen(w, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	b := &browser{Server: s, places: s.places, t: t, client: http.DefaultClient}
	lines := bufio.NewScanner(b.listens(t.Context()).Body)
	lines.Scan()
	end()
	if err := <-ended; err != nil {
		t.Errorf("got %v", err)
	}
	for lines.Scan() {
		continue
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream broke off: %v", err)
	}
	if _, err := net.Dial("tcp", "127.0.0.1:"+s.door.Port()); err == nil {
		t.Error("it still listens")
	}
	s.hub.touch("alice") // what the fake does later disturbs nobody
}

func TestPageThatDoesNotReadHoldsUpNobody(t *testing.T) {
	h := newHub()
	slow, ok := h.join()
	if !ok {
		t.Fatal("no stream")
	}
	for range 100_000 {
		h.touch("alice", "bob")
	}
	if got := strings.Join(h.take(slow), " "); got != "alice bob" {
		t.Errorf("got %q, want each name once", got)
	}
	h.leave(slow)
	h.touch("alice")
	if got := h.take(slow); len(got) != 0 {
		t.Errorf("who has left is told of %q", got)
	}
}

func TestManyPagesAtOnceSeeTheSameWorld(t *testing.T) {
	t.Parallel()
	b := visit(t)
	var wg sync.WaitGroup
	for _, person := range []string{"alice", "bob", "carol"} {
		for range 4 {
			wg.Go(func() {
				b.types(person, general, "hello from "+person)
				b.types(person, general, "/assume accounts")
				b.page(person, home)
			})
		}
	}
	wg.Wait()
	for _, person := range []string{"alice", "bob", "carol"} {
		text := b.page(person, general)
		for _, other := range []string{"alice", "bob", "carol"} {
			if got := strings.Count(text, "hello from "+other); got != 4 {
				t.Errorf("%s sees %d messages of %s, want 4", person, got, other)
			}
		}
	}
}

func TestPortThatIsTakenIsAnErrorThatSaysSo(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	_, err = Listen(nil, taken.Addr().(*net.TCPAddr).Port, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "try another --port") {
		t.Errorf("got %v", err)
	}
}
