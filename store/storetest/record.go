package storetest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/store"
)

// A Replica writes and reads the record in a store, as one replica does.
type Replica struct{ *record.Log }

// Record implements [broker.Recorder].
func (r Replica) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	receipt, err := r.Log.Record(ctx, events...)
	if errors.Is(err, record.ErrStopped) {
		err = errors.Join(broker.ErrRecordStopped, err)
	}
	if errors.Is(err, record.ErrHeld) {
		err = errors.Join(broker.ErrRecordHeld, err)
	}
	if errors.Is(err, record.ErrInterrupted) {
		err = errors.Join(broker.ErrInterrupted, err)
	}
	return receipt, err
}

// NewReplica returns a replica of the record in st, which runs until the test ends.
func NewReplica(t testing.TB, st *store.Store) Replica {
	t.Helper()
	l := record.New(record.Deps{
		Entries: st.Log,
		Keys:    st.LogKeys,
		Origin:  "record.test",
		Replica: broker.NewID(),
		Now:     time.Now,
		Log:     slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return Replica{l}
}

// Events are all Events on the record, in their order.
func (r Replica) Events(t testing.TB) []event.Event {
	t.Helper()
	if err := r.CaughtUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	var out []event.Event
	for at := int64(0); at < r.Size(); {
		entries, _, err := r.Read(context.Background(), at, 256)
		if err != nil || len(entries) == 0 {
			t.Fatalf("the record from %d on: %d entries, %v", at, len(entries), err)
		}
		for _, e := range entries {
			if e.Broken != "" {
				t.Fatalf("entry %d is broken: %s", e.Number, e.Broken)
			}
			out, at = append(out, e.Event), e.Number+1
		}
	}
	return out
}
