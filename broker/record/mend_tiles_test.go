package record

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// filled is a record of many entries, of which all is signed, and that no longer grows by itself.
func filled(t *testing.T, count int) (*recordtest.Memory, *recordtest.Shelf, testLog, *Publisher, *tree.Signer) {
	t.Helper()
	m := recordtest.NewMemory()
	s := recordtest.NewShelf(m)
	l, key := running(t, m, "a"), recordtest.Signer(t)
	p := publisher(s, l, key)
	l.fill(t, "a", count)
	for range 3 {
		mustPublish(t, p)
	}
	return m, s, l, p, key
}

// wantTiles checks that the store has all tiles of what was signed, as they were.
func wantTiles(t *testing.T, s *recordtest.Shelf, key *tree.Signer, l testLog) {
	t.Helper()
	c := recordtest.Newest(t, s, key)
	r := tree.NewRemaker(edgeIn(t, s), s.Tiles, func(context.Context, int64, int64) ([]tlog.Hash, error) { return nil, tree.ErrLetGo })
	for n := int64(0); n < c.Size; n += tree.TileWidth {
		if _, err := r.Leaf(t.Context(), n); err != nil { // it is checked by all tiles above it
			t.Error(err)
		}
	}
	if l.Err() != nil {
		t.Error(l.Err())
	}
}

func edgeIn(t *testing.T, s *recordtest.Shelf) (e tree.Edge) {
	t.Helper()
	p, err := published.Parse(s.Published)
	if err == nil {
		err = e.UnmarshalBinary(p.Edge)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func codesOf(t *testing.T, m *recordtest.Memory) (codes []string) {
	t.Helper()
	for _, a := range alarmsOf(t, m) {
		codes = append(codes, a.Code)
	}
	return codes
}

// damages are what may become of tiles in a store.
var damages = map[string]func(s *recordtest.Shelf){
	"the edge is gone":  func(s *recordtest.Shelf) { delete(s.Kept, tree.TilePath(partialIn(s))) },
	"the edge is wrong": func(s *recordtest.Shelf) { s.Flip(tree.TilePath(partialIn(s)), 40) },
	"the edge is wider, and wrong": func(s *recordtest.Shelf) {
		t := partialIn(s)
		delete(s.Kept, tree.TilePath(t))
		t.W = tree.TileWidth
		s.Kept[tree.TilePath(t)] = bytes.Repeat([]byte{7}, tree.TileWidth*tlog.HashSize)
	},
	"a full one is gone":           func(s *recordtest.Shelf) { delete(s.Kept, "tile/0/001") },
	"a full one is wrong":          func(s *recordtest.Shelf) { s.Flip("tile/0/001", 4000) },
	"a full one is short":          func(s *recordtest.Shelf) { s.Kept["tile/0/001"] = s.Kept["tile/0/001"][:64] },
	"one of level 1 is wrong":      func(s *recordtest.Shelf) { s.Flip("tile/1/000.p/2", 33) },
	"one, and the one above":       func(s *recordtest.Shelf) { s.Flip("tile/1/000.p/2", 33); s.Flip("tile/0/001", 33) },
	"one is gone, and above wrong": func(s *recordtest.Shelf) { s.Flip("tile/1/000.p/2", 33); delete(s.Kept, "tile/0/001") },
	"all are gone":                 func(s *recordtest.Shelf) { clear(s.Kept) },
	"each is the one of another": func(s *recordtest.Shelf) {
		s.Kept["tile/0/000"], s.Kept["tile/0/001"] = s.Kept["tile/0/001"], s.Kept["tile/0/000"]
	},
}

// partialIn is the tile of level 0 at the right edge.
func partialIn(s *recordtest.Shelf) tlog.Tile {
	for path := range s.Kept {
		if t, err := tree.ParseTilePath(path); err == nil && t.L == 0 && t.W < tree.TileWidth {
			return t
		}
	}
	panic("no partial tile")
}

func TestTilesThatAreMissingOrWrongAreMadeAnewOfTheEntries(t *testing.T) {
	for what, damage := range damages {
		for when, grow := range map[string]func(t *testing.T, l testLog){
			"growing": func(t *testing.T, l testLog) { l.fill(t, "more", 300) },
			"idle":    func(*testing.T, testLog) {},
		} {
			t.Run(what+"/"+when, func(t *testing.T) {
				m, s, l, p, key := filled(t, 2*tree.TileWidth+88)
				signed := recordtest.Newest(t, s, key)
				s.Mu.Lock()
				damage(s)
				s.Mu.Unlock()
				grow(t, l)
				l.clock.Pass(recheckEvery)
				mustPublish(t, p)
				recordtest.AwaitThat(t, "an alarm says so", func() bool { return slices.Contains(codesOf(t, m), alarmTiles) })
				mustPublish(t, p)
				wantTiles(t, s, key, l)
				if c := recordtest.Newest(t, s, key); c.Size <= signed.Size {
					t.Errorf("signed are %d entries, want more than %d", c.Size, signed.Size)
				}
			})
		}
	}
}

func TestManyTilesThatAreMadeAnewAreOneAlarm(t *testing.T) {
	m, s, l, p, key := filled(t, 20*tree.TileWidth+88)
	s.Mu.Lock()
	clear(s.Kept)
	s.Mu.Unlock()
	l.clock.Pass(recheckEvery)
	for range 3 {
		mustPublish(t, p)
	}
	wantTiles(t, s, key, l)
	count := func() (n int) {
		for _, code := range codesOf(t, m) {
			if code == alarmTiles {
				n++
			}
		}
		return n
	}
	recordtest.AwaitThat(t, "an alarm says so", func() bool { return count() > 0 })
	l.mustRecord(t, recordtest.About("more")) // after all alarms
	if got := count(); got > 2 {
		t.Errorf("got %d alarms, want one of what the next checkpoint needed and one of the rest", got)
	}
}

func TestAReplicaBeginsWhileTilesAreMissing(t *testing.T) {
	m, s, l, _, key := filled(t, 2*tree.TileWidth+88)
	s.Mu.Lock()
	clear(s.Kept)
	s.Mu.Unlock()
	if _, err := starter(t, m, s, l, key); err != nil {
		t.Error(err)
	}
}

// TestWhatTheTreeGrowsFromStopsTheLogWhenItCannotBeMadeAnew loses a tile of level 1, and a
// tile below of which the store has let go of the entries.
func TestWhatTheTreeGrowsFromStopsTheLogWhenItCannotBeMadeAnew(t *testing.T) {
	m, s, l, p, key := filled(t, 2*tree.TileWidth+88)
	m.Change(func(m *recordtest.Memory) { m.Trimmed = tree.TileWidth })
	s.Mu.Lock()
	delete(s.Kept, "tile/0/000")
	delete(s.Kept, "tile/1/000.p/2")
	was := bytes.Clone(s.Published)
	s.Mu.Unlock()
	l.mustRecord(t, recordtest.About("more"))
	if err := publish(t, p); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want that it stops", err)
	}
	if !bytes.Equal(s.Published, was) {
		t.Errorf("signed are %d entries", recordtest.Newest(t, s, key).Size)
	}
}

func TestATileThatIsOnlyForProofsIsMissedOnceAndSigningGoesOn(t *testing.T) {
	m, s, l, p, key := filled(t, 2*tree.TileWidth+88)
	m.Change(func(m *recordtest.Memory) { m.Trimmed = tree.TileWidth })
	s.Mu.Lock()
	delete(s.Kept, "tile/0/000")
	s.Mu.Unlock()
	signed := recordtest.Newest(t, s, key)
	for range 3 {
		l.clock.Pass(recheckEvery)
		l.mustRecord(t, recordtest.About("more"))
		mustPublish(t, p)
		mustPublish(t, p)
	}
	recordtest.AwaitThat(t, "an alarm says so", func() bool { return slices.Contains(codesOf(t, m), alarmTilesLost) })
	var got []event.AlarmData
	for _, a := range alarmsOf(t, m) {
		if a.Code == alarmTilesLost {
			got = append(got, a)
		}
	}
	if len(got) != 1 || *got[0].Entries != (event.Range{First: 0, Count: tree.TileWidth}) {
		t.Errorf("got the alarms %+v, want one about the first tile", got)
	}
	if c := recordtest.Newest(t, s, key); c.Size <= signed.Size || l.Err() != nil {
		t.Errorf("signed are %d entries, %v, want more than %d", c.Size, l.Err(), signed.Size)
	}
}

// TestNoTileEverGivesAnotherSignature damages a store again and again while it is signed.
func TestNoTileEverGivesAnotherSignature(t *testing.T) {
	for what, damage := range damages {
		m, s, l, p, key := filled(t, 2*tree.TileWidth+88)
		for n := range 3 {
			s.Mu.Lock()
			if n == 0 || len(s.Kept) >= 4 {
				damage(s)
			}
			s.Mu.Unlock()
			l.fill(t, "more", 3)
			_ = publish(t, p) // whether it signs or not
			c := recordtest.Newest(t, s, key)
			var leaves tree.Edge
			m.Change(func(m *recordtest.Memory) {
				for _, e := range m.Entries[:c.Size] {
					_ = leaves.Append(tlog.RecordHash(e.Leaf))
				}
			})
			if c.Root != leaves.Root() {
				t.Fatalf("%s: the root of %d entries was signed as another", what, c.Size)
			}
		}
	}
}

func mustPublish(t *testing.T, p *Publisher) {
	t.Helper()
	if err := publish(t, p); err != nil {
		t.Fatal(err)
	}
}
