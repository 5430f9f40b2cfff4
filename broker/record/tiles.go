package record

import (
	"context"
	"fmt"
	"log/slog"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// growAtOnce is how many entries are added to the tiles at once.
const growAtOnce = 4096

// tiling keeps the tiles of the tree that is signed.
type tiling struct {
	log   *Log
	store published.Store
	out   *slog.Logger
}

// grow adds the entries between edge and to to the tiles, and returns the edge of to.
func (t *tiling) grow(ctx context.Context, edge tree.Edge, to tlog.Tree) (tree.Edge, error) {
	for edge.Size() < to.N {
		leaves, err := t.leaves(ctx, edge.Size(), min(to.N, edge.Size()+growAtOnce))
		if err != nil {
			return tree.Edge{}, err
		}
		var grown tree.Edge
		var tiles map[string][]byte
		err = t.onTiles(ctx, edge, func() (err error) {
			grown, tiles, err = tree.Grow(ctx, edge, leaves, t.store.Tiles)
			return err
		}, edge.Size()-1)
		if err != nil {
			return tree.Edge{}, err
		}
		if err := t.store.SaveTiles(ctx, tiles); err != nil {
			return tree.Edge{}, err
		}
		edge = grown
	}
	if edge.Root() != to.Hash {
		return tree.Edge{}, t.log.stop(entry.Disagrees(fmt.Errorf("%w: the store has other %d entries than this replica has read", tree.ErrForked, to.N)))
	}
	return edge, nil
}

// sign signs the tree of an edge, which goes on from old.
func (t *tiling) sign(ctx context.Context, signer *tree.Signer, old tree.Checkpoint, edge tree.Edge) (note []byte, err error) {
	to := edge.Tree()
	err = t.onTiles(ctx, edge, func() (err error) {
		note, err = signer.Advance(old, to, tree.HashReader(ctx, to, t.store.Tiles))
		return err
	}, max(old.Size-1, 0), to.N-1)
	return note, err
}

// leaves returns the hashes of the entries from one number up to another.
func (t *tiling) leaves(ctx context.Context, from, to int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for at := from; at < to; {
		entries, _, err := t.log.kept.read(ctx, at, int(min(to-at, entry.PageMost)))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Number != at {
				return nil, t.log.mending.missing(ctx, at)
			}
			out = append(out, tlog.RecordHash(e.Leaf))
			at++
		}
		if len(entries) == 0 {
			return nil, t.log.mending.missing(ctx, at)
		}
	}
	return out, nil
}

// dropPartial forgets the partial tiles of a tree that has grown.
func (t *tiling) dropPartial(ctx context.Context, was, now int64) {
	if was == now {
		return
	}
	var paths []string
	for level, size := 0, was; size > 0; level, size = level+1, size>>tree.TileHeight {
		if width := int(size % tree.TileWidth); width > 0 && now>>(tree.TileHeight*level) != size {
			paths = append(paths, tree.TilePath(tlog.Tile{H: tree.TileHeight, L: level, N: size / tree.TileWidth, W: width}))
		}
	}
	if len(paths) == 0 {
		return
	}
	if err := t.store.DeleteTiles(ctx, paths); err != nil {
		t.out.Warn("partial tiles of the record stay until the next are dropped", "error", err)
	}
}
