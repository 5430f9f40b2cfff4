package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// TestALargeRecord says what a record of ASSUMEBOT_ENTRIES entries takes: memory of a
// replica and of Redis, and how long a start, a proof and a verification take.
func TestALargeRecord(t *testing.T) {
	entries, err := strconv.Atoi(os.Getenv("ASSUMEBOT_ENTRIES"))
	if err != nil {
		t.Skip("ASSUMEBOT_ENTRIES says how many entries; it takes a minute for a million")
	}
	url := storetest.RealRedis(t)
	st := waitingForReplicas(t, url, 0)
	private, _, err := tree.NewKey("record.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tree.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signer.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	l := storetest.NewReplica(t, st)
	began := time.Now()
	fillRecord(t, l, entries)
	t.Logf("%d entries written in %v, %.0f a second", entries, time.Since(began).Round(time.Second), float64(entries)/time.Since(began).Seconds())

	ctx, cancel := context.WithCancel(t.Context())
	publisher := record.NewPublisher(record.PublisherDeps{
		Log: l.Log, Store: st.Checkpoints, Signer: signer, Leases: st.Leases, Out: slog.New(slog.DiscardHandler),
		Needed: func(context.Context) (int64, error) { return 0, nil },
	})
	var publishing sync.WaitGroup
	publishing.Go(func() { publisher.Run(ctx) })
	began = time.Now()
	storetest.Eventually(t, 10*time.Minute, "a checkpoint of all", func() bool {
		c, err := newestCheckpoint(t, st, keys)
		return err == nil && c.Size >= int64(entries)
	})
	t.Logf("all tiles made and signed in %v", time.Since(began).Round(time.Second))
	cancel()
	publishing.Wait()

	for _, from := range []string{"the first entry", "the newest start"} {
		before := heap()
		began = time.Now()
		fresh := record.New(record.Deps{
			Entries: st.Log, Keys: st.LogKeys, Origin: "record.test", Replica: "fresh", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		if from == "the newest start" {
			if err := fresh.Begin(t.Context(), st.Checkpoints, keys); err != nil {
				t.Fatal(err)
			}
		}
		reading, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { fresh.Run(reading) })
		if err := fresh.CaughtUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("a replica that begins at %s has read all in %v, and holds %.1f MB", from, time.Since(began).Round(time.Millisecond), float64(heap()-before)/1e6)
		stop()
		running.Wait()
		runtime.KeepAlive(fresh)
	}
	reportProofs(t, st, keys)
	info, err := storetest.Raw(t, url).Info(t.Context(), "memory").Result()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(info) {
		if strings.HasPrefix(line, "used_memory_human") {
			t.Log("Redis: " + strings.TrimSpace(line))
		}
	}
}

func reportProofs(t *testing.T, st *store.Store, keys tree.PublicKeys) {
	t.Helper()
	c, err := newestCheckpoint(t, st, keys)
	if err != nil {
		t.Fatal(err)
	}
	const proofs = 200
	began := time.Now()
	for i := range int64(proofs) {
		if _, err := tree.Prove(i*c.Size/proofs, c, tree.HashReader(t.Context(), c.Tree(), st.Checkpoints.Tiles)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("a proof takes %v", (time.Since(began) / proofs).Round(10*time.Microsecond))
	began = time.Now()
	found, err := audit.Verify(t.Context(), audit.Verification{Source: audit.FromStore(st.Log, st.Checkpoints), Keys: keys, Seal: st.LogKeys})
	if err != nil || len(found.Findings) > 0 {
		t.Fatalf("the record does not verify: %v, %v", found.Findings, err)
	}
	t.Logf("verify takes %v", time.Since(began).Round(time.Millisecond))
}

func newestCheckpoint(t *testing.T, st *store.Store, keys tree.PublicKeys) (tree.Checkpoint, error) {
	t.Helper()
	raw, err := audit.FromStore(st.Log, st.Checkpoints).Checkpoint(t.Context())
	if err != nil {
		return tree.Checkpoint{}, err
	}
	return keys.CheckAny(raw)
}

func fillRecord(t *testing.T, l storetest.Replica, entries int) {
	t.Helper()
	const writers, atOnce = 4, 100
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for at := w * atOnce; at < entries; at += writers * atOnce {
				var some []event.Event
				for i := range min(atOnce, entries-at) {
					some = append(some, event.Event{
						ID: fmt.Sprintf("e%d", at+i), Time: time.Now(), Request: "abcdefghijklmnopqrstuvwxyz",
						Actor: event.Actor{User: "U01ALICE", Team: "T0123", Channel: "C0GENERAL", Name: "alice@example.com"},
						Data:  event.RefusedData{Account: "prod", Reason: event.NewText("INC-42 failover"), Failure: event.Failure{Code: "not_allowed"}},
					})
				}
				if _, err := l.Record(t.Context(), some...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
