package record

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// forgetAll has l forget the entries that it could put back.
func (l testLog) forgetAll() {
	r := &l.mending.recall
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries, r.bytes = nil, 0
}

func TestAReplicaThatReadLessStopsForWhatAnotherHasRead(t *testing.T) {
	m := recordtest.NewMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "a", 10)
	a.forgetAll()
	m.Back(7)
	recordtest.AwaitThat(t, "a replica has stopped and said so", m.Marked)
	b := running(t, m, "b")
	_, err := b.Record(t.Context(), recordtest.Intent("x"))
	if !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnsure) {
		t.Errorf("got %v, want that it has stopped and wrote nothing", err)
	}
	if err == nil || !strings.Contains(err.Error(), `"a", which had read 10 entries`) || !strings.Contains(err.Error(), "from 7 to 9 are lost") {
		t.Errorf("got %v, want what the other one saw", err)
	}
	if got := len(m.Kinds(t)); got != 7 {
		t.Errorf("got %d entries, want 7", got)
	}
}

func TestAReplicaStopsForOneThatHadReadOtherEntries(t *testing.T) {
	m := recordtest.NewMemory()
	a := running(t, m, "a")
	a.fill(t, "a", 10)
	m.Back(7)
	b := running(t, m, "b")
	b.mustRecord(t, recordtest.About("instead"))
	if _, err := a.Record(t.Context(), recordtest.About("more")); !errors.Is(err, tree.ErrForked) {
		t.Fatalf("got %v, want that it sees the other entry", err)
	}
	recordtest.AwaitThat(t, "it said so", m.Marked)
	if _, err := b.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want that the other one stops too", err)
	}
}

// mended is a store in which a replica had stopped for entries that another one put back. It
// returns both, and the mark that the first had left.
func mended(t *testing.T, m *recordtest.Memory) (a, b testLog, mark []byte) {
	t.Helper()
	a, b = runningBeside(t, m, nil, "a", true), running(t, m, "b")
	b.fill(t, "b", 10)
	recordtest.AwaitThat(t, "both have read all", func() bool { return a.Size() == 10 && b.Size() == 10 })
	a.forgetAll()
	b.mending.turn <- struct{}{} // it does not look yet
	m.Back(7)
	recordtest.AwaitThat(t, "a replica has stopped and said so", m.Marked)
	m.Change(func(m *recordtest.Memory) { mark = m.Left })
	b.mending.turn.end()
	b.mustRecord(t, recordtest.About("more"))
	if b.Err() != nil || m.Marked() {
		t.Fatalf("got %v, marked %v, want that it is settled", b.Err(), m.Marked())
	}
	return a, b, mark
}

func TestAReplicaThatHasWhatAnotherMissesPutsItBackAndTakesTheMarkAway(t *testing.T) {
	m := recordtest.NewMemory()
	a, b, _ := mended(t, m)
	if got := len(m.Kinds(t)); got < 11 || b.Err() != nil {
		t.Errorf("got %d entries, %v, want that they are there", got, b.Err())
	}
	if a.Err() == nil {
		t.Error("who has stopped goes on")
	}
}

func TestWhatWasPutBackAndLetGoOfIsNotMarkedAgain(t *testing.T) {
	m := recordtest.NewMemory()
	a, b, _ := mended(t, m)
	b.fill(t, "later", entry.Window+100)
	m.Change(func(m *recordtest.Memory) { m.Trimmed = 50 })
	var d *entry.Disagreement
	if !errors.As(a.Err(), &d) {
		t.Fatal(a.Err())
	}
	if settled, err := a.marks.leave(t.Context(), d); !settled || err != nil {
		t.Errorf("got %v, %v, want that it is settled", settled, err)
	}
	b.mustRecord(t, recordtest.Intent("x"))
}

func TestEntriesInThePlaceOfLostOnesAreMarked(t *testing.T) {
	m := recordtest.NewMemory()
	a := running(t, m, "a")
	a.fill(t, "a", 10)
	d := &entry.Disagreement{Err: tree.ErrRewound, Tree: a.tree(), First: 7, Lost: true}
	a.mending.turn <- struct{}{} // it does not look itself
	defer a.mending.turn.end()
	m.Back(7)
	running(t, m, "b").fill(t, "b", 3)
	if settled, err := a.marks.leave(t.Context(), d); settled || err != nil || !m.Marked() {
		t.Errorf("got %v, %v, marked %v, want a mark", settled, err, m.Marked())
	}
}

func TestAMarkThatWasSettledLongAgoIsSettledAgain(t *testing.T) {
	m := recordtest.NewMemory()
	_, b, old := mended(t, m)
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	b.marks.readTiles(s.Tiles) // as Begin does
	p := publisher(s, b, key)
	b.fill(t, "later", entry.Window+10)
	for range 3 {
		mustPublish(t, p)
	}
	m.Change(func(m *recordtest.Memory) { m.Left, m.Trimmed = old, 20 })
	b.mustRecord(t, recordtest.About("x"))
	if m.Marked() {
		t.Error("the mark is still there")
	}
	c := New(Deps{Entries: m, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "c", Now: time.Now, Log: recordtest.Discard})
	if err := c.Begin(t.Context(), s, recordtest.PublicKeys(t, key)); err != nil {
		t.Fatal(err)
	}
	m.Change(func(m *recordtest.Memory) { m.Left = old })
	if err := c.marks.heed(t.Context()); err != nil || m.Marked() {
		t.Errorf("who begins to read after it: got %v, marked %v", err, m.Marked())
	}
	other, err := mark{Origin: recordtest.Origin, Size: 10, Root: make([]byte, entry.RootSize), Lost: true, Why: "x"}.seal(recordtest.Keys("k1"))
	if err != nil {
		t.Fatal(err)
	}
	m.Change(func(m *recordtest.Memory) { m.Left = other })
	if err := c.marks.heed(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("a mark of other entries: got %v, want that it stops", err)
	}
}

func TestAMarkThatIsLostIsLeftAgain(t *testing.T) {
	m := recordtest.NewMemory()
	a := runningBeside(t, m, nil, "a", true)
	a.fill(t, "a", 10)
	a.forgetAll()
	m.Back(7)
	recordtest.AwaitThat(t, "it has said so", m.Marked)
	m.Change(func(m *recordtest.Memory) { m.Left = nil })
	recordtest.AwaitThat(t, "it has said so again", m.Marked)
}

func TestAMarkThatNoReplicaOfThisLogLeftStopsNobody(t *testing.T) {
	sealed := func(keys entry.Keys, of string) []byte {
		data, err := mark{Origin: of, Size: 10, Root: make([]byte, entry.RootSize), Why: "x"}.seal(keys)
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
		"another key's":  {sealed(recordtest.Keys("k2"), recordtest.Origin), true},
		"too long":       {make([]byte, entry.MaxMark+1), true},
		"of another log": {sealed(recordtest.Keys("k1"), recordtest.Origin+"/2"), false},
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			m.Left = tc.mark
			a := running(t, m, "a")
			a.mustRecord(t, recordtest.Intent("x"))
			a.mustRecord(t, recordtest.About("more"))
			if tc.forged {
				recordtest.AwaitThat(t, "an alarm says so", func() bool { return slices.Contains(codesOf(t, m), alarmForged) })
			} else if got := codesOf(t, m); got != nil {
				t.Errorf("got the alarms %q, want none", got)
			}
		})
	}
}

// TestWhatEveryReaderSeesIsNotMarked has one replica whose keys are not those of the others.
func TestWhatEveryReaderSeesIsNotMarked(t *testing.T) {
	m := recordtest.NewMemory()
	a := running(t, m, "a")
	a.fill(t, "a", 3)
	b := New(Deps{Entries: m, Keys: recordtest.Keys("k2"), Origin: recordtest.Origin, Replica: "b", Now: time.Now, Log: recordtest.Discard})
	if err := b.readOn(t.Context()); !errors.Is(err, ErrStopped) {
		t.Fatalf("got %v, want that it stops", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	b.marks.afterStop(ctx, time.Second)
	a.mustRecord(t, recordtest.About("more"))
	if m.Marked() {
		t.Error("a replica of other keys stops all others")
	}
}
