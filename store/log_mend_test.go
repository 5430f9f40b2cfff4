package store_test

import (
	"context"
	"errors"
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
	"github.com/assumebot/assumebot/broker/record/tree"
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

// A failover is a Redis with a replica that can be made to lag, and to take its place: what was
// written meanwhile is lost, and the writers do not know.
type failover struct {
	url      string // where the bot finds whichever is the primary
	old      redis.UniversalClient
	behind   redis.UniversalClient
	lag      func()
	takeOver func()
}

func newFailover(t *testing.T) failover {
	t.Helper()
	primary := storetest.RealTCP(t, "--repl-diskless-sync-delay", "0")
	link := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", primary) }, nil)
	linkHost, linkPort, _ := net.SplitHostPort(link.Addr)
	lagging := storetest.RealTCP(t, "--replicaof", linkHost, linkPort)
	f := failover{old: storetest.Raw(t, "redis://"+primary), behind: storetest.Raw(t, "redis://"+lagging), lag: link.Stall}
	var mu sync.Mutex
	to := primary
	front := storetest.NewProxy(t, func() (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		return net.Dial("tcp", to)
	}, nil)
	f.url = "redis://" + front.Addr
	storetest.Eventually(t, 20*time.Second, "the replica is up", func() bool {
		info, err := f.behind.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	f.takeOver = func() {
		if err := f.behind.SlaveOf(t.Context(), "no", "one").Err(); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		to = lagging
		mu.Unlock()
		_ = f.old.Do(t.Context(), "shutdown", "nosave").Err() // its connections end
	}
	return f
}

func (f failover) wantBehind(t *testing.T, entries int) {
	t.Helper()
	storetest.Eventually(t, 20*time.Second, "the replica has what there is", func() bool { return len(leafs(t, f.behind)) == entries })
}

func TestWhatALaggingReplicaOfRedisNeverHadIsPutBack(t *testing.T) {
	t.Parallel()
	f := newFailover(t)
	a, b := recordOn(t, f.url, "a"), recordOn(t, f.url, "b")
	put(t, a, 5)
	f.wantBehind(t, 5)
	f.lag()
	put(t, a, 3)
	put(t, b, 3)
	was := leafs(t, f.old)
	caughtUp(t, a, b)
	f.wantBehind(t, 5)
	f.takeOver()
	put(t, a, 1)
	put(t, b, 1)
	wantPutBack(t, f.behind, was)
}

// TestWhoWroteInThePlaceOfWhatALaggingReplicaNeverHadStops has a replica begin after the
// fail-over, and write before the one that had read more has put that back.
func TestWhoWroteInThePlaceOfWhatALaggingReplicaNeverHadStops(t *testing.T) {
	t.Parallel()
	f := newFailover(t)
	a := recordOn(t, f.url, "a")
	put(t, a, 7)
	f.wantBehind(t, 7)
	f.lag()
	put(t, a, 3)
	caughtUp(t, a)
	if err := f.behind.SlaveOf(t.Context(), "no", "one").Err(); err != nil {
		t.Fatal(err)
	}
	b := recordOn(t, "redis://"+f.behind.(*redis.Client).Options().Addr, "b")
	put(t, b, 1)
	f.takeOver()
	if _, err := a.Record(t.Context(), refused()); !errors.Is(err, tree.ErrForked) || !errors.Is(err, record.ErrStopped) {
		t.Fatalf("got %v, want that it sees what stands in the place of what it had read", err)
	}
	storetest.Eventually(t, 20*time.Second, "it has left a mark", func() bool {
		return f.behind.Exists(t.Context(), "assumebot:{record}:stopped").Val() == 1
	})
	was := leafs(t, f.behind)
	for _, l := range []*record.Log{b, recordOn(t, f.url, "c")} {
		if _, err := l.Record(t.Context(), refused()); !errors.Is(err, record.ErrStopped) || errors.Is(err, record.ErrUnsure) {
			t.Errorf("%s: got %v, want that it stops too", l.Replica, err)
		}
	}
	if now := leafs(t, f.behind); len(now) != len(was) {
		t.Errorf("got %d entries, want the %d that there were", len(now), len(was))
	}
}

func TestARecordWhoseNameRedisLostGoesOnAndOneThatTakesNoEntryStops(t *testing.T) {
	t.Parallel()
	url := storetest.RealRedis(t)
	rdb := storetest.Raw(t, url)
	a := recordOn(t, url, "a")
	put(t, a, 3)
	if err := rdb.Del(t.Context(), "assumebot:{record}:origin").Err(); err != nil {
		t.Fatal(err)
	}
	put(t, a, 1)
	if err := rdb.Do(t.Context(), "XSETID", "assumebot:{record}:entries", "999999-0").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Record(t.Context(), refused()); !errors.Is(err, record.ErrStopped) {
		t.Errorf("got %v, want that it stops", err)
	}
}
