package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// tilesAtOnce is how many tiles are checked together: they share what they are checked
// against.
const tilesAtOnce = 16

// Copy archives what is published, once, as the holder h.
func (a *Archiver) Copy(ctx context.Context, h *lease.Hold) error {
	if err := a.Log.marks.goesOn(ctx); err != nil {
		return err
	}
	was := a.Archive.Known()
	if was.Note == nil {
		var err error
		if was, err = a.Archive.Checkpoint(ctx); err != nil {
			return err
		}
	}
	c, err := a.published(ctx)
	switch {
	case err != nil:
		return err
	case c.Size < was.Size:
		return fmt.Errorf("the archive has %d entries, and only %d are published", was.Size, c.Size)
	case c.Size == 0 || c.Size == was.Size && len(c.Cosigned) <= len(was.Cosigned):
		return nil
	}
	if c.Size > was.Size {
		if err := a.grow(ctx, h, was, c); err != nil {
			return err
		}
	}
	if err := a.mayWrite(h); err != nil {
		return err
	}
	err = a.Archive.Replace(ctx, archive.CheckpointPath, was.Note, c.Note)
	if errors.Is(err, archive.ErrChanged) { // by another holder
		_, err = a.Archive.Checkpoint(ctx)
		return errors.Join(lease.ErrLost, err)
	}
	if err != nil {
		return err
	}
	a.Archive.Know(c)
	a.fullAlarm.Store(false)
	return a.dropPartial(ctx, c.Size)
}

// mayWrite says why the holder h may not write to the archive any more.
func (a *Archiver) mayWrite(h *lease.Hold) error {
	if err := a.Log.Err(); err != nil {
		return err
	}
	_, err := h.Fence()
	return err
}

// published is the newest checkpoint, with cosignatures, if it is one of what this replica
// has read; one of no entries where there is none.
func (a *Archiver) published(ctx context.Context) (tree.Checkpoint, error) {
	raw, err := a.Store.Checkpoint(ctx)
	if err != nil || raw == nil {
		return tree.Checkpoint{}, err
	}
	p, err := published.Parse(raw)
	if err != nil {
		return tree.Checkpoint{}, err
	}
	c, err := a.Archive.Keys.Check(p.Note, a.Log.Origin)
	if err != nil {
		return tree.Checkpoint{}, err
	}
	return c, a.Log.checkTree(ctx, c.Tree())
}

// grow writes all that the tree of c has and that of was has not.
func (a *Archiver) grow(ctx context.Context, h *lease.Hold, was, c tree.Checkpoint) error {
	hashes := tree.HashReader(ctx, c.Tree(), a.Store.Tiles)
	if _, err := tree.ProveConsistency(was.Tree(), c.Tree(), hashes); err != nil {
		if errors.Is(err, tree.ErrForked) {
			return a.Log.stop(fmt.Errorf("the archive: %w", err))
		}
		return err
	}
	tiles := tree.TilesBetween(was.Size, c.Size)
	var missed event.Range
	for _, t := range tiles {
		if t.L != 0 {
			continue
		}
		if err := a.mayWrite(h); err != nil {
			return err
		}
		n, err := a.copyEntries(ctx, t, was.Size, hashes)
		if err != nil {
			return err
		}
		if n > 0 && missed.Count == 0 {
			missed.First = max(t.N*tree.TileWidth, was.Size)
		}
		missed.Count += n
	}
	for some := range slices.Chunk(tiles, tilesAtOnce) {
		if err := a.mayWrite(h); err != nil {
			return err
		}
		if err := a.copyTiles(ctx, some, hashes); err != nil {
			return err
		}
	}
	if missed.Count > 0 {
		a.alarm(ctx, event.AlarmData{Code: alarmMissed, About: aboutArchive, Entries: &missed})
	}
	return nil
}

// create keeps an object; a partial one until a full one is there.
func (a *Archiver) create(ctx context.Context, path string, data []byte) error {
	if err := a.Archive.Create(ctx, path, data); err != nil {
		return fmt.Errorf("archive %s: %w", path, err)
	}
	if kind, _ := archive.KindOf(path); kind == archive.KindPartial && !slices.Contains(a.partial, path) {
		a.partial = append(a.partial, path)
	}
	return nil
}

// copyEntries writes the bundle of a tile of level 0, once each of its entries has the
// hash that was signed. It returns how many were gone from the store before.
func (a *Archiver) copyEntries(ctx context.Context, t tlog.Tile, from int64, hashes tlog.HashReader) (missed int64, err error) {
	first := t.N * tree.TileWidth
	entries, err := a.entries(ctx, first, t.W)
	if err != nil {
		return 0, err
	}
	if entries == nil {
		return first + int64(t.W) - max(first, from), nil
	}
	signed, err := hashes.ReadHashes(indexesOf(tlog.Tile{H: tree.TileHeight, N: t.N, W: t.W}))
	if err != nil {
		return 0, err
	}
	var leaves [][]byte
	for i, e := range entries {
		if tlog.RecordHash(e.Leaf) != signed[i] {
			return 0, a.Log.stop(fmt.Errorf("%w: entry %d is not the one that was signed", tree.ErrForked, e.Number))
		}
		leaves = append(leaves, e.Leaf)
	}
	if err := a.copyAsides(ctx, entries, from); err != nil {
		return 0, err
	}
	bundle, err := tree.Bundle(leaves)
	if err != nil {
		return 0, err
	}
	seals, err := archive.Seals(entries)
	if err != nil {
		return 0, err
	}
	if err := a.create(ctx, archive.SealsPath(t), seals); err != nil {
		return 0, err
	}
	return 0, a.create(ctx, tree.TilePath(tree.BundleOf(t)), bundle)
}

// entries returns the entries from a number on; nil where the store has let go of some.
func (a *Archiver) entries(ctx context.Context, first int64, count int) ([]entry.Entry, error) {
	var out []entry.Entry
	for len(out) < count {
		at := first + int64(len(out))
		some, _, err := a.Log.kept.read(ctx, at, count-len(out))
		if err != nil {
			return nil, err
		}
		if len(some) == 0 || some[0].Number != at {
			oldest, _, err := a.Log.Entries.Bounds(ctx)
			if err == nil && at >= oldest {
				err = a.Log.mending.missing(ctx, at)
			}
			return nil, err
		}
		for _, e := range some {
			if e.Number != first+int64(len(out)) {
				break
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// copyAsides writes the free text of entries from a number on. What was erased meanwhile
// is erased here too: whoever erases does so in the store first.
func (a *Archiver) copyAsides(ctx context.Context, entries []entry.Entry, from int64) error {
	var numbers []int64
	events := map[int64][]byte{}
	for _, e := range entries {
		ev, err := event.Decode(e.Leaf, nil)
		if err == nil && e.Number >= from && len(ev.Texts()) > 0 {
			numbers, events[e.Number] = append(numbers, e.Number), e.Leaf
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	asides, err := a.Log.Entries.Asides(ctx, numbers)
	if err != nil {
		return err
	}
	var written []int64
	for _, n := range numbers {
		if !isAside(events[n], asides[n]) {
			continue
		}
		if err := a.create(ctx, archive.AsidePath(n), asides[n]); err != nil {
			return err
		}
		written = append(written, n)
	}
	still, err := a.Log.Entries.Asides(ctx, written)
	if err != nil {
		return err
	}
	for _, n := range written {
		if still[n] == nil {
			if err := a.Archive.Delete(ctx, archive.AsidePath(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// isAside reports whether aside is that of the Event.
func isAside(leaf, aside []byte) bool {
	ev, err := event.Decode(leaf, aside)
	if err != nil || len(aside) == 0 {
		return false
	}
	return !slices.ContainsFunc(ev.Texts(), func(t event.Text) bool { return t.Altered() || t.Erased() })
}

// copyTiles writes tiles of hashes, and has the store let go of those that are full.
func (a *Archiver) copyTiles(ctx context.Context, tiles []tlog.Tile, hashes tlog.HashReader) error {
	var indexes []int64
	for _, t := range tiles {
		indexes = append(indexes, indexesOf(t)...)
	}
	all, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	var full []string
	for _, t := range tiles {
		var data bytes.Buffer
		for _, hash := range all[:t.W] {
			data.Write(hash[:])
		}
		all = all[t.W:]
		if err := a.create(ctx, tree.TilePath(t), data.Bytes()); err != nil {
			return err
		}
		if t.W == tree.TileWidth {
			full = append(full, tree.TilePath(t))
		}
	}
	if len(full) == 0 {
		return nil
	}
	return a.Store.DeleteTiles(ctx, full)
}

// indexesOf are the indexes of the hashes of a tile.
func indexesOf(t tlog.Tile) []int64 {
	out := make([]int64, t.W)
	for i := range out {
		out[i] = tlog.StoredHashIndex(t.L*tree.TileHeight, t.N*tree.TileWidth+int64(i))
	}
	return out
}

// dropPartial deletes partial objects that full ones stand in for.
func (a *Archiver) dropPartial(ctx context.Context, size int64) error {
	var left []string
	for _, path := range a.partial {
		t, err := tree.ParseTilePath(archive.PathOfTile(path))
		if err != nil || size>>(tree.TileHeight*max(t.L, 0)) < (t.N+1)*tree.TileWidth {
			left = append(left, path)
			continue
		}
		if err := a.Archive.Delete(ctx, path); err != nil {
			return err
		}
	}
	a.partial = left
	return nil
}
