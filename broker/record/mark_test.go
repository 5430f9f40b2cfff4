package record

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/tree"
)

// forgetAll has l forget the entries that it could put back.
func (l testLog) forgetAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recall = recall{}
}

// back has the store fall back to fewer entries.
func (m *memory) back(to int) {
	m.change(func(m *memory) {
		m.entries = slices.Clone(m.entries[:to])
		clear(m.batches)
	})
}

func (m *memory) marked() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mark != nil
}

func TestAReplicaThatReadLessStopsForWhatAnotherHasRead(t *testing.T) {
	m := newMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "a", 10)
	a.forgetAll()
	m.back(7)
	awaitThat(t, "a replica has stopped and said so", m.marked)
	b := running(t, m, "b")
	_, err := b.Record(t.Context(), intent("x"))
	if !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnsure) {
		t.Errorf("got %v, want that it has stopped and wrote nothing", err)
	}
	if err == nil || !strings.Contains(err.Error(), `"a", which had read 10 entries`) || !strings.Contains(err.Error(), "from 7 to 9 are lost") {
		t.Errorf("got %v, want what the other one saw", err)
	}
	if got := len(m.ids(t)); got != 7 {
		t.Errorf("got %d entries, want 7", got)
	}
}

func TestAReplicaStopsForOneThatHadReadOtherEntries(t *testing.T) {
	m := newMemory()
	a := running(t, m, "a")
	a.fill(t, "a", 10)
	m.back(7)
	b := running(t, m, "b")
	b.mustRecord(t, about("instead"))
	if _, err := a.Record(t.Context(), about("more")); !errors.Is(err, tree.ErrForked) {
		t.Fatalf("got %v, want that it sees the other entry", err)
	}
	awaitThat(t, "it said so", m.marked)
	if _, err := b.Record(t.Context(), intent("x")); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want that the other one stops too", err)
	}
}

func TestAReplicaThatHasWhatAnotherMissesPutsItBackAndTakesTheMarkAway(t *testing.T) {
	m := newMemory()
	a, b := runningBeside(t, m, nil, "a", true), running(t, m, "b")
	b.fill(t, "b", 10)
	awaitThat(t, "both have read all", func() bool { return a.Size() == 10 && b.Size() == 10 })
	a.forgetAll()
	b.mending.Lock() // it does not look yet
	m.back(7)
	awaitThat(t, "a replica has stopped and said so", m.marked)
	b.mending.Unlock()
	b.mustRecord(t, about("more"))
	if got := len(m.ids(t)); got < 11 || b.Err() != nil || m.marked() {
		t.Errorf("got %d entries, %v, marked %v, want that they are there and nobody is told to stop", got, b.Err(), m.marked())
	}
	if a.Err() == nil {
		t.Error("who has stopped goes on")
	}
}

func TestAMarkThatIsLostIsLeftAgain(t *testing.T) {
	m := newMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "a", 10)
	a.forgetAll()
	m.back(7)
	awaitThat(t, "it has said so", m.marked)
	m.change(func(m *memory) { m.mark = nil })
	awaitThat(t, "it has said so again", m.marked)
}

func TestAMarkThatNoReplicaOfThisLogLeftStopsNobody(t *testing.T) {
	sealed := func(keys Keys, of string) []byte {
		data, err := mark{Origin: of, Size: 10, Root: make([]byte, RootSize), Why: "x"}.seal(keys)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for what, tc := range map[string]struct {
		mark   []byte
		forged bool
	}{
		"junk":           {[]byte("x"), true},
		"another key's":  {sealed(testKeys("k2"), origin), true},
		"too long":       {make([]byte, MaxMark+1), true},
		"of another log": {sealed(testKeys("k1"), origin+"/2"), false},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			m.mark = tc.mark
			a := running(t, m, "a")
			a.mustRecord(t, intent("x"))
			a.mustRecord(t, about("more"))
			if tc.forged {
				awaitThat(t, "an alarm says so", func() bool { return slices.Contains(codesOf(t, m), alarmForged) })
			} else if got := codesOf(t, m); got != nil {
				t.Errorf("got the alarms %q, want none", got)
			}
		})
	}
}

// TestWhatEveryReaderSeesIsNotMarked has one replica whose keys are not those of the others.
func TestWhatEveryReaderSeesIsNotMarked(t *testing.T) {
	m := newMemory()
	a := running(t, m, "a")
	a.fill(t, "a", 3)
	b := New(Deps{Entries: m, Keys: testKeys("k2"), Origin: origin, Replica: "b", Now: time.Now, Log: discard})
	if err := b.readOn(t.Context()); !errors.Is(err, ErrStopped) {
		t.Fatalf("got %v, want that it stops", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	b.afterStop(ctx)
	a.mustRecord(t, about("more"))
	if m.marked() {
		t.Error("a replica of other keys stops all others")
	}
}
