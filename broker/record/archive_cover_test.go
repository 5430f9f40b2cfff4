package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// require has the archive required.
func (s *site) require() { s.archiver.Required, s.archiver.required = true, true }

// run publishes and archives, at once, until the test ends.
func (s *site) run(t *testing.T, publishes, archives bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	if publishes {
		s.Eager = true
		done.Go(func() { s.Publisher.Run(ctx) })
	}
	if archives {
		done.Go(func() { s.archiver.Run(ctx) })
	}
	t.Cleanup(func() { cancel(); done.Wait() })
}

func TestAnOutcomeIsArchivedBeforeAnybodySeesWhatItIsAbout(t *testing.T) {
	a := newSite(t)
	b, c := a.other(t, "b"), a.other(t, "c")
	for _, s := range []*site{a, b, c} {
		s.require()
	}
	a.run(t, true, false) // one publishes, another archives, a third waits
	b.run(t, false, true)
	for i := range 3 {
		c.mustRecord(t, recordtest.Intent(fmt.Sprint(i)))
		n := c.mustRecord(t, recordtest.Granted(fmt.Sprint(i))).Number
		if err := c.archiver.Covered(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if got := c.archiver.Archive.Size(); got <= n {
			t.Errorf("the archive has %d entries, want more than %d", got, n)
		}
	}
}

func TestWithoutARequiredArchiveNobodyWaits(t *testing.T) {
	s := newSite(t)
	n := s.mustRecord(t, recordtest.Granted("x")).Number
	if err := s.archiver.Covered(t.Context(), n); err != nil || s.o.calls != 0 {
		t.Errorf("got %v, and the archive was asked %d times", err, s.o.calls)
	}
}

func TestARequiredArchiveThatDoesNotFollowIsWaitedForAWhile(t *testing.T) {
	s := newSite(t)
	s.require()
	n := s.mustRecord(t, recordtest.Granted("x")).Number
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.archiver.Covered(ctx, n); !errors.Is(err, ErrNotArchived) {
		t.Errorf("got %v, want that it is not archived", err)
	}
}

func TestWhileARequiredArchiveDoesNotFollowNothingIsGiven(t *testing.T) {
	s := newSite(t)
	s.require()
	s.fill(t, "e", 5)
	s.mustPublish(t)
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	s.o.away = true
	s.fill(t, "f", 5)
	s.archiver.watch(t.Context())
	s.mustRecord(t, recordtest.Intent("at-once"))
	s.clock.Pass(archivedWithin)
	s.archiver.watch(t.Context())
	if _, err := s.Record(t.Context(), recordtest.Intent("y")); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that nothing is given", err)
	}
	s.mustRecord(t, recordtest.About("refused")) // what gives nothing is taken
	s.o.away = false
	s.mustPublish(t)
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	s.archiver.watch(t.Context())
	s.mustRecord(t, recordtest.Intent("z"))
}

func TestARequiredArchiveThatDoesNotAnswerHoldsAReplicaThatStarts(t *testing.T) {
	s := newSite(t)
	s.require()
	s.o.away = true
	if err := s.archiver.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that nothing is given", err)
	}
	s.o.away = false
	s.archiver.watch(t.Context())
	s.mustRecord(t, recordtest.Intent("y"))
}

func TestARequiredArchiveThatIsAwayIsAnAlarmOnceTheStoreIsHalfFull(t *testing.T) {
	s := newSite(t)
	used := int64(49)
	s.archiver.Memory = func(context.Context) (int64, int64, error) { return used, 100, nil }
	fail := func(want ...string) {
		t.Helper()
		_ = s.archiver.failed(t.Context(), errAway)
		var got []string
		for _, d := range alarmsOf(t, s.m) {
			got = append(got, d.Code)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("at %d of 100: got alarms %q, want %q", used, got, want)
		}
	}
	used = 50
	fail() // it is not required
	s.require()
	used = 49
	fail()
	used = 50
	fail(alarmMemory)
	used = 90
	fail(alarmMemory)
}

// TestARecordThatIsInTheArchiveAloneGoesOn flushes the store while no replica runs.
func TestARecordThatIsInTheArchiveAloneGoesOn(t *testing.T) {
	s := newSite(t)
	block := recordtest.About("b1")
	block.Data = blockOf("UBOB")
	s.mustRecord(t, block)
	for day := range 4 {
		s.fill(t, fmt.Sprintf("d%d", day), 300)
		for range 2 {
			s.mustPublish(t)
		}
		s.clock.Pass(24 * time.Hour)
	}
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	size := s.o.size(t, s)

	m := recordtest.NewMemory() // all is gone
	b := siteOn(t, m, recordtest.NewShelf(m), s.key, s.o, "b")
	if err := b.archiver.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	recordtest.AwaitThat(t, "it has read the archive", func() bool { return b.Size() >= size })
	b.mustRecord(t, recordtest.Intent("x"))
	b.mustPublish(t)
	if err := b.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	if order, _ := b.Orders("UBOB"); order == nil {
		t.Error("the block is gone")
	}
	if _, next, _ := m.Bounds(t.Context()); next != size+2 { // with the alarm
		t.Errorf("the store has entries up to %d, want %d", next, size+2)
	}
	later := New(Deps{
		Entries: m, Archive: b.archiver.Archive, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "later", Now: b.clock.Now, Log: recordtest.Discard,
	})
	if err := errors.Join(later.Begin(t.Context(), b.s, b.archiver.Archive.Keys), later.readOn(t.Context())); err != nil {
		t.Errorf("a replica that starts then: %v", err)
	}
	if later.tree() != b.tree() {
		t.Error("it has another tree")
	}
}

// TestWhatAStoreLostWhileNoReplicaRanComesFromTheArchive has the store lag, as after a
// fail-over, and a checkpoint of before beside it.
func TestWhatAStoreLostWhileNoReplicaRanComesFromTheArchive(t *testing.T) {
	s := newSite(t)
	s.fill(t, "e", 3)
	s.mustPublish(t)
	m, lagging := s.m.CopyOf(), recordtest.NewShelf(nil)
	lagging.Published = s.s.Published
	maps.Copy(lagging.Kept, s.s.Kept)
	s.fill(t, "f", 2)
	s.mustPublish(t)
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	size := s.o.size(t, s)

	lagging.M = m
	archive := archive.New(s.o, s.archiver.Archive.Keys, recordtest.Origin)
	once := New(Deps{
		Entries: m, Archive: archive, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "once", Now: s.clock.Now, Log: recordtest.Discard,
	})
	if err := errors.Join(once.Begin(t.Context(), lagging, archive.Keys), once.readOn(t.Context())); err != nil || once.Size() != size {
		t.Errorf("who reads once has %d entries, %v, want %d", once.Size(), err, size)
	}
	b := siteOn(t, m, lagging, s.key, s.o, "b")
	if err := b.archiver.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mustRecord(t, recordtest.Intent("x"))
	recordtest.AwaitThat(t, "an alarm tells of it", func() bool { return len(alarmsOf(t, m)) == 1 })
	if alarm := alarmsOf(t, m)[0]; alarm.Code != alarmPutBack || alarm.Entries.First+alarm.Entries.Count != size {
		t.Errorf("got the alarm %+v, want that what the archive had was put back", alarm)
	}
	b.mustPublish(t)
	if err := b.copyOnce(t); err != nil {
		t.Fatal(err)
	}
}

// TestARecordOfWhichTheStoreLostAllGoesOnWithItsArchive flushes it below running replicas,
// after old entries were let go.
func TestARecordOfWhichTheStoreLostAllGoesOnWithItsArchive(t *testing.T) {
	s := newSite(t)
	for day, count := range fullDays {
		s.fill(t, fmt.Sprintf("d%d", day), count)
		for range 2 {
			s.mustPublish(t)
			if err := s.copyOnce(t); err != nil {
				t.Fatal(err)
			}
		}
		s.clock.Pass(24 * time.Hour)
	}
	if s.m.Trimmed == 0 {
		t.Fatal("nothing was let go")
	}
	s.mending.recall.entries = s.mending.recall.entries[700:]
	s.mustRecord(t, recordtest.About("not-archived"))
	was := s.tree()
	s.m.Change(func(m *recordtest.Memory) {
		m.Entries, m.Trimmed, m.Batches = nil, 0, map[string]recordtest.MemoryBatch{}
	})
	s.s.Published, s.s.Kept = nil, map[string][]byte{}
	s.mustRecord(t, recordtest.Intent("x"))
	s.mustPublish(t)
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	c := recordtest.Newest(t, s.s, s.key)
	if _, err := tree.ProveConsistency(was, c.Tree(), tree.HashReader(t.Context(), c.Tree(), s.Store.Tiles)); err != nil {
		t.Error(err)
	}
	later := New(Deps{
		Entries: s.m, Archive: s.archiver.Archive, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "later",
		Now: s.clock.Now, Log: recordtest.Discard,
	})
	if err := errors.Join(later.Begin(t.Context(), s.s, s.archiver.Archive.Keys), later.readOn(t.Context())); err != nil {
		t.Errorf("a replica that starts then: %v", err)
	}
}

func TestAnArchiveThatIsAheadOfTheStoreStopsWhoCannotReadIt(t *testing.T) {
	s := newSite(t)
	s.fill(t, "e", 40)
	s.mustPublish(t)
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	delete(s.o.kept, "seals/000.p/40")
	m := recordtest.NewMemory()
	b := siteOn(t, m, recordtest.NewShelf(m), s.key, s.o, "b")
	if err := b.archiver.Ask(t.Context()); !errors.Is(err, tree.ErrRewound) {
		t.Errorf("got %v, want that the record went back", err)
	}
	if _, err := b.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrStopped) {
		t.Errorf("an intent: got %v", err)
	}
}
