package audit

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// Signed entries are checked a tile at a time: the hashes of the tile are proved to be in
// the tree that was signed, and then each entry has to have the hash of its number. So
// nothing has to be remembered from one tile to the next, and any may come first.

// A Pages checks the entries of a tree that was signed.
type Pages struct {
	source Source
	tree   tlog.Tree
	tiles  *tileCache
	hashes tlog.HashReader
}

// NewPages returns what checks the entries of source that were signed as the tree of.
func NewPages(ctx context.Context, source Source, of tlog.Tree) *Pages {
	tiles := &tileCache{get: source.Tiles, kept: map[string][]byte{}}
	return &Pages{source: source, tree: of, tiles: tiles, hashes: tree.HashReader(ctx, of, tiles.tilesOf)}
}

// Check reads the entries from a number on up to the end of its tile, and returns them
// with the first that is wrong; they end before it. Without hashes it compares nothing.
// The error is that of a source that is away.
func (p *Pages) Check(ctx context.Context, from int64, hashes []tlog.Hash) ([]entry.Entry, *Finding, error) {
	to := p.end(from)
	entries, err := readUpTo(ctx, p.source, from, to)
	if err != nil {
		return nil, nil, err
	}
	for i, e := range entries {
		n := from + int64(i)
		if e.Number == n && (hashes == nil || tlog.RecordHash(e.Leaf) == hashes[i]) {
			continue
		}
		f, err := p.diagnose(n, entries[i:])
		return entries[:i], f, err
	}
	if end := from + int64(len(entries)); end < to {
		return entries, p.cut(ctx, end, to-1), nil
	}
	return entries, nil, nil
}

// cut says that entries from one number up to another are missing, and all after them
// where there are none.
func (p *Pages) cut(ctx context.Context, from, last int64) *Finding {
	if _, next, err := p.source.Bounds(ctx); err == nil && next <= from {
		last = p.tree.N - 1
	}
	return &Finding{Fault: FaultMissing, Entry: from, Last: last}
}

// end is where the tile with an entry ends.
func (p *Pages) end(from int64) int64 { return min(p.tree.N, (from/tree.TileWidth+1)*tree.TileWidth) }

// Expected returns the hashes of the entries from a number on up to the end of its tile.
// The Finding is that the tiles do not have them.
func (p *Pages) Expected(from int64) ([]tlog.Hash, *Finding, error) {
	hashes, err := p.hashesOf(from, p.end(from))
	if err == nil {
		return hashes, nil, nil
	}
	if p.tiles.away != nil {
		return nil, nil, p.tiles.away
	}
	return nil, &Finding{Fault: FaultTiles, Entry: from, Last: p.end(from) - 1, Err: err}, nil
}

func (p *Pages) hashesOf(from, to int64) ([]tlog.Hash, error) {
	indexes := make([]int64, 0, max(to-from, 0))
	for n := from; n < to; n++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, n))
	}
	return p.hashes.ReadHashes(indexes)
}

// nearby is how far around its place the entry that stands there is looked for.
const nearby = 2 * tree.TileWidth

// diagnose says what is wrong with what stands at n: the first of found.
func (p *Pages) diagnose(n int64, found []entry.Entry) (*Finding, error) {
	first := max(0, n-nearby)
	around, err := p.hashesOf(first, min(p.tree.N, n+nearby))
	if err != nil {
		if p.tiles.away != nil {
			return nil, p.tiles.away
		}
		around = nil
	}
	where := func(e entry.Entry) int64 { // what was signed as which this is; -1: as none
		if i := slices.Index(around, tlog.RecordHash(e.Leaf)); i >= 0 {
			return first + int64(i)
		}
		return -1
	}
	at := func(n int64) bool { // whether what was signed as n stands further on
		return slices.ContainsFunc(found, func(e entry.Entry) bool { return where(e) == n })
	}
	e := found[0]
	switch is := where(e); {
	case is == n:
		return Broken(n, fmt.Errorf("it stands as entry %d", e.Number)), nil
	case is >= 0 && is < n:
		return &Finding{Fault: FaultDoubled, Entry: n, Last: n, Of: is}, nil
	case is > n && at(n):
		return &Finding{Fault: FaultMoved, Entry: n, Last: n, Of: is}, nil
	case is > n:
		return &Finding{Fault: FaultMissing, Entry: n, Last: is - 1}, nil
	case at(n):
		return &Finding{Fault: FaultInserted, Entry: n, Last: n}, nil
	case e.Number > n:
		return &Finding{Fault: FaultMissing, Entry: n, Last: e.Number - 1}, nil
	case e.Number < n:
		return Broken(n, fmt.Errorf("what stands there is numbered %d", e.Number)), nil
	}
	return Broken(n, nil), nil
}

// readUpTo returns the entries from one number up to another, as many as there are.
func readUpTo(ctx context.Context, source interface {
	Read(ctx context.Context, from int64, limit int) ([]entry.Entry, error)
}, from, to int64,
) ([]entry.Entry, error) {
	var all []entry.Entry
	for at := from; at < to; at = from + int64(len(all)) {
		entries, err := source.Read(ctx, at, int(min(to-at, entry.PageMost)))
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			break
		}
		all = append(all, entries[:min(int64(len(entries)), to-at)]...)
	}
	return all, nil
}

// tilesKept bounds how many tiles a cache keeps: those of a million entries above level 0.
const tilesKept = 64

// A tileCache keeps the tiles above level 0, which every check of a tile needs.
type tileCache struct {
	get  tree.GetTiles
	kept map[string][]byte
	away error // why the tiles could not be read; nil when they could
}

func (c *tileCache) tilesOf(ctx context.Context, paths []string) (map[string][]byte, error) {
	c.away = nil
	out, missing := make(map[string][]byte, len(paths)), []string(nil)
	for _, path := range paths {
		if data, ok := c.kept[path]; ok {
			out[path] = data
		} else {
			missing = append(missing, path)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	got, err := c.get(ctx, missing)
	if err != nil {
		c.away = err
		return nil, err
	}
	for _, path := range missing {
		data, ok := got[path]
		if !ok {
			continue
		}
		out[path] = data
		if t, err := tree.ParseTilePath(path); err == nil && t.L > 0 && len(c.kept) < tilesKept {
			c.kept[path] = data
		}
	}
	return out, nil
}
