package record

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// alarmsOf are the alarms on the record, with what they are about.
func alarmsOf(t *testing.T, m *memory) (out []event.AlarmData) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries[m.trimmed:] {
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
	for what, lose := range map[string]func(m *memory){
		"nothing is left":         func(m *memory) { m.entries, m.batches = nil, map[string]memoryBatch{} },
		"the newest is gone":      func(m *memory) { m.entries = m.entries[:len(m.entries)-1] },
		"all but the first":       func(m *memory) { m.entries = m.entries[:1] },
		"batches are known still": func(m *memory) { m.entries = m.entries[:5] },
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			a, b := running(t, m, "a"), running(t, m, "b")
			for i := range 5 {
				a.mustRecord(t, about(fmt.Sprintf("a%d", i)))
				b.mustRecord(t, about(fmt.Sprintf("b%d", i)))
			}
			awaitThat(t, "both have read all", func() bool { return a.Size() == 10 && b.Size() == 10 })
			was := slices.Clone(m.entries)
			m.change(lose)
			left := int64(len(m.entries))
			a.mustRecord(t, intent("a"))
			b.mustRecord(t, intent("b"))
			for i, e := range was {
				if got := m.entries[i]; got.ID != e.ID || string(got.Leaf) != string(e.Leaf) || got.MACs != e.MACs {
					t.Errorf("entry %d is %s, and was %s", i, got.ID, e.ID)
				}
			}
			awaitThat(t, "an alarm is on the record", func() bool { return len(alarmsOf(t, m)) > 0 })
			got := alarmsOf(t, m)[0]
			if got.Code != alarmPutBack || *got.Entries != (event.Range{First: left, Count: 10 - left}) {
				t.Errorf("got the alarm %s about %+v", got.Code, *got.Entries)
			}
		})
	}
}

func TestWhatAStoreLostIsPutBackWhileNobodyWrites(t *testing.T) {
	m := newMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "e", 10)
	m.change(func(m *memory) { m.entries = m.entries[:3] })
	awaitThat(t, "all are there again, and an alarm", func() bool {
		_, next, _ := m.Bounds(t.Context())
		return next == 11
	})
}

func TestOfTwoReplicasWhichHaveReadDifferentAmountsBothPutBackTheirs(t *testing.T) {
	m := newMemory()
	a, b := running(t, m, "a"), New(Deps{Entries: m, Keys: testKeys("k1"), Origin: origin, Replica: "b", Now: running(t, newMemory(), "x").Now, Log: discard})
	b.settleFor = 0
	a.fill(t, "e", 10)
	if err := b.readOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.fill(t, "f", 10) // b has not read these
	m.change(func(m *memory) { m.entries = m.entries[:5] })
	if err := b.mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.mustRecord(t, about("after"))
	if err := errors.Join(b.readOn(t.Context()), b.mend(t.Context())); err != nil {
		t.Fatal(err)
	}
	if b.tree() != a.tree() {
		t.Error("the two have two trees")
	}
}

func TestWhatStandsInThePlaceOfWhatWasLostStopsWhoHadReadIt(t *testing.T) {
	m := newMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "e", 10)
	m.change(func(m *memory) {
		old := &memory{entries: slices.Clone(m.entries[:5]), batches: map[string]memoryBatch{}, changed: make(chan struct{})}
		other := running(t, old, "b")
		other.mustRecord(t, about("other"))
		m.entries = old.copyOf().entries
	})
	awaitThat(t, "the first has stopped", func() bool { return a.Err() != nil })
	if _, err := a.Record(t.Context(), intent("x")); !errors.Is(err, tree.ErrForked) {
		t.Errorf("got %v, want that others stand there", err)
	}
	if len(m.entries) != 6 {
		t.Errorf("the store has %d entries, want that nothing was put over another", len(m.entries))
	}
}

func TestWhatNobodyHasAnyMoreStopsTheLog(t *testing.T) {
	m := newMemory()
	running(t, m, "a").fill(t, "e", 400)
	b := New(Deps{Entries: m, Keys: testKeys("k1"), Origin: origin, Replica: "b", Now: running(t, newMemory(), "x").Now, Log: discard})
	if err := b.readOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.recall.entries = b.recall.entries[100:]
	all := m.copyOf()
	m.change(func(m *memory) { m.entries = nil })
	if err := b.mend(t.Context()); !errors.Is(err, tree.ErrRewound) || !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want that the log has stopped since entries are lost", err)
	}
	if len(m.entries) != 0 || len(all.entries) == 0 {
		t.Error("some were put back though not all could be")
	}
}

func TestWhatIsKeptToBePutBackIsBounded(t *testing.T) {
	var r recall
	for i := range int64(recallMost + 100) {
		r.add(Entry{Number: i, Sealed: Sealed{Leaf: []byte("x")}})
	}
	if _, ok := r.since(99); ok || len(r.entries) != recallMost {
		t.Errorf("%d entries are kept", len(r.entries))
	}
	if got, ok := r.since(100); !ok || got[0].Number != 100 {
		t.Errorf("from 100 on: got %d entries", len(got))
	}
	large := make([]byte, tree.MaxLeaf)
	for i := range int64(2000) {
		r.add(Entry{Number: recallMost + 100 + i, Sealed: Sealed{Leaf: large}})
	}
	if r.bytes > recallBytes || len(r.entries) < 500 {
		t.Errorf("%d bytes in %d entries are kept", r.bytes, len(r.entries))
	}
}
