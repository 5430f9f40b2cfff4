package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// An archiveSource reads an archive as far as the checkpoint that it had when it was
// opened. An archive has entries without what their writers said beside them.
type archiveSource struct {
	archive *archive.Archive
	note    []byte
	size    int64
}

// FromArchive reads an archive. Where it has no checkpoint it is empty.
func FromArchive(ctx context.Context, objects archive.Objects) (Source, error) {
	s := &archiveSource{archive: &archive.Archive{Objects: objects}}
	raw, err := objects.Read(ctx, archive.CheckpointPath)
	switch {
	case errors.Is(err, archive.ErrNoObject):
		return s, nil
	case err != nil:
		return nil, err
	}
	c, err := tree.Unchecked(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	s.note, s.size = raw, c.Size
	return s, nil
}

func (s *archiveSource) Checkpoint(context.Context) ([]byte, error) { return s.note, nil }

func (s *archiveSource) Bounds(context.Context) (first, next int64, err error) { return 0, s.size, nil }

func (s *archiveSource) Read(ctx context.Context, from int64, limit int) ([]entry.Entry, error) {
	if from < 0 || from >= s.size {
		return nil, nil
	}
	bundle := tree.BundleOf(tlog.Tile{H: tree.TileHeight, N: from / tree.TileWidth, W: tree.TileWidth})
	start := bundle.N * tree.TileWidth
	bundle.W = int(min(s.size-start, tree.TileWidth))
	width := bundle.W
	data, err := s.archive.Read(ctx, tree.TilePath(bundle))
	if errors.Is(err, archive.ErrNoObject) && bundle.W < tree.TileWidth { // the archive has grown since
		bundle.W = tree.TileWidth
		data, err = s.archive.Read(ctx, tree.TilePath(bundle))
	}
	if errors.Is(err, archive.ErrNoObject) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	leaves, err := tree.ParseBundle(data, bundle.W)
	if err != nil { // from there on they are no entries
		leaves = append(leaves[:min(len(leaves), bundle.W-1)], make([][]byte, bundle.W)...)
	}
	leaves = leaves[from-start : width]
	out := make([]entry.Entry, min(len(leaves), limit))
	for i := range out {
		out[i] = entry.Entry{Number: from + int64(i), Sealed: entry.Sealed{Leaf: leaves[i]}}
	}
	return out, nil
}

func (s *archiveSource) Asides(ctx context.Context, numbers []int64) (map[int64][]byte, error) {
	return s.archive.Asides(ctx, numbers)
}

func (s *archiveSource) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	return s.archive.ReadAll(ctx, paths)
}
