package record

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// Tiles that are missing or wrong are made anew. A tile at the right edge is right if the
// edge has the roots that its hashes come to; any other, if the tile above has the one. Of
// level 0 it is made of the entries; above, of the tiles below as they are kept, and where
// those do not come to what was signed, of the entries. So what is made is what was signed,
// whatever the store holds.

// A remaker checks the tiles of one tree, and makes anew what is not as it was signed.
type remaker struct {
	edge tree.Edge // of the tree
	get  tree.GetTiles
	// leaves returns the hashes of the entries from one number up to another; errLetGo
	// where they are not kept any more.
	leaves func(ctx context.Context, from, to int64) ([]tlog.Hash, error)

	// roots are those of full subtrees that were made of entries. Who makes tiles in parts hands
	// them on, or it would read the same entries again in each part, and never get on.
	roots map[event.Range]tlog.Hash
	right map[tlog.Tile][]byte
	made  map[tlog.Tile][]byte // of those, what was not kept so
	// untold is what the tiles are over that were made and kept, and that no alarm was about.
	untold event.Range
}

func newRemaker(edge tree.Edge, get tree.GetTiles, leaves func(ctx context.Context, from, to int64) ([]tlog.Hash, error)) *remaker {
	return &remaker{edge: edge, get: get, leaves: leaves, roots: map[event.Range]tlog.Hash{}, right: map[tlog.Tile][]byte{}, made: map[tlog.Tile][]byte{}}
}

// errLetGo says that entries are not kept any more.
var errLetGo = errors.New("its entries are not kept any more")

// A tileError says that a tile cannot be made anew: its entries were let go of (errLetGo), or
// are not those that were signed (ErrForked).
type tileError struct {
	entries event.Range // that the tile is over
	err     error
}

func (e *tileError) Error() string {
	return fmt.Sprintf("a tile over the entries from %d to %d is missing or wrong, and cannot be made anew: %v",
		e.entries.First, e.entries.First+e.entries.Count-1, e.err)
}

func (e *tileError) Unwrap() error { return e.err }

// over is the entries that a tile is over.
func over(t tlog.Tile) event.Range {
	bits := tree.TileHeight * t.L
	return event.Range{First: t.N * tree.TileWidth << bits, Count: int64(t.W) << bits}
}

// covering are the tiles that an entry is under, from level 0 up.
func (r *remaker) covering(entry int64) (out []tlog.Tile, err error) {
	if entry < 0 || entry >= r.edge.Size() {
		return nil, fmt.Errorf("no tile of %d entries is over entry %d", r.edge.Size(), entry)
	}
	for level := 0; r.edge.Size()>>(tree.TileHeight*level) > 0; level++ {
		n := entry >> (tree.TileHeight * (level + 1))
		if width := r.width(level, n); width > 0 {
			out = append(out, tlog.Tile{H: tree.TileHeight, L: level, N: n, W: width})
		}
	}
	return out, nil
}

// leafTile returns the tile of level 0 that an entry is under, as it was signed.
func (r *remaker) leafTile(ctx context.Context, entry int64) ([]byte, error) {
	tiles, err := r.covering(entry)
	if err != nil {
		return nil, err
	}
	return r.tile(ctx, tiles[0])
}

func (r *remaker) width(level int, n int64) int {
	return int(min(r.edge.Size()>>(tree.TileHeight*level)-n*tree.TileWidth, tree.TileWidth))
}

// tile returns the hashes of a tile as they were signed.
func (r *remaker) tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if data, ok := r.right[t]; ok {
		return data, nil
	}
	want, err := r.expected(ctx, t)
	if err != nil {
		return nil, err
	}
	data, err := r.kept(ctx, t)
	if err != nil {
		return nil, err
	}
	if data == nil || !comesTo(data, want) {
		if data, err = r.remake(ctx, t, want); err != nil {
			return nil, err
		}
		r.made[t] = data
	}
	r.right[t] = data
	return data, nil
}

// expected is the roots that the hashes of t come to, of the largest subtree first.
func (r *remaker) expected(ctx context.Context, t tlog.Tile) ([]tlog.Hash, error) {
	if t.W == tree.TileWidth {
		above := tlog.Tile{H: tree.TileHeight, L: t.L + 1, N: t.N / tree.TileWidth, W: r.width(t.L+1, t.N/tree.TileWidth)}
		data, err := r.tile(ctx, above)
		if err != nil {
			return nil, err
		}
		return []tlog.Hash{hashIn(data, int(t.N%tree.TileWidth))}, nil
	}
	var out []tlog.Hash
	for bit := tree.TileHeight - 1; bit >= 0; bit-- {
		if t.W>>bit&1 == 1 {
			out = append(out, r.edge.Subtree(tree.TileHeight*t.L+bit))
		}
	}
	return out, nil
}

// kept is t as the store has it, right or wrong; nil when it has not.
func (r *remaker) kept(ctx context.Context, t tlog.Tile) ([]byte, error) {
	data, err := tree.ReadTile(ctx, r.get, t)
	if errors.Is(err, tree.ErrTile) {
		return nil, nil
	}
	return data, err
}

func (r *remaker) remake(ctx context.Context, t tlog.Tile, want []tlog.Hash) ([]byte, error) {
	if t.L == 0 {
		o := over(t)
		leaves, err := r.leaves(ctx, o.First, o.First+o.Count)
		if errors.Is(err, errLetGo) {
			return nil, &tileError{o, err}
		}
		if err != nil {
			return nil, err
		}
		return verified(t, joined(leaves), want, true)
	}
	roots, err := r.rootsBelow(ctx, t)
	if err != nil {
		return nil, err
	}
	data, whole, err := r.fromBelow(ctx, t, roots, false)
	if err == nil && !whole && !comesTo(data, want) {
		data, whole, err = r.fromBelow(ctx, t, roots, true)
	}
	if err != nil {
		return nil, err
	}
	return verified(t, data, want, whole)
}

// verified is data if it is what was signed as t. whole says that it was made of entries
// alone, which are then others than were signed.
func verified(t tlog.Tile, data []byte, want []tlog.Hash, whole bool) ([]byte, error) {
	switch {
	case comesTo(data, want):
		return data, nil
	case whole:
		return nil, &tileError{over(t), fmt.Errorf("%w: its entries are not those that were signed", tree.ErrForked)}
	}
	return nil, &tileError{over(t), errLetGo}
}

// rootsBelow is what the tiles below t come to, as they are kept; one that is not kept is
// left out.
func (r *remaker) rootsBelow(ctx context.Context, t tlog.Tile) (map[int]tlog.Hash, error) {
	var paths []string
	for i := range t.W {
		paths = append(paths, tree.TilePath(below(t, i)))
	}
	got, err := r.get(ctx, paths)
	if err != nil {
		return nil, fmt.Errorf("read tiles: %w", err)
	}
	out := map[int]tlog.Hash{}
	for i, path := range paths {
		if data := got[path]; len(data) == tree.TileWidth*tlog.HashSize {
			out[i] = rootsOf(data)[0]
		}
	}
	return out, nil
}

func below(t tlog.Tile, i int) tlog.Tile {
	return tlog.Tile{H: tree.TileHeight, L: t.L - 1, N: t.N*tree.TileWidth + int64(i), W: tree.TileWidth}
}

// fromBelow makes t of the roots that the tiles below have, and of the entries where they
// have none, or everywhere if entries are to be preferred. whole says that it is of
// entries alone.
func (r *remaker) fromBelow(ctx context.Context, t tlog.Tile, roots map[int]tlog.Hash, prefer bool) (data []byte, whole bool, err error) {
	whole = true
	hashes := make([]tlog.Hash, t.W)
	for i := range hashes {
		root, kept := roots[i]
		if kept && !prefer {
			hashes[i], whole = root, false
			continue
		}
		hashes[i], err = r.root(ctx, over(below(t, i)))
		switch {
		case err == nil:
		case errors.Is(err, errLetGo) && kept:
			hashes[i], whole = root, false
		case errors.Is(err, errLetGo):
			return nil, false, &tileError{over(t), err}
		default:
			return nil, false, err
		}
	}
	return joined(hashes), whole, nil
}

// root is the root of the subtree of full tiles, of its entries.
func (r *remaker) root(ctx context.Context, of event.Range) (tlog.Hash, error) {
	if root, ok := r.roots[of]; ok {
		return root, nil
	}
	if of.Count <= tree.TileWidth {
		leaves, err := r.leaves(ctx, of.First, of.First+of.Count)
		if err != nil {
			return tlog.Hash{}, err
		}
		r.roots[of] = rootsOf(joined(leaves))[0]
		return r.roots[of], nil
	}
	left := event.Range{First: of.First, Count: of.Count / 2}
	right := event.Range{First: left.First + left.Count, Count: left.Count}
	a, err := r.root(ctx, left)
	if err != nil {
		return tlog.Hash{}, err
	}
	b, err := r.root(ctx, right)
	if err != nil {
		return tlog.Hash{}, err
	}
	delete(r.roots, left)
	delete(r.roots, right)
	r.roots[of] = tlog.NodeHash(a, b)
	return r.roots[of], nil
}

func hashIn(data []byte, i int) tlog.Hash {
	return tlog.Hash(data[i*tlog.HashSize : (i+1)*tlog.HashSize])
}

func joined(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

// rootsOf is the roots of the subtrees that the hashes of a tile are, the largest first.
func rootsOf(data []byte) (out []tlog.Hash) {
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		hashes[i] = hashIn(data, i)
	}
	for size := tree.TileWidth; size > 0; size /= 2 {
		if len(hashes) < size {
			continue
		}
		level := slices.Clone(hashes[:size])
		for ; len(level) > 1; level = level[:len(level)/2] {
			for i := range len(level) / 2 {
				level[i] = tlog.NodeHash(level[2*i], level[2*i+1])
			}
		}
		out, hashes = append(out, level[0]), hashes[size:]
	}
	return out
}

// comesTo reports whether the hashes of a tile come to these roots.
func comesTo(data []byte, want []tlog.Hash) bool {
	return slices.Equal(rootsOf(data), want)
}
