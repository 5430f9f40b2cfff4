package store_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func wantDurability(t *testing.T, s *store.Store, want store.Durability) {
	t.Helper()
	if got, err := s.Log.Durability(t.Context()); got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestDurabilityIsWhatRedisSaysOfItself(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, store.Embedded)
	wantDurability(t, s, store.Durability{Fsync: store.FsyncOff, Eviction: store.EvictionNone})
	for _, url := range []string{storetest.RealRedis(t), storetest.RealCluster(t), storetest.RealSentinel(t)} {
		s, raw := mustOpen(t, url), storetest.Raw(t, url)
		want := store.Durability{Fsync: store.FsyncOff, Eviction: store.EvictionNone}
		wantDurability(t, s, want)
		set := func(name, value string) {
			t.Helper()
			if err := storetest.Configure(t.Context(), raw, name, value); err != nil {
				t.Fatal(err)
			}
		}
		set("appendonly", "yes")
		for _, want.Fsync = range []store.Fsync{store.FsyncAlways, store.FsyncSeconds, store.FsyncSystem} {
			set("appendfsync", string(want.Fsync))
			wantDurability(t, s, want)
		}
		want.Eviction = store.EvictionSome
		for _, policy := range []string{"allkeys-lru", "volatile-ttl"} {
			set("maxmemory-policy", policy)
			wantDurability(t, s, want)
		}
	}
}

func TestDurabilityCountsReplicas(t *testing.T) {
	t.Parallel()
	primary := storetest.RealTCP(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(primary)
	storetest.RealTCP(t, "--replicaof", host, port)
	s := mustOpen(t, "redis://"+primary)
	storetest.Eventually(t, 20*time.Second, "the replica is connected", func() bool {
		got, err := s.Log.Durability(t.Context())
		return err == nil && got.Replicas == 1
	})
}

// TestDurabilityIsUnknownWhereRedisRefusesToSay has ACL users who may ask for nothing,
// for INFO alone, and for CONFIG alone.
func TestDurabilityIsUnknownWhereRedisRefusesToSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		may  string
		want store.Durability
	}{
		{"-info -config|get", store.Durability{Fsync: store.FsyncUnknown, Replicas: -1, Eviction: store.EvictionUnknown}},
		{"+info -config|get", store.Durability{Fsync: store.FsyncUnknown, Eviction: store.EvictionNone}},
		{"-info +config|get", store.Durability{Fsync: store.FsyncUnknown, Replicas: -1, Eviction: store.EvictionUnknown}},
	} {
		server := storetest.StartRedis(t, append(append([]string{}, aclUser...), strings.Fields(c.may)...)...)
		root := storetest.Raw(t, server.URL)
		if err := root.ConfigSet(t.Context(), "appendonly", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		wantDurability(t, mustOpen(t, strings.Replace(server.URL, "unix://", "unix://bot:"+password+"@", 1)), c.want)
	}
}
