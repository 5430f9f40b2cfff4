package record

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// Begin finds where this replica begins to read: at the newest start that was signed, else
// at the first entry. It comes before Run. What does not check out stops the Log; other
// errors are of a store that is away.
func (l *Log) Begin(ctx context.Context, from published.Store, keys tree.PublicKeys) error {
	first, next, err := l.Entries.Bounds(ctx)
	if err != nil {
		return err
	}
	tiles := from
	if l.Archive != nil {
		tiles = archive.WithTiles(from, l.Archive)
	}
	l.mending.oldest.Store(first)
	l.marks.readTiles(tiles.Tiles)
	archived, err := l.beginArchive(ctx)
	if err != nil {
		return err
	}
	if next = max(next, archived); archived >= first {
		first = 0
	}
	raw, err := from.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if raw == nil {
		if first > 0 {
			return l.stop(fmt.Errorf("the entries before %d are gone, and there is no checkpoint to begin at", first))
		}
		return nil
	}
	p, err := published.Parse(raw)
	if err != nil {
		return l.stop(err)
	}
	newest, _, err := keys.CheckEdge(p.Note, p.Edge, l.Origin)
	if err != nil {
		return l.stop(err)
	}
	if next < newest.Size {
		return l.stop(fmt.Errorf("%w: %d entries were signed, and there are %d", tree.ErrRewound, newest.Size, next))
	}
	at, err := published.NewestStart(p, keys, l.Origin)
	if err != nil {
		return l.stop(err)
	}
	if at.Size() < first {
		return l.stop(fmt.Errorf("the entries from %d to %d are gone", at.Size(), first-1))
	}
	ids, err := l.idsBefore(ctx, at, tiles.Tiles)
	if err != nil {
		return err
	}
	l.begin(at, ids, newest.Tree())
	return nil
}

// idsBefore returns the IDs of the last Window entries of a tree, so that none of them can be
// written again for who begins to read after it. All of them must be there.
func (l *Log) idsBefore(ctx context.Context, at tree.Edge, get tree.GetTiles) (map[string]int64, error) {
	ids, next := map[string]int64{}, max(at.Size()-entry.Window, 0)
	if at.Size() == 0 {
		return ids, nil
	}
	hashes, err := l.leavesBefore(ctx, at, next, get)
	if err != nil {
		return nil, err
	}
	for oldest := next; next < at.Size(); {
		entries, _, err := l.kept.read(ctx, next, int(min(at.Size()-next, entry.PageMost)))
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			return nil, l.stop(fmt.Errorf("entry %d is gone", next))
		}
		for _, e := range entries {
			switch {
			case e.Number != next:
				return nil, l.stop(fmt.Errorf("entry %d is gone", next))
			case e.Check(l.Keys, l.Origin) != nil || tlog.RecordHash(e.Leaf) != hashes[next-oldest]:
				return nil, l.stop(fmt.Errorf("%w: entry %d is another one than was signed", tree.ErrForked, next))
			}
			ids[e.ID] = next
			next++
		}
	}
	return ids, nil
}

// leavesBefore returns the hashes of the entries from a number on, as the tree has them. Tiles
// that are missing or wrong keep nobody from it while their entries are there.
func (l *Log) leavesBefore(ctx context.Context, at tree.Edge, from int64, get tree.GetTiles) (hashes []tlog.Hash, err error) {
	r := tree.NewRemaker(at, get, l.mending.leaves)
	for n := from; n < at.Size(); n++ {
		hash, err := r.Leaf(ctx, n)
		var wrong *tree.TileError
		if errors.As(err, &wrong) {
			return nil, l.stop(fmt.Errorf("%w; %s", wrong, whatToDo))
		}
		if err != nil {
			return nil, fmt.Errorf("the tiles before %d: %w", at.Size(), err)
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// beginArchive reads how far the archive goes, where there is one: what the store lost is
// read from there. One that is away has to be compared later.
func (l *Log) beginArchive(ctx context.Context) (int64, error) {
	if l.Archive == nil {
		return 0, nil
	}
	c, err := l.Archive.Checkpoint(ctx)
	switch {
	case errors.Is(err, archive.ErrOther):
		return 0, l.stop(err)
	case err != nil:
		l.Log.Warn("the archive does not say how far it goes", "error", err)
	}
	return c.Size, nil
}
