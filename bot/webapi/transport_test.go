package webapi

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/secret"
)

// TestAConnectionIsUsedAgainHoweverManyAskAtOnce has a Slack that answers once all fifty
// have asked, by the Web API and by response_urls in turn, and whose answers end later
// than their JSON: none costs connections, nor does a refusal.
func TestAConnectionIsUsedAgainHoweverManyAskAtOnce(t *testing.T) {
	const atOnce, times = 50, 6
	var (
		connections atomic.Int64
		waiting     atomic.Pointer[sync.WaitGroup]
		status      atomic.Int64
	)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		all := waiting.Load()
		all.Done()
		all.Wait()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, `{"ok":true}`)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "\n")
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	through := NewHTTPClient()
	c := New(NewAPI(secret.New("xapp-1"), secret.New("xoxb-1"), server.URL+"/api/", through), through, server.URL)
	ask := []func() error{
		func() error { _, err := c.WhoAmI(t.Context()); return err },
		func() error {
			return c.Respond(t.Context(), secret.New(server.URL+"/commands/1"), false, blockkit.Message{Blocks: []slack.Block{slack.NewDividerBlock()}})
		},
	}
	for i := range times {
		want := http.StatusOK
		if i >= times/2 {
			want = http.StatusForbidden
		}
		status.Store(int64(want))
		var all, asked sync.WaitGroup
		all.Add(atOnce)
		waiting.Store(&all)
		for range atOnce {
			asked.Go(func() {
				if err := ask[i%len(ask)](); (err == nil) != (want == http.StatusOK) {
					t.Errorf("got %v, want HTTP %d", err, want)
				}
			})
		}
		asked.Wait()
	}
	if got := connections.Load(); got != atOnce {
		t.Errorf("got %d connections for %d calls, %d at once, want %d", got, atOnce*times, atOnce, atOnce)
	}
}
