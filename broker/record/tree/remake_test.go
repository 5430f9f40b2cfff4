package tree

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// keptTiles are tiles in memory.
type keptTiles map[string][]byte

func (k keptTiles) get(_ context.Context, paths []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, p := range paths {
		if data, ok := k[p]; ok {
			out[p] = data
		}
	}
	return out, nil
}

func (k keptTiles) SaveTiles(_ context.Context, tiles map[string][]byte) error {
	maps.Copy(k, tiles)
	return nil
}

func (k keptTiles) DeleteTiles(_ context.Context, paths []string) error {
	for _, p := range paths {
		delete(k, p)
	}
	return nil
}

// grown is a tree of many entries, with its tiles. leaves has none of the entries before first.
func grown(t *testing.T, count int) (edge Edge, kept keptTiles, leaves func(first int64) GetLeaves) {
	t.Helper()
	var hashes []tlog.Hash
	for i := range count {
		hashes = append(hashes, tlog.RecordHash(fmt.Appendf(nil, "entry %d", i)))
	}
	kept = keptTiles{}
	edge, tiles, err := Grow(t.Context(), Edge{}, hashes, kept.get)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(kept, tiles)
	return edge, kept, func(first int64) GetLeaves {
		return func(_ context.Context, from, to int64) ([]tlog.Hash, error) {
			if from < first {
				return nil, ErrLetGo
			}
			return hashes[from:to], nil
		}
	}
}

func TestWhatIsMadeAnewIsWhatWasSigned(t *testing.T) {
	edge, kept, leaves := grown(t, 2*TileWidth+88)
	was := maps.Clone(kept)
	kept["tile/0/001"] = append([]byte{1}, kept["tile/0/001"][1:]...)
	delete(kept, "tile/1/000.p/2")
	r := NewRemaker(edge, kept.get, leaves(0))
	got, err := r.Leaf(t.Context(), TileWidth+7)
	if want := tlog.RecordHash(fmt.Appendf(nil, "entry %d", TileWidth+7)); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if kept["tile/1/000.p/2"] != nil {
		t.Error("it is kept before it is to be")
	}
	if err := r.Keep(t.Context(), kept); err != nil || !maps.EqualFunc(kept, was, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("got %v and other tiles than there were", err)
	}
	if got, want := r.Kept(), (Span{First: 0, Count: 2 * TileWidth}); got != want {
		t.Errorf("kept were tiles over %+v, want %+v", got, want)
	}
	if got := r.Kept(); got.Count != 0 {
		t.Errorf("said again: %+v", got)
	}
}

// TestATileOfEntriesThatWereLetGoOfCannotBeMade is the case of one that is full, and so is needed
// for proofs alone, and of the one that the tree grows from.
func TestATileOfEntriesThatWereLetGoOfCannotBeMade(t *testing.T) {
	for path, grows := range map[string]bool{"tile/0/000": true, "tile/0/001.p/88": false} {
		edge, kept, leaves := grown(t, TileWidth+88)
		tile, err := ParseTilePath(path)
		if err != nil {
			t.Fatal(err)
		}
		delete(kept, path)
		r := NewRemaker(edge, kept.get, leaves(edge.Size()))
		at := tile.N * TileWidth
		_, err = r.Leaf(t.Context(), at)
		var wrong *TileError
		if !errors.As(err, &wrong) || !errors.Is(err, ErrLetGo) || wrong.Entries != (Span{First: at, Count: int64(tile.W)}) {
			t.Errorf("%s: got %v, want which entries are not kept", path, err)
		}
		if err := r.Cover(t.Context(), at); (err == nil) != grows {
			t.Errorf("%s: got %v, want that the tree can grow: %v", path, err, grows)
		}
	}
}

func TestOtherEntriesThanWereSignedMakeNoTile(t *testing.T) {
	edge, kept, _ := grown(t, TileWidth+88)
	delete(kept, "tile/0/000")
	others := func(_ context.Context, from, to int64) ([]tlog.Hash, error) { return make([]tlog.Hash, to-from), nil }
	r := NewRemaker(edge, kept.get, others)
	if _, err := r.Leaf(t.Context(), 0); !errors.Is(err, ErrForked) {
		t.Errorf("got %v, want that they are others", err)
	}
	if err := r.Keep(t.Context(), kept); err != nil || kept["tile/0/000"] != nil {
		t.Errorf("got %v, and it is kept: %v", err, kept["tile/0/000"] != nil)
	}
	if _, err := r.Leaf(t.Context(), edge.Size()); err == nil {
		t.Error("no tile is over an entry that is not in the tree")
	}
}
