package awsapi_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// TestAConnectionIsUsedAgainHoweverManyAskAtOnce has an STS that answers once all fifty
// have asked, and then refuses: neither costs connections.
func TestAConnectionIsUsedAgainHoweverManyAskAtOnce(t *testing.T) {
	const atOnce, times = 50, 4
	var (
		connections atomic.Int64
		waiting     atomic.Pointer[sync.WaitGroup]
	)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		all := waiting.Load()
		all.Done()
		all.Wait()
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")
		_ = http.NewResponseController(w).Flush() // the end of the answer comes by itself
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	key := secret.Credentials{AccessKeyID: "AKIA0000000000000000", SecretAccessKey: secret.New("x")}
	client := awsapi.NewAt(awsapi.Place{Endpoint: server.URL, Key: key}, "eu-west-1", nil, time.Now)
	for range times {
		var all, asked sync.WaitGroup
		all.Add(atOnce)
		waiting.Store(&all)
		for range atOnce {
			asked.Go(func() { _, _ = client.Identity(t.Context(), key, policy.KeySource{}) })
		}
		asked.Wait()
	}
	if got := connections.Load(); got != atOnce {
		t.Errorf("got %d connections for %d calls, %d at once, want %d", got, atOnce*times, atOnce, atOnce)
	}
}
