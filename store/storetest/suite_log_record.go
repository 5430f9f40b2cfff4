package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store"
)

// These tests have the record itself stand on the store.
var recordOnStoreTests = []test{
	{"replicas write, sign and follow one record", recordOfReplicas},
}

// recorder is a replica of the record on s.
func recorder(s *store.Store, replica string) *record.Log {
	return record.New(record.Deps{
		Entries: s.Log,
		Keys:    s.LogKeys,
		Origin:  logOrigin,
		Replica: replica,
		Now:     time.Now,
		Log:     slog.New(slog.DiscardHandler),
	})
}

func runRecorder(t testing.TB, l *record.Log) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
}

func recordOfReplicas(t testing.TB, h *harness) {
	one, two := h.Store, h.Store
	if h.raw != nil {
		two = h.replica(t, KeyTwo, KeyOne) // halfway through a change of the ring
	}
	logs := []*record.Log{recorder(one, "one"), recorder(two, "two")}
	for _, l := range logs {
		runRecorder(t, l)
	}
	private, _, err := tree.NewKey(logOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tree.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from an edge within a tile
		recordAtOnce(t, logs, 200)
		publishRecord(t, logs[0], one, signer)
		publishRecord(t, logs[1], two, signer)
	}
	keys, err := signer.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	late := recorder(one, "late")
	if err := late.Begin(t.Context(), one.Checkpoints, keys); err != nil {
		t.Fatal(err)
	}
	runRecorder(t, late)
	for _, l := range append(logs, late) {
		if err := l.CaughtUp(t.Context()); err != nil || l.Size() < 800 || l.Err() != nil {
			t.Errorf("%s: got %d entries, %v, %v, want at least 800", l.Replica, l.Size(), err, l.Err())
		}
	}
}

// recordAtOnce has each replica record n Events at once.
func recordAtOnce(t testing.TB, logs []*record.Log, n int) {
	t.Helper()
	var all sync.WaitGroup
	for _, l := range logs {
		for i := range n {
			all.Go(func() {
				e := event.Event{ID: broker.NewID(), Time: time.Now(), Actor: event.Actor{User: alice}, Data: event.RefusedData{Account: fmt.Sprint(i)}}
				if _, err := l.Record(t.Context(), e); err != nil {
					t.Errorf("%s: %v", l.Replica, err)
				}
			})
		}
	}
	all.Wait()
}

// publishRecord signs what l has read in a turn of its own.
func publishRecord(t testing.TB, l *record.Log, s *store.Store, signer *tree.Signer) {
	t.Helper()
	out := slog.New(slog.DiscardHandler)
	p := record.NewPublisher(record.PublisherDeps{
		Log: l, Store: s.Checkpoints, Signer: signer, Leases: s.Leases, Out: out,
		Needed: func(context.Context) (int64, error) { return 0, nil },
	})
	err := lease.New(s.Leases, published.Lease, time.Minute, out).Do(t.Context(), func(ctx context.Context, h *lease.Hold) error {
		return p.Publish(ctx, h)
	})
	if err != nil {
		t.Fatalf("publish for %s: %v", l.Replica, err)
	}
}
