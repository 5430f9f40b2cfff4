package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// TestAnEntryThatIsChangedAfterAllReadItStopsTheLog changes what every replica has read,
// and would never read again.
func TestAnEntryThatIsChangedAfterAllReadItStopsTheLog(t *testing.T) {
	for name, tc := range map[string]struct {
		do    func(m *recordtest.Memory, s *recordtest.Shelf)
		fault audit.Fault // 0: that of no single entry
		entry int64
	}{
		"altered":                       {func(m *recordtest.Memory, _ *recordtest.Shelf) { m.Alter(7) }, audit.FaultBroken, 7},
		"removed":                       {func(m *recordtest.Memory, _ *recordtest.Shelf) { m.Remove(7, 8) }, audit.FaultMissing, 7},
		"swapped":                       {func(m *recordtest.Memory, _ *recordtest.Shelf) { m.Swap(7, 9) }, audit.FaultMoved, 7},
		"its MAC is gone":               {func(m *recordtest.Memory, _ *recordtest.Shelf) { m.Entries[300].MACs = "" }, audit.FaultBroken, 300},
		"altered, and its tile is gone": {func(m *recordtest.Memory, s *recordtest.Shelf) { m.Alter(7); delete(s.Kept, "tile/0/000") }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := recordtest.NewMemory()
			s := recordtest.NewShelf(m)
			l := running(t, m, "a")
			p := publisher(s, l, recordtest.Signer(t))
			l.fill(t, "a", 300)
			for range 3 { // so that there is a start
				if err := publish(t, p); err != nil {
					t.Fatal(err)
				}
			}
			m.Change(func(m *recordtest.Memory) { tc.do(m, s) })
			l.clock.Pass(recheckEvery - time.Second)
			if err := publish(t, p); err != nil {
				t.Fatalf("before its time: %v", err)
			}
			l.clock.Pass(time.Second)
			var wrong *audit.Finding
			if err := publish(t, p); !errors.Is(err, ErrStopped) || tc.fault != 0 && (!errors.As(err, &wrong) || wrong.Fault != tc.fault || wrong.Entry != tc.entry) {
				t.Errorf("got %v", err)
			}
			if _, err := l.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrStopped) {
				t.Errorf("an intent: got %v, want that it is refused", err)
			}
		})
	}
}

func TestAllIsReadAgainInParts(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	p := publisher(recordtest.NewShelf(m), l, recordtest.Signer(t))
	p.rechecking.checked.atOnce = 256
	l.fill(t, "a", 600) // a restatement follows
	for part, want := range []int64{256, 512, 601, 601} {
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		if p.rechecking.checked.next != want {
			t.Errorf("part %d: got to %d, want %d", part, p.rechecking.checked.next, want)
		}
	}
	l.clock.Pass(recheckEvery)
	if err := publish(t, p); err != nil || p.rechecking.checked.next != 256 {
		t.Errorf("ten minutes later: got to %d, %v, want that it begins anew", p.rechecking.checked.next, err)
	}
}

// TestMoreEntriesLetGoOfThanWereSignedHaveNoTiles has a store whose one entry is far beyond all
// that were signed.
func TestMoreEntriesLetGoOfThanWereSignedHaveNoTiles(t *testing.T) {
	m := recordtest.NewMemory()
	f := &farOff{Memory: m}
	l := running(t, f, "a")
	p := publisher(recordtest.NewShelf(m), l, recordtest.Signer(t))
	l.fill(t, "a", 300)
	for range 3 {
		mustPublish(t, p)
	}
	f.moved.Store(true)
	l.clock.Pass(recheckEvery)
	for range 6 {
		mustPublish(t, p)
	}
}

// A farOff is a Memory whose bounds may be moved.
type farOff struct {
	*recordtest.Memory
	moved atomic.Bool
}

func (f *farOff) Bounds(ctx context.Context) (first, next int64, err error) {
	if f.moved.Load() {
		return 999_999_999, 1_000_000_000, nil
	}
	return f.Memory.Bounds(ctx)
}

func TestTilesThatAnotherReplicaArchivedAreFound(t *testing.T) {
	a := newSite(t)
	a.fill(t, "a", 600)
	a.mustPublish(t)
	if err := a.other(t, "b").copyOnce(t); err != nil {
		t.Fatal(err)
	}
	if a.s.Kept["tile/0/000"] != nil {
		t.Fatal("the store keeps a full tile that the archive has")
	}
	a.clock.Pass(recheckEvery)
	a.mustPublish(t)
	if a.rechecking.checked.next < 600 {
		t.Errorf("read again up to %d", a.rechecking.checked.next)
	}
}

func TestAnArchiveThatIsAwayKeepsNobodyFromSigning(t *testing.T) {
	a := newSite(t)
	a.fill(t, "a", 600)
	a.mustPublish(t)
	if err := a.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	a.Publisher = a.with(func(d *PublisherDeps) {
		d.Store, d.Archive = a.s, archive.New(gone{a.o}, tree.PublicKeys{}, recordtest.Origin)
	})
	a.fill(t, "b", 10)
	size := a.Size()
	a.clock.Pass(recheckEvery)
	a.mustPublish(t)
	if got := recordtest.Newest(t, a.s, a.key); got.Size < size || a.rechecking.checked.next != 0 {
		t.Errorf("signed %d of %d, read again up to %d", got.Size, size, a.rechecking.checked.next)
	}
}

// gone are objects that nobody reaches.
type gone struct{ archive.Objects }

func (gone) Read(context.Context, string) ([]byte, error) { return nil, errAway }

// TestReadingAgainGetsOnWhereATileNeedsMoreEntriesThanAPartReads loses a tile of level 1, with a wrong one below. A part
// reads less than that tile needs: a full one needs 65,536 entries, and this one is as wide as the test has patience.
func TestReadingAgainGetsOnWhereATileNeedsMoreEntriesThanAPartReads(t *testing.T) {
	const below = 12
	m, s, l, p, _ := filled(t, below*tree.TileWidth+30)
	for p.rechecking.checked.next < p.rechecking.checked.end {
		mustPublish(t, p)
	}
	s.Mu.Lock()
	lost := fmt.Sprintf("tile/1/000.p/%d", below)
	if s.Kept[lost] == nil {
		t.Fatal("there is no tile of level 1 to lose")
	}
	delete(s.Kept, lost)
	s.Flip("tile/0/001", 9)
	s.Mu.Unlock()
	var reads atomic.Int64
	m.Change(func(m *recordtest.Memory) {
		m.OnRead = func() error {
			if reads.Add(1) > below*2/3 { // a page of entries each
				return recordtest.ErrLost
			}
			return nil
		}
	})
	l.clock.Pass(recheckEvery)
	for range 4 {
		reads.Store(0)
		mustPublish(t, p)
	}
	if s.Kept[lost] == nil || p.rechecking.checked.next == 0 {
		t.Errorf("four parts later it got to %d of %d, want that the tiles were made anew", p.rechecking.checked.next, p.rechecking.checked.end)
	}
}

func TestReadingAgainThatDoesNotGetOnSaysSo(t *testing.T) {
	m, _, l, p, _ := filled(t, 300)
	var out bytes.Buffer
	p.rechecking.out = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError}))
	l.clock.Pass(recheckEvery)
	m.Change(func(m *recordtest.Memory) { m.OnRead = func() error { return recordtest.ErrLost } })
	for range 3 {
		mustPublish(t, p)
		l.clock.Pass(recheckLate)
	}
	if got := bytes.Count(out.Bytes(), []byte("does not get on")); got != 1 {
		t.Errorf("it says so %d times, want once: %s", got, out.Bytes())
	}
}
