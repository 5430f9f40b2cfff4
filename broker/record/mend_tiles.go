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

const (
	alarmTiles     = "tiles_made_anew"
	alarmTilesLost = "tiles_lost"
	// tilesAgain is how many tiles of entries that the store has let go of are checked with
	// one checkpoint.
	tilesAgain = 64
)

// onTiles does what reads the tiles that some entries of a tree are under. If one is missing
// or wrong it makes them anew, and does it again.
func (p *Publisher) onTiles(ctx context.Context, edge tree.Edge, do func() error, entries ...int64) error {
	err := do()
	if !errors.Is(err, tree.ErrTile) || edge.Size() == 0 {
		return err
	}
	r := tree.NewRemaker(edge, p.Store.Tiles, p.Log.mending.leaves)
	err = p.makeAnew(ctx, r, entries...)
	p.tellMade(r)
	if err != nil {
		return err
	}
	return do()
}

// makeAnew makes anew what is missing or wrong of the tiles that entries are under. One of
// which the tree grows has to be there then.
func (p *Publisher) makeAnew(ctx context.Context, r *tree.Remaker, entries ...int64) error {
	for _, at := range entries {
		if err := r.Cover(ctx, at); err != nil {
			return p.unmade(err)
		}
	}
	return r.Keep(ctx, p.Store)
}

// unmade stops the Log for a tile that is needed and cannot be made anew.
func (p *Publisher) unmade(err error) error {
	var wrong *tree.TileError
	if errors.As(err, &wrong) {
		return p.Log.stop(fmt.Errorf("%w; %s", wrong, whatToDo))
	}
	return err
}

// tellMade raises one alarm about all tiles that r has made anew and kept.
func (p *Publisher) tellMade(r *tree.Remaker) {
	all := event.Range(r.Kept())
	if all.Count == 0 {
		return
	}
	p.Out.Error("tiles of the record were missing or wrong in the store: they were made anew", "first", all.First, "count", all.Count)
	p.Log.alarm(event.AlarmData{Code: alarmTiles, Entries: &all})
}

// recheckTile makes the tiles anew that an entry is under, as far as they are not as they were
// signed; false when one of them cannot be made.
func (p *Publisher) recheckTile(ctx context.Context, r *tree.Remaker, entry int64) (bool, error) {
	_, err := r.Leaf(ctx, entry)
	if kept := r.Keep(ctx, p.Store); kept != nil {
		return false, kept
	}
	var wrong *tree.TileError
	switch {
	case errors.As(err, &wrong) && errors.Is(err, tree.ErrLetGo):
		p.checked.lost = p.checked.lost.Join(wrong.Entries)
		return false, nil
	case wrong != nil:
		return false, p.unmade(err)
	}
	return err == nil, err
}

// recheckOld checks tiles of entries that the store has let go of, a part at a time. Where there
// is an archive it has them, and not the store.
func (p *Publisher) recheckOld(ctx context.Context, r *tree.Remaker, signed, first int64) error {
	if p.checked.oldEnd = min(first, signed) / tree.TileWidth; p.Archive != nil {
		p.checked.oldEnd = 0
	}
	for n := 0; n < tilesAgain && p.checked.old < p.checked.oldEnd; n++ {
		if _, err := p.recheckTile(ctx, r, p.checked.old*tree.TileWidth); err != nil {
			return err
		}
		p.checked.old++
	}
	return nil
}

// tellLost raises an alarm about tiles that cannot be made anew, if there was none about those.
func (p *Publisher) tellLost() {
	if p.checked.lost.Count == 0 || p.checked.lost == p.lostTiles {
		return
	}
	p.lostTiles = p.checked.lost
	lost := event.Range(p.lostTiles)
	p.Out.Error("tiles of the record are lost, and their entries are not kept: these entries cannot be proved to be in it any more",
		"first", lost.First, "count", lost.Count)
	p.Log.alarm(event.AlarmData{Code: alarmTilesLost, Entries: &lost})
}
