package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestARedisSaysHowItIs(t *testing.T) {
	t.Parallel()
	healthOf := func(url string) store.Health {
		t.Helper()
		h, err := mustOpen(t, url).Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	open := healthOf(storetest.RealRedis(t))
	if open.Rights != store.RightsMore || open.TLS || open.Kind != "single node" {
		t.Errorf("a Redis without users: got %+v, want more rights than needed", open)
	}
	if !strings.Contains(open.Version, ".") || !open.ClockOK || open.Ahead.Abs() > time.Minute {
		t.Errorf("got %+v, want a version and a clock", open)
	}
	server := storetest.StartRedis(t, aclUser...)
	limited := healthOf(strings.Replace(server.URL, "unix://", "unix://bot:"+password+"@", 1))
	if limited.Rights != store.RightsNeeded || limited.Version != open.Version || !limited.ClockOK {
		t.Errorf("the user of the example: got %+v, want the rights that are needed", limited)
	}
	if got := healthOf(storetest.RealCluster(t)); got.Kind != "cluster" || got.Version == "" {
		t.Errorf("a cluster: got %+v", got)
	}
	if got := healthOf(store.Embedded); got.Kind != "embedded" || got.Version != "" || got.Rights != store.RightsUnknown {
		t.Errorf("embedded: got %+v", got)
	}
}

func TestHealthOfARedisThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t)
	s := mustOpen(t, server.URL)
	server.Stop()
	if h, err := s.Health(context.Background()); err == nil {
		t.Errorf("got %+v, want an error", h)
	}
}
