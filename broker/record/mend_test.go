package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// alarmsOf are the alarms on the record, with what they are about.
func alarmsOf(t *testing.T, m *recordtest.Memory) (out []event.AlarmData) {
	t.Helper()
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, e := range m.Entries[m.Trimmed:] {
		if !bytes.Contains(e.Leaf, []byte(event.Alarm)) { // most are none, and reading them takes long
			continue
		}
		ev, err := event.Decode(e.Leaf, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := ev.Data.(event.AlarmData); ok {
			out = append(out, d)
		}
	}
	return out
}

func TestWhatAStoreLostIsPutBackBeforeTheNextEvent(t *testing.T) {
	for what, lose := range map[string]func(m *recordtest.Memory){
		"nothing is left":         func(m *recordtest.Memory) { m.Entries, m.Batches = nil, map[string]recordtest.MemoryBatch{} },
		"the newest is gone":      func(m *recordtest.Memory) { m.Entries = m.Entries[:len(m.Entries)-1] },
		"all but the first":       func(m *recordtest.Memory) { m.Entries = m.Entries[:1] },
		"batches are known still": func(m *recordtest.Memory) { m.Entries = m.Entries[:5] },
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			a, b := running(t, m, "a"), running(t, m, "b")
			for i := range 5 {
				a.mustRecord(t, recordtest.About(fmt.Sprintf("a%d", i)))
				b.mustRecord(t, recordtest.About(fmt.Sprintf("b%d", i)))
			}
			recordtest.AwaitThat(t, "both have read all", func() bool { return a.Size() == 10 && b.Size() == 10 })
			was := slices.Clone(m.Entries)
			m.Change(lose)
			left := int64(len(m.Entries))
			a.mustRecord(t, recordtest.Intent("a"))
			b.mustRecord(t, recordtest.Intent("b"))
			for i, e := range was {
				if got := m.Entries[i]; got.ID != e.ID || string(got.Leaf) != string(e.Leaf) || got.MACs != e.MACs {
					t.Errorf("entry %d is %s, and was %s", i, got.ID, e.ID)
				}
			}
			recordtest.AwaitThat(t, "an alarm is on the record", func() bool { return len(alarmsOf(t, m)) > 0 })
			got := alarmsOf(t, m)[0]
			if got.Code != alarmPutBack || *got.Entries != (event.Range{First: left, Count: 10 - left}) {
				t.Errorf("got the alarm %s about %+v", got.Code, *got.Entries)
			}
		})
	}
}

func TestWhatAStoreLostIsPutBackWhileNobodyWrites(t *testing.T) {
	m := recordtest.NewMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "e", 10)
	m.Change(func(m *recordtest.Memory) { m.Entries = m.Entries[:3] })
	recordtest.AwaitThat(t, "all are there again, and an alarm", func() bool {
		_, next, _ := m.Bounds(t.Context())
		return next == 11
	})
}

func TestOfTwoReplicasWhichHaveReadDifferentAmountsBothPutBackTheirs(t *testing.T) {
	m := recordtest.NewMemory()
	a, b := running(t, m, "a"), New(Deps{
		Entries: m, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "b", Now: running(t, recordtest.NewMemory(), "x").Now, Log: recordtest.Discard,
	})
	b.mending.settleFor = 0
	a.fill(t, "e", 10)
	if err := b.readOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.fill(t, "f", 10) // b has not read these
	m.Change(func(m *recordtest.Memory) { m.Entries = m.Entries[:5] })
	if err := b.mending.mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.mustRecord(t, recordtest.About("after"))
	recordtest.AwaitThat(t, "the alarm is read, after which nothing is written", func() bool { return len(alarmsOf(t, m)) == 1 && a.Size() == 22 })
	if err := errors.Join(b.readOn(t.Context()), b.mending.mend(t.Context())); err != nil {
		t.Fatal(err)
	}
	if b.tree() != a.tree() {
		t.Error("the two have two trees")
	}
}

func TestWhatStandsInThePlaceOfWhatWasLostStopsWhoHadReadIt(t *testing.T) {
	m := recordtest.NewMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "e", 10)
	m.Change(func(m *recordtest.Memory) {
		old := &recordtest.Memory{Entries: slices.Clone(m.Entries[:5]), Batches: map[string]recordtest.MemoryBatch{}, Changed: make(chan struct{})}
		other := running(t, old, "b")
		other.mustRecord(t, recordtest.About("other"))
		m.Entries = old.CopyOf().Entries
	})
	recordtest.AwaitThat(t, "the first has stopped", func() bool { return a.Err() != nil })
	if _, err := a.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, tree.ErrForked) {
		t.Errorf("got %v, want that others stand there", err)
	}
	if len(m.Entries) != 6 {
		t.Errorf("the store has %d entries, want that nothing was put over another", len(m.Entries))
	}
}

func TestWhatNobodyHasAnyMoreStopsTheLog(t *testing.T) {
	m := recordtest.NewMemory()
	running(t, m, "a").fill(t, "e", 400)
	b := New(Deps{
		Entries: m, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "b", Now: running(t, recordtest.NewMemory(), "x").Now, Log: recordtest.Discard,
	})
	if err := b.readOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mending.recall.entries = b.mending.recall.entries[100:]
	all := m.CopyOf()
	m.Change(func(m *recordtest.Memory) { m.Entries = nil })
	if err := b.mending.mend(t.Context()); !errors.Is(err, tree.ErrRewound) || !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want that the log has stopped since entries are lost", err)
	}
	if len(m.Entries) != 0 || len(all.Entries) == 0 {
		t.Error("some were put back though not all could be")
	}
}

func TestWhatIsKeptToBePutBackIsBounded(t *testing.T) {
	var r recall
	for i := range int64(recallMost + 100) {
		r.add(entry.Entry{Number: i, Sealed: entry.Sealed{Leaf: []byte("x")}})
	}
	if _, ok := r.since(99); ok || len(r.entries) != recallMost {
		t.Errorf("%d entries are kept", len(r.entries))
	}
	if got, ok := r.since(100); !ok || got[0].Number != 100 {
		t.Errorf("from 100 on: got %d entries", len(got))
	}
	large := make([]byte, tree.MaxLeaf)
	for i := range int64(2000) {
		r.add(entry.Entry{Number: recallMost + 100 + i, Sealed: entry.Sealed{Leaf: large}})
	}
	if r.bytes > recallBytes || len(r.entries) < 500 {
		t.Errorf("%d bytes in %d entries are kept", r.bytes, len(r.entries))
	}
}

// refusing is a store that takes no batch, as if it had lost entries, until one is put back; or ever.
type refusing struct {
	*recordtest.Memory
	ever  bool
	named atomic.Bool
}

func (r *refusing) Append(ctx context.Context, b entry.Batch) (entry.Appended, error) {
	if r.ever || !r.named.Load() {
		return entry.Appended{}, tree.ErrRewound
	}
	return r.Memory.Append(ctx, b)
}

func (r *refusing) Restore(ctx context.Context, origin string, entries []entry.Entry) (int64, error) {
	r.named.Store(true)
	return r.Memory.Restore(ctx, origin, entries)
}

func TestAStoreThatRefusesEntriesThoughItHasAllIsMendedOrStopsTheLog(t *testing.T) {
	for what, ever := range map[string]bool{"its name was lost": false, "it takes none any more": true} {
		t.Run(what, func(t *testing.T) {
			m := &refusing{Memory: recordtest.NewMemory(), ever: ever}
			before := running(t, m.Memory, "before")
			before.fill(t, "e", 3)
			a := running(t, m, "a")
			recordtest.AwaitThat(t, "it has read all", func() bool { return a.Size() == 3 })
			_, err := a.Record(t.Context(), recordtest.Intent("x"))
			if got := errors.Is(err, ErrStopped); got != ever || !ever && err != nil {
				t.Errorf("got %v, want that it stops: %v", err, ever)
			}
			if errors.Is(err, ErrUnsure) || m.Marked() {
				t.Errorf("got %v, marked %v, want that nothing was written, and no mark", err, m.Marked())
			}
		})
	}
}

func TestWhoWritesDoesNotWaitUntilAnotherHasPutAllBack(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	l.fill(t, "e", 3)
	l.writer.within = 10 * time.Millisecond
	l.mending.turn <- struct{}{} // somebody puts entries back
	m.Change(func(m *recordtest.Memory) { m.OnAppend = func(entry.Batch) error { return tree.ErrRewound } })
	if _, err := l.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnsure) {
		t.Errorf("got %v, want that it has waited long enough, and nothing was written", err)
	}
	l.mending.turn.end()
}
