package store_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// waitingForReplicas is a store whose appends count once n replicas have them.
func waitingForReplicas(t testing.TB, url string, n int) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: secret.New(url), SealKeys: []secret.Text{storetest.KeyOne}, Replicas: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// oneEntry is a batch that a new replica appends.
func oneEntry(id string) entry.Batch {
	return entry.Batch{
		Origin: "example.com/record", Replica: "one", ID: id, After: -1,
		Entries: []entry.Sealed{{After: -1, ID: id, Root: make([]byte, entry.RootSize), Leaf: []byte("leaf"), MACs: "macs"}},
	}
}

func TestAnAppendThatTooFewReplicasHaveFailsAndStays(t *testing.T) {
	t.Parallel()
	for _, url := range []string{store.Embedded, storetest.RealRedis(t), storetest.RealSentinel(t), storetest.RealCluster(t)} {
		s := waitingForReplicas(t, url, 1)
		for range 2 { // a repeat waits as well, though it appends nothing
			if out, err := s.Log.Append(t.Context(), oneEntry("a")); !errors.Is(err, entry.ErrReplicas) {
				t.Errorf("%s: got %+v, %v, want that too few have it", url, out, err)
			}
		}
		if _, next, err := s.Log.Bounds(t.Context()); next != 1 || err != nil {
			t.Errorf("%s: got %d entries, %v, want one", url, next, err)
		}
	}
}

func TestAnAppendCountsOnceTheReplicasHaveIt(t *testing.T) {
	t.Parallel()
	primary := storetest.RealTCP(t, "--repl-diskless-sync-delay", "0")
	s := waitingForReplicas(t, "redis://"+primary, 1)
	if _, err := s.Log.Append(t.Context(), oneEntry("a")); !errors.Is(err, entry.ErrReplicas) {
		t.Fatalf("without a replica: got %v", err)
	}
	host, port, _ := net.SplitHostPort(primary)
	replica := storetest.Raw(t, "redis://"+storetest.RealTCP(t, "--replicaof", host, port))
	for n, id := range []string{"a", "b"} {
		storetest.Eventually(t, 20*time.Second, "the replica has "+id, func() bool {
			out, err := s.Log.Append(t.Context(), oneEntry(id)) // a repeat, until it is connected
			return err == nil && out.First == int64(n)
		})
		if have, err := replica.XLen(t.Context(), "assumebot:{record}:entries").Result(); have != int64(n)+1 || err != nil {
			t.Errorf("%s: the replica has %d entries, %v, want %d", id, have, err, n+1)
		}
	}
	if _, err := waitingForReplicas(t, "redis://"+primary, 2).Log.Append(t.Context(), oneEntry("c")); !errors.Is(err, entry.ErrReplicas) {
		t.Errorf("with one of two: got %v", err)
	}
}
