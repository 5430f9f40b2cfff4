package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// recordOn is a replica that keeps the record on the Redis of url, until the test ends.
func recordOn(t *testing.T, url, replica string) *record.Log {
	t.Helper()
	return recordOf(t, url, "example.com/record", replica)
}

func recordOf(t *testing.T, url, origin, replica string) *record.Log {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: secret.New(url), SealKeys: []secret.Text{storetest.KeyOne}})
	if err != nil {
		t.Fatal(err)
	}
	l := record.New(record.Deps{
		Entries: s.Log,
		Keys:    s.LogKeys,
		Origin:  origin,
		Replica: replica,
		Now:     time.Now,
		Log:     slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait(); _ = s.Close() })
	return l
}

func put(t *testing.T, l *record.Log, count int) {
	t.Helper()
	for range count {
		if _, err := l.Record(t.Context(), refused()); err != nil {
			t.Fatal(err)
		}
	}
}

// caughtUp has all of them read what there is: one that has not would take the place of
// what was lost.
func caughtUp(t *testing.T, logs ...*record.Log) {
	t.Helper()
	for _, l := range logs {
		if err := l.CaughtUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func refused() event.Event {
	return event.Event{ID: fmt.Sprintf("e%d", time.Now().UnixNano()), Time: time.Now(), Data: event.RefusedData{Account: "prod"}}
}

// leafs are the Events that a Redis has.
func leafs(t *testing.T, rdb redis.UniversalClient) (out []string) {
	t.Helper()
	all, err := rdb.XRange(t.Context(), "assumebot:{record}:entries", "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		out = append(out, fmt.Sprint(m.Values["id"], m.Values["leaf"], m.Values["macs"]))
	}
	return out
}

func wantPutBack(t *testing.T, rdb redis.UniversalClient, was []string) {
	t.Helper()
	now := leafs(t, rdb)
	if len(now) <= len(was) || strings.Join(now[:len(was)], "\n") != strings.Join(was, "\n") {
		t.Fatalf("got %d entries, want the %d that there were and more", len(now), len(was))
	}
	storetest.Eventually(t, 20*time.Second, "an alarm is on the record", func() bool {
		return strings.Contains(strings.Join(leafs(t, rdb), "\n"), "entries_put_back")
	})
}

func TestARecordThatRedisLostIsPutBack(t *testing.T) {
	t.Parallel()
	url := storetest.RealRedis(t)
	rdb := storetest.Raw(t, url)
	for what, lose := range map[string]func(t *testing.T){
		"a flush": func(t *testing.T) {
			if err := rdb.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		},
		"an older copy": func(t *testing.T) {
			older, err := rdb.Dump(t.Context(), "older").Result()
			if err == nil {
				err = rdb.RestoreReplace(t.Context(), "assumebot:{record}:entries", 0, older).Err()
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			if err := rdb.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			a, b := recordOn(t, url, "a"), recordOn(t, url, "b")
			put(t, a, 5)
			if err := rdb.Copy(t.Context(), "assumebot:{record}:entries", "older", 0, true).Err(); err != nil {
				t.Fatal(err)
			}
			put(t, b, 5)
			was := leafs(t, rdb)
			caughtUp(t, a, b)
			lose(t)
			put(t, a, 1)
			put(t, b, 1)
			wantPutBack(t, rdb, was)
		})
	}
}

// TestWhatALaggingReplicaOfRedisNeverHadIsPutBack promotes a replica of Redis whose link was
// held up: what was written meanwhile is lost, and the writers do not know.
func TestWhatALaggingReplicaOfRedisNeverHadIsPutBack(t *testing.T) {
	t.Parallel()
	primary := storetest.RealTCP(t, "--repl-diskless-sync-delay", "0")
	link := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", primary) }, nil)
	linkHost, linkPort, _ := net.SplitHostPort(link.Addr)
	lagging := storetest.RealTCP(t, "--replicaof", linkHost, linkPort)
	behind := storetest.Raw(t, "redis://"+lagging)
	var mu sync.Mutex
	to := primary
	front := storetest.NewProxy(t, func() (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		return net.Dial("tcp", to)
	}, nil)
	storetest.Eventually(t, 20*time.Second, "the replica is up", func() bool {
		info, err := behind.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	a, b := recordOn(t, "redis://"+front.Addr, "a"), recordOn(t, "redis://"+front.Addr, "b")
	put(t, a, 5)
	storetest.Eventually(t, 20*time.Second, "the replica has five entries", func() bool { return len(leafs(t, behind)) == 5 })
	link.Stall()
	put(t, a, 3)
	put(t, b, 3)
	old := storetest.Raw(t, "redis://"+primary)
	was := leafs(t, old)
	caughtUp(t, a, b)
	if n := len(leafs(t, behind)); n != 5 {
		t.Fatalf("the replica has %d entries, want that it lags", n)
	}
	if err := behind.SlaveOf(t.Context(), "no", "one").Err(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	to = lagging
	mu.Unlock()
	_ = old.Do(t.Context(), "shutdown", "nosave").Err() // its connections end
	put(t, a, 1)
	put(t, b, 1)
	wantPutBack(t, behind, was)
}
