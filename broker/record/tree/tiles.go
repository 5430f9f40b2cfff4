package tree

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The hashes and the entries of the tree are kept as C2SP tlog-tiles. A tile has 256
// hashes of one level, where a level is the roots of the whole tiles of the level
// below; an entry bundle has the entries whose hashes are one tile of level 0. The last
// tile of each level may be partial: it has another path for each width, so that none
// ever changes.

// MaxLeaf is the most bytes of one Event. C2SP tlog-tiles has at most 65,535.
const MaxLeaf = 32 << 10

const (
	// TileHeight is that of all tiles.
	TileHeight = 8
	// TileWidth is how many hashes, or entries, a full tile has.
	TileWidth = 1 << TileHeight
	// bundles is the level that tlog gives to tiles of entries.
	bundles = -1
)

// A GetTiles returns the tiles of these paths, as Checkpoints.Tiles does; one that is
// not there is left out. What it returns is not trusted.
type GetTiles func(ctx context.Context, paths []string) (map[string][]byte, error)

// TilePath returns the path of a tile of height 8, or of a bundle, which has level -1.
func TilePath(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", TileHeight))
	if t.L == bundles {
		path = "entries/" + strings.TrimPrefix(path, "data/")
	}
	return "tile/" + path
}

// ParseTilePath returns the tile of a path, of a tree of up to MaxSize entries.
func ParseTilePath(path string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || len(path) > 64 {
		return tlog.Tile{}, fmt.Errorf("no path of a tile: %.64q", path)
	}
	if number, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + number
	}
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", TileHeight, rest))
	hashes := int64(MaxSize) >> min(TileHeight*max(t.L, 0), 63) // of its level
	if err != nil || TilePath(t) != path || t.N > hashes>>TileHeight || t.N<<TileHeight+int64(t.W) > hashes {
		return tlog.Tile{}, fmt.Errorf("no path of a tile: %q", path)
	}
	return t, nil
}

// TilesBetween returns the tiles of hashes that a tree of size to has and one of size
// from has not, without empty ones. The bundles that it has anew have the numbers and
// widths of those of level 0.
func TilesBetween(from, to int64) []tlog.Tile {
	return tlog.NewTiles(TileHeight, from, to)
}

// BundleOf returns the bundle with the entries of a tile of level 0.
func BundleOf(t tlog.Tile) tlog.Tile {
	t.L = bundles
	return t
}

// Bundle returns the bytes of a bundle: each entry after its length in 2 bytes.
func Bundle(leaves [][]byte) ([]byte, error) {
	var out []byte
	for _, leaf := range leaves {
		if len(leaf) == 0 || len(leaf) > MaxLeaf {
			return nil, fmt.Errorf("an event of %d bytes", len(leaf))
		}
		out = binary.BigEndian.AppendUint16(out, uint16(len(leaf))) //nolint:gosec // at most MaxLeaf
		out = append(out, leaf...)
	}
	return out, nil
}

// ParseBundle returns the entries of a bundle, of which it has width; with an error,
// those before what is damaged. They share its memory.
func ParseBundle(data []byte, width int) ([][]byte, error) {
	if width < 1 || width > TileWidth {
		return nil, fmt.Errorf("a bundle of %d events", width)
	}
	leaves := make([][]byte, 0, width)
	for range width {
		if len(data) < 2 {
			return leaves, fmt.Errorf("a bundle ends after %d of %d events", len(leaves), width)
		}
		size := int(binary.BigEndian.Uint16(data))
		if size == 0 || size > MaxLeaf || size > len(data)-2 {
			return leaves, fmt.Errorf("event %d of a bundle has %d bytes", len(leaves), size)
		}
		leaves = append(leaves, data[2:2+size:2+size])
		data = data[2+size:]
	}
	if len(data) != 0 {
		return leaves, fmt.Errorf("a bundle has %d bytes after its events", len(data))
	}
	return leaves, nil
}

// HashReader reads the hashes of a tree from its tiles. It returns none that does not
// belong to the tree: each is checked against the root. Several may use it at once.
func HashReader(ctx context.Context, tree tlog.Tree, get GetTiles) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		if tree.N < 0 || tree.N > MaxSize {
			return nil, fmt.Errorf("a tree of %d entries", tree.N)
		}
		if len(indexes) == 0 {
			return nil, nil
		}
		if tree.N == 0 {
			return nil, fmt.Errorf("a tree of no entries has no hashes")
		}
		r := &tileReader{ctx: ctx, get: get}
		hashes, err := tlog.TileHashReader(tree, r).ReadHashes(indexes)
		if err != nil && !r.away && !errors.Is(err, ErrTile) {
			err = fmt.Errorf("%w: %w", ErrTile, err)
		}
		return hashes, err
	})
}

// A tileReader reads tiles for tlog, which checks them.
type tileReader struct {
	ctx  context.Context // of the one call of ReadHashes that it is made for
	get  GetTiles
	away bool // get has failed
}

func (*tileReader) Height() int { return TileHeight }

func (*tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles asks for the tiles by their own paths, then for the whole ones, since a
// partial tile may be deleted once it is whole, and then for any that are wider.
func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	missing := tiles
	for _, widths := range []func(width int) (from, to int){
		func(width int) (from, to int) { return width, width },
		func(int) (from, to int) { return TileWidth, TileWidth },
		func(width int) (from, to int) { return width + 1, TileWidth - 1 },
	} {
		got, err := r.get(r.ctx, pathsOf(missing, widths))
		if err != nil {
			r.away = true
			return nil, fmt.Errorf("read tiles: %w", err)
		}
		missing = nil
		for i, t := range tiles {
			if out[i] == nil {
				if out[i], err = narrowest(t, widths, got); err != nil {
					return nil, err
				}
			}
			if out[i] == nil {
				missing = append(missing, t)
			}
		}
		if len(missing) == 0 {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%w: %s, and %d others", ErrTile, TilePath(missing[0]), len(missing)-1)
}

// ErrTile says that a tile of the tree cannot be had.
var ErrTile = errors.New("a tile is missing or damaged")

// ReadTile returns the hashes of a tile, from the tile itself or a wider one; ErrTile where
// none can be had.
func ReadTile(ctx context.Context, get GetTiles, t tlog.Tile) ([]byte, error) {
	data, err := (&tileReader{ctx: ctx, get: get}).ReadTiles([]tlog.Tile{t})
	if err != nil {
		return nil, err
	}
	return data[0], nil
}

func pathsOf(tiles []tlog.Tile, widths func(int) (from, to int)) []string {
	var paths []string
	for _, t := range tiles {
		from, to := widths(t.W)
		for t.W = from; t.W <= to; t.W++ {
			paths = append(paths, TilePath(t))
		}
	}
	return paths
}

// narrowest returns the hashes of t from the narrowest tile among got that has them;
// nil when there is none.
func narrowest(t tlog.Tile, widths func(int) (from, to int), got map[string][]byte) ([]byte, error) {
	wider := t
	from, to := widths(t.W)
	for wider.W = from; wider.W <= to; wider.W++ {
		data, ok := got[TilePath(wider)]
		if !ok {
			continue
		}
		if len(data) != wider.W*tlog.HashSize {
			return nil, fmt.Errorf("%w: %s has %d bytes", ErrTile, TilePath(wider), len(data))
		}
		return data[:t.W*tlog.HashSize], nil
	}
	return nil, nil
}
