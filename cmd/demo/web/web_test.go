package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/browsertest"
	"github.com/assumebot/assumebot/cmd/demo/world"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestMain(m *testing.M) {
	defer browsertest.Close()
	storetest.Main(m)
}

// A browser is one that does as the page would have it do.
type browser struct {
	*Server
	*places
	t      *testing.T
	client *http.Client
}

// bots are as many as may run at once: each has to answer within the three seconds
// that Slack gives, beside a browser.
var bots = make(chan struct{}, 4)

// visit runs the world, its bot and the page until the test ends.
func visit(t *testing.T) *browser {
	t.Helper()
	bots <- struct{}{}
	t.Cleanup(func() { <-bots })
	w, err := world.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.MakeBot(t.Context(), world.ConfigFile, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	running(t, w.App.Run)
	select {
	case <-w.App.Bot.Ready():
	case <-t.Context().Done():
		t.Fatal("the bot is not ready")
	}
	return open(t, w)
}

// open runs the page of a world.
func open(t *testing.T, w *world.World) *browser {
	t.Helper()
	s, err := Listen(w, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	running(t, s.Run)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{Server: s, places: s.places, t: t, client: &http.Client{CheckRedirect: stay, Timeout: 20 * time.Second}}
}

// deserted is a world without a bot, and its page.
func deserted(t *testing.T) *browser {
	t.Helper()
	w, err := world.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return open(t, w)
}

// running runs something until the test ends, and waits for its end.
func running(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// do sends a request to a path below the token, and returns what was answered.
func (b *browser) do(method, path, body string, change func(*http.Request)) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, strings.TrimSuffix(b.URL(), "/")+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", "http://"+r.Host)
	}
	if change != nil {
		change(r)
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer, string(text)
}

// page is what somebody sees.
func (b *browser) page(person, place string) string {
	b.t.Helper()
	answer, text := b.do(http.MethodGet, "/"+person+"/"+place, "", nil)
	if answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s at %s: got %s", person, place, answer.Status)
	}
	// Only the first column is theirs.
	first, _, _ := strings.Cut(text, `<section class="column" id="two"`)
	return first
}

// act does something as somebody.
func (b *browser) act(person, place, act string, form url.Values) {
	b.t.Helper()
	answer, text := b.do(http.MethodPost, "/"+person+"/"+place+"/"+act, form.Encode(), func(r *http.Request) { r.Header.Set("X-Page", "1") })
	if answer.StatusCode != http.StatusNoContent {
		b.t.Fatalf("%s of %s: got %s: %s", act, person, answer.Status, text)
	}
}
