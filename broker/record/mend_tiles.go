package record

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A store can lose tiles, or have others. Whoever signs makes those anew that are not as they
// were signed, and an alarm says so: those that the next checkpoint needs at once, all others
// as it reads again what the store keeps.
//
// A tile of entries that nobody keeps any more cannot be made anew. If the tree grows from it
// the Log stops, since no later entry could be proved to be in the tree. If not, signing goes
// on, and an alarm says which entries cannot be proved to be there any more.

const alarmTiles = "tiles_made_anew"

// onTiles does what reads the tiles that some entries of a tree are under. If one is missing
// or wrong it makes them anew, and does it again.
func (t *tiling) onTiles(ctx context.Context, edge tree.Edge, do func() error, entries ...int64) error {
	err := do()
	if !errors.Is(err, tree.ErrTile) || edge.Size() == 0 {
		return err
	}
	r := tree.NewRemaker(edge, t.store.Tiles, t.log.mending.leaves)
	err = t.makeAnew(ctx, r, entries...)
	t.tellMade(r)
	if err != nil {
		return err
	}
	return do()
}

// makeAnew makes anew what is missing or wrong of the tiles that entries are under. One of
// which the tree grows has to be there then.
func (t *tiling) makeAnew(ctx context.Context, r *tree.Remaker, entries ...int64) error {
	for _, at := range entries {
		if err := r.Cover(ctx, at); err != nil {
			return t.unmade(err)
		}
	}
	return r.Keep(ctx, t.store)
}

// unmade stops the Log for a tile that is needed and cannot be made anew.
func (t *tiling) unmade(err error) error {
	var wrong *tree.TileError
	if errors.As(err, &wrong) {
		return t.log.stop(fmt.Errorf("%w; %s", wrong, whatToDo))
	}
	return err
}

// tellMade raises one alarm about all tiles that r has made anew and kept.
func (t *tiling) tellMade(r *tree.Remaker) {
	all := event.Range(r.Kept())
	if all.Count == 0 {
		return
	}
	t.out.Error("tiles of the record were missing or wrong in the store: they were made anew", "first", all.First, "count", all.Count)
	t.log.alarm(event.AlarmData{Code: alarmTiles, Entries: &all})
}
