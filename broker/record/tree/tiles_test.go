package tree

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

// tileSet keeps tiles by their paths.
type tileSet map[string][]byte

func (s tileSet) get(_ context.Context, paths []string) (map[string][]byte, error) {
	got := make(map[string][]byte)
	for _, path := range paths {
		if data, ok := s[path]; ok {
			got[path] = data
		}
	}
	return got, nil
}

// grow appends leafOf(from.Size()) and so on up to size to s, and returns the edge.
func (s tileSet) grow(t testing.TB, from Edge, size int64) Edge {
	t.Helper()
	var leaves []tlog.Hash
	for n := from.Size(); n < size; n++ {
		leaves = append(leaves, tlog.RecordHash(treetest.LeafOf(n)))
	}
	to, tiles, err := Grow(t.Context(), from, leaves, s.get)
	if err != nil {
		t.Fatalf("from %d to %d: %v", from.Size(), size, err)
	}
	maps.Copy(s, tiles)
	return to
}

func TestTilesHaveThePathsOfC2SP(t *testing.T) {
	for path, want := range map[string]tlog.Tile{
		"tile/0/000":                     {H: 8, L: 0, N: 0, W: 256},
		"tile/0/x001/x234/067":           {H: 8, L: 0, N: 1234067, W: 256},
		"tile/0/x001/x234/067.p/8":       {H: 8, L: 0, N: 1234067, W: 8},
		"tile/2/000.p/1":                 {H: 8, L: 2, N: 0, W: 1},
		"tile/entries/273.p/112":         {H: 8, L: -1, N: 273, W: 112},
		"tile/entries/x001/000":          {H: 8, L: -1, N: 1000, W: 256},
		"tile/6/000.p/32":                {H: 8, L: 6, N: 0, W: 32},
		"tile/5/031.p/255":               {H: 8, L: 5, N: 31, W: 255},
		"tile/entries/000.p/255":         {H: 8, L: -1, N: 0, W: 255},
		"tile/0/x035/x184/x372/x088/831": {H: 8, L: 0, N: 1<<45 - 1, W: 256},
	} {
		if got, err := ParseTilePath(path); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", path, got, err, want)
		}
		if got := TilePath(want); got != path {
			t.Errorf("%v: got %s, want %s", want, got, path)
		}
	}
	for _, path := range []string{
		"", "tile/", "tile/0/", "tile/0", "tile/0/0", "tile/0/1000", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/01", "tile/00/000", "tile/data/000", "tile/8/0/000", "tile/-1/000", "tile/entries/000/", "/tile/0/000",
		"tile/0/000.p/", "tile/6/000", "tile/6/000.p/33", "tile/6/001.p/1", "tile/7/000", "tile/7/000.p/1", "tile/63/000",
		"tile/0/x035/x184/x372/x088/832", "tile/5/032", "tile/5/032.p/1",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/../000", "checkpoint", "tile/0/000.p/1.p/1", "tile/entries/entries/000",
		"tile/0/" + strings.Repeat("x000/", 100) + "001",
	} {
		if got, err := ParseTilePath(path); err == nil {
			t.Errorf("%s: got %v, want an error", path, got)
		}
	}
}

func TestATreeOf70000EntriesHasTheTilesOfTheSpecification(t *testing.T) {
	count := make(map[string]int)
	for _, tile := range TilesBetween(0, 70_000) {
		count[fmt.Sprintf("level %d width %d", tile.L, tile.W)]++
	}
	want := map[string]int{
		"level 0 width 256": 273,
		"level 0 width 112": 1,
		"level 1 width 256": 1,
		"level 1 width 17":  1,
		"level 2 width 1":   1,
	}
	if !cmp.Equal(count, want) {
		t.Error(cmp.Diff(want, count))
	}
}

func TestTilesThatGrewHoldTheHashesOfTheWholeTree(t *testing.T) {
	const most = 1100
	full := treetest.FullOf(t, most)
	for _, steps := range [][]int64{{most}, {1, 2, 3, 255, 256, 257, 511, 513, 1024, most}, {256, 512, 768, 1024, most}, {300, 300, 301, most}} {
		tiles, edge, last := make(tileSet), Edge{}, int64(0)
		for _, size := range steps {
			if edge = tiles.grow(t, edge, size); edge.Tree() != full.At(t, size) {
				t.Fatalf("got another tree of %d", size)
			}
			for _, tile := range TilesBetween(last, size) {
				want, err := tlog.ReadTileData(tile, full)
				if got := tiles[TilePath(tile)]; err != nil || !bytes.Equal(got, want) {
					t.Fatalf("from %d to %d, %s: other bytes, %v", last, size, TilePath(tile), err)
				}
			}
			last = size
		}
		var all []int64
		for i := range *full {
			all = append(all, int64(i))
		}
		got, err := HashReader(t.Context(), edge.Tree(), tiles.get).ReadHashes(all)
		if err != nil || !slices.Equal(got, *full) {
			t.Errorf("%v: read otherwise, %v", steps, err)
		}
	}
}

func TestAPartialTileIsReadFromAWiderOne(t *testing.T) {
	full := treetest.FullOf(t, 700)
	for _, size := range []int64{1, 100, 255, 256, 257, 400, 513, 600} {
		for _, later := range []int64{size, size + 1, min(size+40, 700), 700} {
			tiles := make(tileSet) // has the tiles of later alone
			tiles.grow(t, Edge{}, later)
			if _, err := ProveConsistency(full.At(t, min(size, 7)), full.At(t, size), HashReader(t.Context(), full.At(t, size), tiles.get)); err != nil {
				t.Errorf("the tree of %d from the tiles of %d: %v", size, later, err)
			}
		}
	}
}

// changedTiles returns, by what was done, sets in which the tile of path is not what it was.
func changedTiles(tiles tileSet, path string) map[string]tileSet {
	good := tiles[path]
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	sets := map[string]tileSet{"gone": maps.Clone(tiles)}
	delete(sets["gone"], path)
	for name, bad := range map[string][]byte{"flipped": flipped, "cut": good[:len(good)-32], "longer": append(bytes.Clone(good), 0), "empty": {}} {
		sets[name] = maps.Clone(tiles)
		sets[name][path] = bad
	}
	return sets
}

func TestNothingIsProvedByATileThatWasChanged(t *testing.T) {
	const size = 600
	tiles := make(tileSet)
	edge := tiles.grow(t, Edge{}, size)
	for path := range tiles {
		for name, changed := range changedTiles(tiles, path) {
			r := HashReader(t.Context(), edge.Tree(), changed.get)
			for n := range int64(size) {
				needed := path == "tile/1/000.p/2" || path == "tile/0/002.p/88" || path == fmt.Sprintf("tile/0/%03d", n/256)
				proof, err := tlog.ProveRecord(size, n, r)
				if (err != nil) != needed {
					t.Fatalf("%s %s: entry %d: got %v, want an error: %t", path, name, n, err, needed)
				}
				if err == nil && tlog.CheckRecord(proof, size, edge.Root(), n, tlog.RecordHash(treetest.LeafOf(n))) != nil {
					t.Fatalf("%s %s: a wrong proof of entry %d", path, name, n)
				}
			}
		}
	}
}

func TestATreeDoesNotGrowOnATileThatWasChanged(t *testing.T) {
	tiles := make(tileSet)
	edge := tiles.grow(t, Edge{}, 600)
	for _, path := range []string{"tile/1/000.p/2", "tile/0/002.p/88"} {
		for name, changed := range changedTiles(tiles, path) {
			if _, got, err := Grow(t.Context(), edge, []tlog.Hash{{1}}, changed.get); err == nil {
				t.Errorf("%s %s: got %d tiles, want an error", path, name, len(got))
			}
		}
	}
	edge.roots[3][0] ^= 1
	if _, got, err := Grow(t.Context(), edge, []tlog.Hash{{1}}, tiles.get); err == nil {
		t.Errorf("another edge: got %d tiles, want an error", len(got))
	}
}

func TestAnEmptyTreeHasNoHashes(t *testing.T) {
	for _, tree := range []tlog.Tree{{}, {N: -1}, {N: MaxSize + 1}} {
		r := HashReader(t.Context(), tree, tileSet{}.get)
		if got, err := r.ReadHashes([]int64{0}); err == nil {
			t.Errorf("size %d: got %v, want an error", tree.N, got)
		}
	}
}

func TestABundleIsReadAsItWasWritten(t *testing.T) {
	leaves := [][]byte{[]byte("a"), bytes.Repeat([]byte("b"), MaxLeaf), []byte("{}")}
	data, err := Bundle(leaves)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseBundle(data, 3); err != nil || !cmp.Equal(got, leaves) {
		t.Errorf("got %d events, %v", len(got), err)
	}
	if short := data[:4]; short[0] != 0 || short[1] != 1 || short[2] != 'a' {
		t.Errorf("got % x, want a length of two bytes before each event", short)
	}
	long := append(binaryLength(MaxLeaf+1), bytes.Repeat([]byte("b"), MaxLeaf+1)...)
	for name, bad := range map[string]struct {
		data  []byte
		width int
	}{
		"one less":     {data, 2},
		"one more":     {data, 4},
		"none":         {nil, 0},
		"too many":     {data, 257},
		"negative":     {data, -1},
		"cut":          {data[:len(data)-1], 3},
		"empty event":  {[]byte{0, 0}, 1},
		"half length":  {[]byte{0}, 1},
		"a long event": {long, 1},
	} {
		if got, err := ParseBundle(bad.data, bad.width); err == nil {
			t.Errorf("%s: got %d events, want an error", name, len(got))
		}
	}
	for _, bad := range [][]byte{nil, make([]byte, MaxLeaf+1)} {
		if _, err := Bundle([][]byte{bad}); err == nil {
			t.Errorf("%d bytes: got no error", len(bad))
		}
	}
}

func binaryLength(n int) []byte { return []byte{byte(n >> 8), byte(n)} }

func FuzzTilePath(f *testing.F) {
	for _, path := range []string{"tile/0/x001/x234/067.p/8", "tile/entries/000", "tile/5/031"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := ParseTilePath(path)
		if err != nil {
			return
		}
		if got := TilePath(tile); got != path || tile.N < 0 || tile.L < -1 || tile.L > 6 || tile.W < 1 || tile.W > 256 {
			t.Fatalf("got %v of %s", tile, got)
		}
	})
}

func FuzzBundle(f *testing.F) {
	data, _ := Bundle([][]byte{treetest.LeafOf(0), treetest.LeafOf(1)})
	f.Add(data, 2)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		leaves, err := ParseBundle(data, width)
		if err != nil {
			return
		}
		if again, err := Bundle(leaves); err != nil || !bytes.Equal(again, data) || len(leaves) != width {
			t.Fatalf("got %d events in % x, want % x", len(leaves), again, data)
		}
	})
}

func FuzzTile(f *testing.F) {
	const size = 300
	tiles := make(tileSet)
	edge := tiles.grow(f, Edge{}, size)
	paths := slices.Sorted(maps.Keys(tiles))
	f.Add(0, tiles[paths[0]], int64(7))
	f.Fuzz(func(t *testing.T, which int, data []byte, n int64) {
		if which < 0 || n < 0 {
			return
		}
		changed := maps.Clone(tiles)
		changed[paths[which%len(paths)]] = data
		n %= size
		proof, err := tlog.ProveRecord(size, n, HashReader(t.Context(), edge.Tree(), changed.get))
		if err == nil && tlog.CheckRecord(proof, size, edge.Root(), n, tlog.RecordHash(treetest.LeafOf(n))) != nil {
			t.Fatalf("a wrong proof of entry %d", n)
		}
	})
}
