package tree

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles that are missing or wrong are made anew. A tile at the right edge is right if the
// edge has the roots that its hashes come to; any other, if the tile above has the one. Of
// level 0 it is made of the entries; above, of the tiles below as they are kept, and where
// those do not come to what was signed, of the entries. So what is made is what was signed,
// whatever the store holds.

// A Remaker checks the tiles of one tree, and makes anew what is not as it was signed.
type Remaker struct {
	edge   Edge // of the tree
	get    GetTiles
	leaves GetLeaves

	// Roots are those of full subtrees that were made of entries. Who makes tiles in parts hands
	// them on, or it would read the same entries again in each part, and never get on.
	Roots map[Span]tlog.Hash
	right map[tlog.Tile][]byte
	made  map[tlog.Tile][]byte // of those, what was not kept so
	kept  Span                 // what the tiles are over that Keep has kept
}

// A GetLeaves returns the hashes of the entries from one number up to another; ErrLetGo where
// they are not kept any more.
type GetLeaves func(ctx context.Context, from, to int64) ([]tlog.Hash, error)

// NewRemaker returns one for the tree of an edge, whose tiles are read through get.
func NewRemaker(edge Edge, get GetTiles, leaves GetLeaves) *Remaker {
	return &Remaker{edge: edge, get: get, leaves: leaves, Roots: map[Span]tlog.Hash{}, right: map[tlog.Tile][]byte{}, made: map[tlog.Tile][]byte{}}
}

// Leaf returns the hash of an entry as it was signed, and so has made the tile right that it
// is in. An error is a TileError where that cannot be made.
func (r *Remaker) Leaf(ctx context.Context, entry int64) (tlog.Hash, error) {
	tiles, err := r.covering(entry)
	if err != nil {
		return tlog.Hash{}, err
	}
	data, err := r.tile(ctx, tiles[0])
	if err != nil {
		return tlog.Hash{}, err
	}
	return hashIn(data, int(entry%TileWidth)), nil
}

// Cover makes all tiles right that an entry is under, so that the tree can grow from it. Full
// ones whose entries were let go of are left as they are: it does not need those.
func (r *Remaker) Cover(ctx context.Context, entry int64) error {
	tiles, err := r.covering(entry)
	if err != nil {
		return err
	}
	for _, t := range tiles {
		if _, err := r.tile(ctx, t); err != nil && (t.W < TileWidth || !errors.Is(err, ErrLetGo)) {
			return err
		}
	}
	return nil
}

// A TileStore keeps tiles of hashes by their paths.
type TileStore interface {
	// SaveTiles keeps tiles; a wider one that is there may stay in their place.
	SaveTiles(ctx context.Context, tiles map[string][]byte) error
	// DeleteTiles forgets tiles; one that is not there is fine.
	DeleteTiles(ctx context.Context, paths []string) error
}

// Keep keeps what was made anew, in the place of whatever the store had.
func (r *Remaker) Keep(ctx context.Context, in TileStore) error {
	if len(r.made) == 0 {
		return nil
	}
	tiles, full := map[string][]byte{}, []string(nil)
	for t, data := range r.made {
		tiles[TilePath(t)] = data
		for _, width := range []int{t.W, TileWidth} { // a wider one would stay
			t.W = width
			full = append(full, TilePath(t))
		}
	}
	if err := in.DeleteTiles(ctx, slices.Compact(full)); err != nil {
		return err
	}
	if err := in.SaveTiles(ctx, tiles); err != nil {
		return err
	}
	for t := range r.made {
		r.kept = r.kept.Join(over(t))
	}
	clear(r.made)
	return nil
}

// Kept returns what the tiles are over that Keep has kept since it was called last.
func (r *Remaker) Kept() Span {
	out := r.kept
	r.kept = Span{}
	return out
}

// A Span is entries that stand side by side.
type Span struct{ First, Count int64 }

// Join returns the Span that has all of both, and what is between them.
func (s Span) Join(other Span) Span {
	switch {
	case s.Count == 0:
		return other
	case other.Count == 0:
		return s
	}
	first, end := min(s.First, other.First), max(s.First+s.Count, other.First+other.Count)
	return Span{First: first, Count: end - first}
}

// ErrLetGo says that entries are not kept any more.
var ErrLetGo = errors.New("its entries are not kept any more")

// A TileError says that a tile cannot be made anew: its entries were let go of (ErrLetGo), or
// are not those that were signed (ErrForked).
type TileError struct {
	Entries Span // that the tile is over
	Err     error
}

func (e *TileError) Error() string {
	return fmt.Sprintf("a tile over the entries from %d to %d is missing or wrong, and cannot be made anew: %v",
		e.Entries.First, e.Entries.First+e.Entries.Count-1, e.Err)
}

func (e *TileError) Unwrap() error { return e.Err }

// over is the entries that a tile is over.
func over(t tlog.Tile) Span {
	bits := TileHeight * t.L
	return Span{First: t.N * TileWidth << bits, Count: int64(t.W) << bits}
}

// covering are the tiles that an entry is under, from level 0 up.
func (r *Remaker) covering(entry int64) (out []tlog.Tile, err error) {
	if entry < 0 || entry >= r.edge.Size() {
		return nil, fmt.Errorf("no tile of %d entries is over entry %d", r.edge.Size(), entry)
	}
	for level := 0; r.edge.Size()>>(TileHeight*level) > 0; level++ {
		n := entry >> (TileHeight * (level + 1))
		if width := r.width(level, n); width > 0 {
			out = append(out, tlog.Tile{H: TileHeight, L: level, N: n, W: width})
		}
	}
	return out, nil
}

func (r *Remaker) width(level int, n int64) int {
	return int(min(r.edge.Size()>>(TileHeight*level)-n*TileWidth, TileWidth))
}

// tile returns the hashes of a tile as they were signed.
func (r *Remaker) tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if data, ok := r.right[t]; ok {
		return data, nil
	}
	want, err := r.expected(ctx, t)
	if err != nil {
		return nil, err
	}
	data, err := r.stored(ctx, t)
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
func (r *Remaker) expected(ctx context.Context, t tlog.Tile) ([]tlog.Hash, error) {
	if t.W == TileWidth {
		above := tlog.Tile{H: TileHeight, L: t.L + 1, N: t.N / TileWidth, W: r.width(t.L+1, t.N/TileWidth)}
		data, err := r.tile(ctx, above)
		if err != nil {
			return nil, err
		}
		return []tlog.Hash{hashIn(data, int(t.N%TileWidth))}, nil
	}
	var out []tlog.Hash
	for bit := TileHeight - 1; bit >= 0; bit-- {
		if t.W>>bit&1 == 1 {
			out = append(out, r.edge.Subtree(TileHeight*t.L+bit))
		}
	}
	return out, nil
}

// stored is t as the store has it, right or wrong; nil when it has not.
func (r *Remaker) stored(ctx context.Context, t tlog.Tile) ([]byte, error) {
	data, err := ReadTile(ctx, r.get, t)
	if errors.Is(err, ErrTile) {
		return nil, nil
	}
	return data, err
}

func (r *Remaker) remake(ctx context.Context, t tlog.Tile, want []tlog.Hash) ([]byte, error) {
	if t.L == 0 {
		o := over(t)
		leaves, err := r.leaves(ctx, o.First, o.First+o.Count)
		if errors.Is(err, ErrLetGo) {
			return nil, &TileError{o, err}
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
		return nil, &TileError{over(t), fmt.Errorf("%w: its entries are not those that were signed", ErrForked)}
	}
	return nil, &TileError{over(t), ErrLetGo}
}

// rootsBelow is what the tiles below t come to, as they are kept; one that is not kept is
// left out.
func (r *Remaker) rootsBelow(ctx context.Context, t tlog.Tile) (map[int]tlog.Hash, error) {
	var paths []string
	for i := range t.W {
		paths = append(paths, TilePath(below(t, i)))
	}
	got, err := r.get(ctx, paths)
	if err != nil {
		return nil, fmt.Errorf("read tiles: %w", err)
	}
	out := map[int]tlog.Hash{}
	for i, path := range paths {
		if data := got[path]; len(data) == TileWidth*tlog.HashSize {
			out[i] = rootsOf(data)[0]
		}
	}
	return out, nil
}

func below(t tlog.Tile, i int) tlog.Tile {
	return tlog.Tile{H: TileHeight, L: t.L - 1, N: t.N*TileWidth + int64(i), W: TileWidth}
}

// fromBelow makes t of the roots that the tiles below have, and of the entries where they
// have none, or everywhere if entries are to be preferred. whole says that it is of
// entries alone.
func (r *Remaker) fromBelow(ctx context.Context, t tlog.Tile, roots map[int]tlog.Hash, prefer bool) (data []byte, whole bool, err error) {
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
		case errors.Is(err, ErrLetGo) && kept:
			hashes[i], whole = root, false
		case errors.Is(err, ErrLetGo):
			return nil, false, &TileError{over(t), err}
		default:
			return nil, false, err
		}
	}
	return joined(hashes), whole, nil
}

// root is the root of the subtree of full tiles, of its entries.
func (r *Remaker) root(ctx context.Context, of Span) (tlog.Hash, error) {
	if root, ok := r.Roots[of]; ok {
		return root, nil
	}
	if of.Count <= TileWidth {
		leaves, err := r.leaves(ctx, of.First, of.First+of.Count)
		if err != nil {
			return tlog.Hash{}, err
		}
		r.Roots[of] = rootsOf(joined(leaves))[0]
		return r.Roots[of], nil
	}
	left := Span{First: of.First, Count: of.Count / 2}
	right := Span{First: left.First + left.Count, Count: left.Count}
	a, err := r.root(ctx, left)
	if err != nil {
		return tlog.Hash{}, err
	}
	b, err := r.root(ctx, right)
	if err != nil {
		return tlog.Hash{}, err
	}
	delete(r.Roots, left)
	delete(r.Roots, right)
	r.Roots[of] = tlog.NodeHash(a, b)
	return r.Roots[of], nil
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
	for size := TileWidth; size > 0; size /= 2 {
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
