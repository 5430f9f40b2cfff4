package record

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

// testLog is a running Log.
type testLog struct {
	*Log
	clock *recordtest.Clock
}

// running starts a replica of that name.
func running(t *testing.T, m entry.Store, replica string) testLog {
	t.Helper()
	return runningBeside(t, m, nil, replica, false)
}

// runningBeside starts a replica that has an archive too. One that is looking asks for news
// often, and so whether the store has lost any.
func runningBeside(t *testing.T, m entry.Store, archive *archive.Archive, replica string, looking bool) testLog {
	t.Helper()
	c := &recordtest.Clock{Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	l := New(Deps{Entries: m, Archive: archive, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: replica, Now: c.Now, Log: recordtest.Discard})
	l.mending.settleFor = time.Millisecond
	if looking {
		l.awaitFor = time.Millisecond
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	return testLog{l, c}
}

// fullDays are how many entries there are on each of five days, so that the store may let go of the first
// 300 on the fifth: it keeps Window entries before where replicas begin.
var fullDays = []int{entry.Window + 300, 40, 40, 40, 40}

func (l testLog) mustRecord(t *testing.T, events ...event.Event) event.Receipt {
	t.Helper()
	r, err := l.Record(t.Context(), events...)
	if err != nil {
		t.Fatalf("record %s: %v", events[0].ID, err)
	}
	return r
}

// fill writes Events that differ by their IDs alone: encoding one is enough.
func (l testLog) fill(t *testing.T, name string, count int) {
	t.Helper()
	const place = "PLACE"
	e := recordtest.About(place)
	e.Replica = l.Replica
	like, err := sealingOf(e)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < count; {
		w := &write{done: make(chan struct{})}
		for range min(100, count-at) {
			id := fmt.Sprintf("%s-%d", name, at)
			w.events = append(w.events, sealing{leaf: bytes.ReplaceAll(like.leaf, []byte(place), []byte(id))})
			at++
		}
		if err := l.enqueue(w, nil); err != nil {
			t.Fatal(err)
		}
		if <-w.done; w.err != nil {
			t.Fatalf("fill up to %s-%d: %v", name, at, w.err)
		}
	}
}
