package record

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A rereading is what is read again at once.
type rereading struct {
	*rechecking
	signed tree.Edge
	tiles  *tree.Remaker
	pages  *audit.Pages
	start  int64 // a replica may begin there, so what is younger must have its MACs
}

func (r *rereading) begin(ctx context.Context) {
	r.pages = audit.NewPages(ctx, audit.FromStore(r.log.Entries, r.store), r.signed.Tree())
}

// page checks the entries of one tile, and returns how many there are.
func (r *rereading) page(ctx context.Context, at int64) (int64, *audit.Finding, error) {
	hashes, err := r.hashes(ctx, at)
	if err != nil {
		return 0, nil, err
	}
	entries, wrong, err := r.pages.Check(ctx, at, hashes)
	for _, e := range entries {
		if e.Number < r.start {
			continue
		}
		if err := e.Check(r.log.Keys, r.log.Origin); err != nil {
			return 0, audit.Broken(e.Number, err), nil
		}
	}
	return int64(len(entries)), wrong, err
}

// hashes are those that the entries have to have; nil when a tile is lost that proves them.
func (r *rereading) hashes(ctx context.Context, at int64) ([]tlog.Hash, error) {
	hashes, wrong, err := r.pages.Expected(at)
	if wrong == nil || err != nil {
		return hashes, err
	}
	ok, err := r.tile(ctx, r.tiles, at)
	if !ok || err != nil {
		return nil, err
	}
	if err := r.tiling.makeAnew(ctx, r.tiles, r.signed.Size()-1); err != nil {
		return nil, err
	}
	r.begin(ctx) // with the tiles that were made anew
	if hashes, wrong, err = r.pages.Expected(at); wrong != nil {
		err = wrong
	}
	return hashes, err
}

// tile makes the tiles anew that an entry is under, as far as they are not as they were
// signed; false when one of them cannot be made.
func (r *rechecking) tile(ctx context.Context, tiles *tree.Remaker, entry int64) (bool, error) {
	_, err := tiles.Leaf(ctx, entry)
	if kept := tiles.Keep(ctx, r.store); kept != nil {
		return false, kept
	}
	var wrong *tree.TileError
	switch {
	case errors.As(err, &wrong) && errors.Is(err, tree.ErrLetGo):
		r.checked.lost = r.checked.lost.Join(wrong.Entries)
		return false, nil
	case wrong != nil:
		return false, r.tiling.unmade(err)
	}
	return err == nil, err
}

// oldTiles checks tiles of entries that the store has let go of, a part at a time. Where there
// is an archive it has them, and not the store.
func (r *rechecking) oldTiles(ctx context.Context, tiles *tree.Remaker, signed, first int64) error {
	if r.checked.oldEnd = min(first, signed) / tree.TileWidth; r.archived {
		r.checked.oldEnd = 0
	}
	for n := 0; n < tilesAgain && r.checked.old < r.checked.oldEnd; n++ {
		if _, err := r.tile(ctx, tiles, r.checked.old*tree.TileWidth); err != nil {
			return err
		}
		r.checked.old++
	}
	return nil
}
