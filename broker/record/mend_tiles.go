package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
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

// leafHashes returns the hashes of the entries from one number up to another.
func (l *Log) leafHashes(ctx context.Context, from, to int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for at := from; at < to; at = from + int64(len(out)) {
		entries, _, err := l.readFrom(ctx, at, int(min(to-at, entry.PageMost)))
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 || entries[0].Number != at {
			first, _, err := l.Entries.Bounds(ctx)
			switch {
			case err != nil:
				return nil, err
			case at < first:
				return nil, errLetGo
			}
			return nil, l.missing(ctx, at)
		}
		for _, e := range entries {
			if e.Number == from+int64(len(out)) {
				out = append(out, tlog.RecordHash(e.Leaf))
			}
		}
	}
	return out[:to-from], nil
}

// onTiles does what reads the tiles that some entries of a tree are under. If one is missing
// or wrong it makes them anew, and does it again.
func (p *Publisher) onTiles(ctx context.Context, edge tree.Edge, do func() error, entries ...int64) error {
	err := do()
	if !errors.Is(err, tree.ErrTile) || edge.Size() == 0 {
		return err
	}
	r := newRemaker(edge, p.Store.Tiles, p.Log.leafHashes)
	err = p.makeAnew(ctx, r, entries...)
	p.tellMade(r)
	if err != nil {
		return err
	}
	return do()
}

// makeAnew makes anew what is missing or wrong of the tiles that entries are under. One of
// which the tree grows has to be there then.
func (p *Publisher) makeAnew(ctx context.Context, r *remaker, entries ...int64) error {
	for _, at := range entries {
		tiles, err := r.covering(at)
		if err != nil {
			return err
		}
		for _, t := range tiles {
			if _, err := r.tile(ctx, t); err != nil && (t.W < tree.TileWidth || !errors.Is(err, errLetGo)) {
				return p.unmade(err)
			}
		}
	}
	return p.keepMade(ctx, r)
}

// unmade stops the Log for a tile that is needed and cannot be made anew.
func (p *Publisher) unmade(err error) error {
	var wrong *tileError
	if errors.As(err, &wrong) {
		return p.Log.stop(fmt.Errorf("%w; %s", wrong, whatToDo))
	}
	return err
}

// keepMade keeps what r has made anew, in the place of whatever the store had.
func (p *Publisher) keepMade(ctx context.Context, r *remaker) error {
	if len(r.made) == 0 {
		return nil
	}
	tiles, full := map[string][]byte{}, []string(nil)
	for t, data := range r.made {
		tiles[tree.TilePath(t)] = data
		for _, width := range []int{t.W, tree.TileWidth} { // a wider one would stay
			t.W = width
			full = append(full, tree.TilePath(t))
		}
	}
	if err := p.Store.DeleteTiles(ctx, slices.Compact(full)); err != nil {
		return err
	}
	if err := p.Store.SaveTiles(ctx, tiles); err != nil {
		return err
	}
	for t := range r.made {
		r.untold = both(r.untold, over(t))
	}
	r.made = map[tlog.Tile][]byte{}
	return nil
}

// tellMade raises one alarm about all tiles that r has made anew and that were kept.
func (p *Publisher) tellMade(r *remaker) {
	if r.untold.Count == 0 {
		return
	}
	all := r.untold
	r.untold = event.Range{}
	p.Out.Error("tiles of the record were missing or wrong in the store: they were made anew", "first", all.First, "count", all.Count)
	p.alarmOf(event.AlarmData{Code: alarmTiles, Entries: &all})
}

func (p *Publisher) alarmOf(a event.AlarmData) {
	p.Log.recordLater(event.Event{ID: rand.Text(), Time: p.Log.Now(), Data: a})
}

// both is a Range that has all of a and b.
func both(a, b event.Range) event.Range {
	if a.Count == 0 {
		return b
	}
	first, end := min(a.First, b.First), max(a.First+a.Count, b.First+b.Count)
	return event.Range{First: first, Count: end - first}
}

// recheckTile makes the tiles anew that an entry is under, as far as they are not as they were
// signed; false when one of them cannot be made.
func (p *Publisher) recheckTile(ctx context.Context, r *remaker, entry int64) (bool, error) {
	_, err := r.leafTile(ctx, entry)
	if kept := p.keepMade(ctx, r); kept != nil {
		return false, kept
	}
	var wrong *tileError
	switch {
	case errors.As(err, &wrong) && errors.Is(err, errLetGo):
		p.checked.lost = both(p.checked.lost, wrong.entries)
		return false, nil
	case wrong != nil:
		return false, p.unmade(err)
	}
	return err == nil, err
}

// recheckOld checks tiles of entries that the store has let go of, a part at a time. Where there
// is an archive it has them, and not the store.
func (p *Publisher) recheckOld(ctx context.Context, r *remaker, first int64) error {
	if p.checked.oldEnd = min(first, r.edge.Size()) / tree.TileWidth; p.Archive != nil {
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
	lost := p.lostTiles
	p.Out.Error("tiles of the record are lost, and their entries are not kept: these entries cannot be proved to be in it any more",
		"first", lost.First, "count", lost.Count)
	p.alarmOf(event.AlarmData{Code: alarmTilesLost, Entries: &lost})
}
