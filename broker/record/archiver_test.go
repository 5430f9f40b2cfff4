package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

var errAway = errors.New("away")

// objects are an archive in memory, which may fail at a call: before it has an effect, or
// after it, as an answer that was lost.
type objects struct {
	mu     sync.Mutex
	kept   map[string][]byte
	calls  int
	failAt int // 0: never
	after  bool
	away   bool
}

func (o *objects) call(do func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	if o.away || o.calls == o.failAt && !o.after {
		return errAway
	}
	err := do()
	if o.calls == o.failAt {
		return errAway
	}
	return err
}

func (o *objects) Create(_ context.Context, path string, data []byte) error {
	if _, err := archive.CheckCreate(path, data); err != nil {
		return err
	}
	return o.call(func() error {
		if was, ok := o.kept[path]; ok && !bytes.Equal(was, data) {
			return archive.ErrOtherBytes
		}
		o.kept[path] = data
		return nil
	})
}

func (o *objects) Read(_ context.Context, path string) (data []byte, err error) {
	if _, err := archive.KindOf(path); err != nil {
		return nil, err
	}
	err = o.call(func() error {
		var ok bool
		if data, ok = o.kept[path]; !ok {
			return archive.ErrNoObject
		}
		return nil
	})
	return data, err
}

func (o *objects) Replace(_ context.Context, path string, was, data []byte) error {
	if err := archive.CheckReplace(path, data); err != nil {
		return err
	}
	return o.call(func() error {
		if now := o.kept[path]; !bytes.Equal(now, was) && !bytes.Equal(now, data) {
			return archive.ErrChanged
		}
		o.kept[path] = data
		return nil
	})
}

func (o *objects) Delete(_ context.Context, path string) error {
	if err := archive.CheckDelete(path); err != nil {
		return err
	}
	return o.call(func() error { delete(o.kept, path); return nil })
}

// A site is one replica's part in a record with an archive.
type site struct {
	testLog
	m        *recordtest.Memory
	s        *recordtest.Shelf
	key      *tree.Signer
	o        *objects
	archiver *Archiver
	*Publisher
}

func newSite(t *testing.T) *site {
	t.Helper()
	m := recordtest.NewMemory()
	return siteOn(t, m, recordtest.NewShelf(m), recordtest.Signer(t), &objects{kept: map[string][]byte{}}, "a")
}

func siteOn(t *testing.T, m *recordtest.Memory, s *recordtest.Shelf, key *tree.Signer, o *objects, replica string) *site {
	t.Helper()
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	kept := archive.New(o, keys, recordtest.Origin)
	l := runningBeside(t, m, kept, replica, false)
	a := NewArchiver(ArchiverDeps{
		Log:     l.Log,
		Store:   s,
		Archive: kept,
		Leases:  s,
		Memory:  func(context.Context) (int64, int64, error) { return 0, 0, nil },
		Out:     recordtest.Discard,
	})
	p := publisher(s, l, key).with(func(d *PublisherDeps) { d.Archive, d.Needed = kept, a.Needed })
	return &site{l, m, s, key, o, a, p}
}

// other is another replica, on the same store and archive.
func (s *site) other(t *testing.T, replica string) *site {
	t.Helper()
	return siteOn(t, s.m, s.s, s.key, s.o, replica)
}

func (s *site) copyOnce(t *testing.T) error {
	t.Helper()
	return s.archiver.lease.Do(t.Context(), s.archiver.Copy)
}

func (s *site) mustPublish(t *testing.T) {
	t.Helper()
	if err := publish(t, s.Publisher); err != nil {
		t.Fatal(err)
	}
}

// said is an Event with free text.
func said(id string) event.Event {
	e := recordtest.About(id)
	e.Data = event.IntentData{Act: event.Act{Attempt: id, Account: "prod", Reason: event.NewText("because of " + id)}}
	return e
}

// wantArchived wants that the archive has just what was published, all of it right.
func (s *site) wantArchived(t *testing.T) {
	t.Helper()
	c := recordtest.Newest(t, s.s, s.key)
	if got := s.o.kept[archive.CheckpointPath]; !bytes.Equal(got, c.Note) {
		t.Fatalf("the archive's checkpoint is %q, want %q", got, c.Note)
	}
	keys, err := s.key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	source, err := audit.FromArchive(t.Context(), s.o)
	if err != nil {
		t.Fatal(err)
	}
	v, err := audit.Verify(t.Context(), audit.Verification{Source: source, Keys: keys})
	if err != nil || len(v.Findings) != 0 || v.Signed != c.Size {
		t.Errorf("got %d entries that are right, %v, %v, want %d", v.Signed, v.Findings, err, c.Size)
	}
	kept := archive.New(s.o, keys, recordtest.Origin)
	if _, err := kept.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := int64(0); n < c.Size; {
		some, err := kept.Entries(t.Context(), n, 1000)
		if err != nil || len(some) == 0 {
			t.Fatalf("entry %d: %v", n, err)
		}
		for _, e := range some {
			if want := s.m.Entries[n]; e.Number != n || e.Check(recordtest.Keys("k1"), recordtest.Origin) != nil || e.ID != want.ID || e.After != want.After {
				t.Fatalf("entry %d is not the one that was written", n)
			}
			if want := s.m.Entries[n].Aside; want != nil && !bytes.Equal(s.o.kept[archive.AsidePath(n)], want) {
				t.Errorf("the free text of entry %d is not there", n)
			}
			n++
		}
	}
}

func TestAnArchiveHasAllThatIsPublished(t *testing.T) {
	s := newSite(t)
	for i, count := range []int{1, 3, 251, 1, 300, 700} {
		s.mustRecord(t, said(fmt.Sprintf("s%d", i)))
		s.fill(t, fmt.Sprintf("e%d", i), count)
		s.mustPublish(t)
		if err := s.copyOnce(t); err != nil {
			t.Fatal(err)
		}
		s.wantArchived(t)
	}
	for path := range s.o.kept {
		tile, err := tree.ParseTilePath(archive.PathOfTile(path))
		if err == nil && tile.W < tree.TileWidth && s.Size()>>(tree.TileHeight*max(tile.L, 0)) >= (tile.N+1)*tree.TileWidth {
			t.Errorf("%s is there still, and the full one too", path)
		}
	}
	for path := range s.s.Kept {
		if tile, err := tree.ParseTilePath(path); err != nil || tile.W == tree.TileWidth {
			t.Errorf("the store still has %s", path)
		}
	}
	s.fill(t, "more", 10) // readers find the tiles that the store let go of
	s.mustPublish(t)
	newest := recordtest.Newest(t, s.s, s.key)
	if _, err := tree.Prove(5, newest, tree.HashReader(t.Context(), newest.Tree(), s.Store.Tiles)); err != nil {
		t.Error(err)
	}
}

// TestAnArchiverThatIsKilledAnywhereLeavesNothingWrong fails at each call in turn, before or
// after it has an effect, and has another replica go on.
func TestAnArchiverThatIsKilledAnywhereLeavesNothingWrong(t *testing.T) {
	s := newSite(t)
	s.fill(t, "e", 200)
	s.mustPublish(t)
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	kept, tiles := maps.Clone(s.o.kept), maps.Clone(s.s.Kept)
	s.mustRecord(t, said("s"))
	s.fill(t, "f", 100)
	s.mustPublish(t)
	maps.Copy(tiles, s.s.Kept)
	for _, after := range []bool{false, true} {
		for failAt, over := 1, false; !over; failAt++ {
			s.s.Kept = maps.Clone(tiles)
			o := &objects{kept: maps.Clone(kept), failAt: failAt, after: after}
			dying := siteOn(t, s.m, s.s, s.key, o, fmt.Sprintf("dying-%t-%d", after, failAt))
			recordtest.AwaitThat(t, "it has read all", func() bool { return dying.Size() == s.Size() })
			over = dying.copyOnce(t) == nil
			o.failAt = 0
			next := dying.other(t, "next")
			recordtest.AwaitThat(t, "it has read all", func() bool { return next.Size() == s.Size() })
			for range 2 { // what it is answered twice is the same
				if err := next.copyOnce(t); err != nil {
					t.Fatalf("killed at call %d, the next one: %v", failAt, err)
				}
			}
			next.wantArchived(t)
		}
	}
}

func TestTwoArchiversAtOnceWriteTheSame(t *testing.T) {
	s := newSite(t)
	s.fill(t, "e", 600)
	s.mustRecord(t, said("s"))
	s.mustPublish(t)
	var both sync.WaitGroup
	for i := range 2 {
		other := s.other(t, fmt.Sprintf("r%d", i))
		recordtest.AwaitThat(t, "it has read all", func() bool { return other.Size() == s.Size() })
		both.Go(func() {
			// Each believes that it has the lease.
			alone := lease.New(recordtest.NewShelf(nil), archiveLease, time.Minute, recordtest.Discard)
			if err := alone.Do(t.Context(), other.archiver.Copy); err != nil && !errors.Is(err, lease.ErrLost) {
				t.Error(err)
			}
		})
	}
	both.Wait()
	s.wantArchived(t)
}

func TestOtherBytesInTheArchiveAreAnAlarmOnceAndEndArchiving(t *testing.T) {
	s := newSite(t)
	s.fill(t, "e", 300)
	s.mustPublish(t)
	s.o.kept["tile/entries/000"] = []byte("somebody else's")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.archiver.Run(ctx) }()
	recordtest.AwaitThat(t, "the alarm is on the record", func() bool { return len(alarmsOf(t, s.m)) > 0 })
	s.mustRecord(t, recordtest.Intent("x")) // the bot goes on
	cancel()
	<-done
	if got := alarmsOf(t, s.m); len(got) != 1 || got[0].Code != alarmArchive {
		t.Errorf("got alarms %+v", got)
	}
	if s.o.kept[archive.CheckpointPath] != nil {
		t.Error("a checkpoint was archived all the same")
	}
}

func TestAnArchiveOfAnotherRecordIsNeverWrittenTo(t *testing.T) {
	other := newSite(t)
	other.fill(t, "e", 20)
	other.mustPublish(t)
	if err := other.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	m := recordtest.NewMemory()
	s := siteOn(t, m, recordtest.NewShelf(m), recordtest.Signer(t), other.o, "a")
	s.fill(t, "e", 30)
	s.mustPublish2(t)
	was := maps.Clone(s.o.kept)
	if err := s.copyOnce(t); !errors.Is(err, archive.ErrOther) || len(was) != len(s.o.kept) {
		t.Errorf("got %v, want that it is another's", err)
	}
}

// mustPublish2 publishes without asking the archive.
func (s *site) mustPublish2(t *testing.T) {
	t.Helper()
	s.Publisher = s.with(func(d *PublisherDeps) {
		d.Archive, d.Needed = nil, func(context.Context) (int64, error) { return 0, nil }
	})
	s.mustPublish(t)
}

func TestAnEntryThatIsNotTheOneThatWasSignedIsNotArchived(t *testing.T) {
	s := newSite(t)
	s.fill(t, "e", 20)
	s.mustPublish(t)
	s.m.Change(func(m *recordtest.Memory) {
		e := m.Entries[7]
		e.Leaf = slices.Clone(e.Leaf)
		e.Leaf[9] ^= 1
		m.Entries[7] = e
	})
	if err := s.copyOnce(t); !errors.Is(err, ErrStopped) || s.o.kept["tile/entries/000.p/20"] != nil {
		t.Errorf("got %v, want that the log has stopped", err)
	}
}

func TestFreeTextThatIsErasedWhileItIsArchivedIsErasedThereToo(t *testing.T) {
	s := newSite(t)
	n := s.mustRecord(t, said("s")).Number
	s.mustPublish(t)
	s.m.OnAsides = func() { s.m.Entries[n].Aside = nil }
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	if data := s.o.kept[archive.AsidePath(n)]; data != nil {
		t.Errorf("the archive has %q", data)
	}
}

func TestOnlyWhatIsArchivedIsTrimmed(t *testing.T) {
	s := newSite(t)
	for day, count := range fullDays {
		s.fill(t, fmt.Sprintf("d%d", day), count)
		for range 2 {
			s.mustPublish(t)
		}
		s.clock.Pass(24 * time.Hour)
	}
	if s.m.Trimmed != 0 {
		t.Fatalf("the entries before %d are gone, and none is archived", s.m.Trimmed)
	}
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	s.mustPublish(t)
	if s.m.Trimmed < 300 {
		t.Fatalf("the entries before %d are gone, want those of the first days", s.m.Trimmed)
	}
	found, missed, err := s.Log.Read(t.Context(), 7, 1)
	if err != nil || missed != 0 || len(found) != 1 || found[0].Number != 7 || found[0].Broken != "" {
		t.Errorf("an entry that only the archive has: got %+v, %d missed, %v", found, missed, err)
	}
}

func TestEntriesThatWereGoneBeforeTheyWereArchivedAreAnAlarm(t *testing.T) {
	s := newSite(t)
	s.fill(t, "e", 600)
	s.mustPublish(t)
	s.m.Change(func(m *recordtest.Memory) { m.Trimmed = 300 })
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	got := alarmsOf(t, s.m)
	if len(got) != 1 || got[0].Code != alarmMissed || *got[0].Entries != (event.Range{First: 0, Count: 512}) {
		t.Errorf("got alarms %+v", got)
	}
	if s.o.kept["tile/entries/000"] != nil || s.o.kept["tile/entries/002.p/88"] == nil || s.o.kept["tile/0/000"] == nil {
		t.Error("the archive has not all that was left, and all tiles")
	}
	if _, missed, err := s.Log.Read(t.Context(), 0, 10); missed == 0 || err != nil {
		t.Errorf("a reader from 0 on: %d missed, %v", missed, err)
	}
}

func blockOf(user string) event.BlockedData {
	return event.BlockedData{Order: event.Order{Target: event.Person{ID: user}}}
}

// size is how many entries the archive has.
func (o *objects) size(t *testing.T, s *site) int64 {
	t.Helper()
	c, err := s.archiver.Archive.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.Size
}

// background starts run, and returns what has it end.
func background(t *testing.T, run func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	return func() { cancel(); running.Wait() }
}

func TestWhatIsWrittenBeforeTheEndIsSignedAndThenArchived(t *testing.T) {
	s := newSite(t)
	signed := func() int64 { c, _ := s.board.newest(); return c.Size }
	s.mustRecord(t, recordtest.About("first"))
	s.mustPublish(t)
	endPublishing, endArchiving := background(t, s.Publisher.Run), background(t, s.archiver.Run)
	recordtest.AwaitThat(t, "both have had a turn", func() bool { return signed() > 0 && s.archiver.Archive.Size() > 0 })
	n := s.mustRecord(t, recordtest.About("last")).Number
	endPublishing()
	if got := signed(); got <= n {
		t.Errorf("at the end %d entries are signed, entry %d not", got, n)
	}
	endArchiving()
	if got := s.archiver.Archive.Size(); got <= n {
		t.Errorf("at the end %d entries are archived, entry %d not", got, n)
	}
}
