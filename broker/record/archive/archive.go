package archive

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// archiveReads is how many objects of the archive are read at once.
const archiveReads = 16

// ErrOther says that what stands in the archive's place is not the archive of
// this record, or is an older one than was read before.
var ErrOther = errors.New("the archive is not that of this record")

// An Archive is a copy of the record outside of the store, as its readers see it. It is
// not trusted either: its checkpoint is signed, its entries have their MACs, and its
// tiles are checked against a root. How far it goes says its own checkpoint. It is safe
// for concurrent use.
type Archive struct {
	Objects
	Keys   tree.PublicKeys // that check its checkpoint
	origin string

	mu   sync.Mutex
	seen tree.Checkpoint // the newest that was read, or written
}

// New returns the archive in objects of the record called origin.
func New(objects Objects, keys tree.PublicKeys, origin string) *Archive {
	return &Archive{Objects: objects, Keys: keys, origin: origin}
}

// Checkpoint reads how far the archive goes: one of no entries, without a note, where
// nothing was archived. ErrOtherArchive says that it is none that can follow.
func (a *Archive) Checkpoint(ctx context.Context) (tree.Checkpoint, error) {
	before := a.Known()
	raw, err := a.Read(ctx, CheckpointPath)
	if err != nil && !errors.Is(err, ErrNoObject) {
		return tree.Checkpoint{}, err
	}
	var none tree.Edge
	c := tree.Checkpoint{Origin: a.origin, Root: none.Root()}
	if err == nil {
		if c, err = a.Keys.Check(raw, a.origin); err != nil {
			return tree.Checkpoint{}, fmt.Errorf("%w: %w", ErrOther, err)
		}
	}
	if c.Size < before.Size || c.Size == before.Size && before.Note != nil && c.Root != before.Root {
		return tree.Checkpoint{}, fmt.Errorf("%w: it had %d entries, and has %d", ErrOther, before.Size, c.Size)
	}
	a.Know(c)
	return c, nil
}

// Known is the newest checkpoint that was read, without asking.
func (a *Archive) Known() tree.Checkpoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen
}

// Size is how many entries the archive had when it was last asked; 0 of none.
func (a *Archive) Size() int64 {
	if a == nil {
		return 0
	}
	return a.Known().Size
}

// Know takes in a checkpoint that was read, or written.
func (a *Archive) Know(c tree.Checkpoint) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.Size >= a.seen.Size {
		a.seen = c
	}
}

// Entries returns up to limit entries from number from on, of one bundle; none where the
// archive ends. The error is ErrNoObject where there is a gap.
func (a *Archive) Entries(ctx context.Context, from int64, limit int) ([]entry.Entry, error) {
	size := a.Size()
	if from < 0 || from >= size {
		return nil, nil
	}
	t := tlog.Tile{H: tree.TileHeight, N: from / tree.TileWidth, W: tree.TileWidth}
	t.W = int(min(size-t.N*tree.TileWidth, tree.TileWidth))
	entries, err := a.bundle(ctx, t)
	if errors.Is(err, ErrNoObject) && t.W < tree.TileWidth { // the archive has grown, and dropped the partial one
		t.W = tree.TileWidth
		entries, err = a.bundle(ctx, t)
	}
	if err != nil {
		return nil, err
	}
	entries = entries[from-t.N*tree.TileWidth:]
	return entries[:min(len(entries), limit)], nil
}

func (a *Archive) bundle(ctx context.Context, t tlog.Tile) ([]entry.Entry, error) {
	data, err := a.Read(ctx, tree.TilePath(tree.BundleOf(t)))
	if err != nil {
		return nil, err
	}
	leaves, err := tree.ParseBundle(data, t.W)
	if err != nil {
		return nil, err
	}
	if data, err = a.Read(ctx, SealsPath(t)); err != nil {
		return nil, err
	}
	return parseSeals(data, leaves, t.N*tree.TileWidth)
}

// Asides returns the Asides of entries; one that has none, or was erased, is left out.
func (a *Archive) Asides(ctx context.Context, numbers []int64) (map[int64][]byte, error) {
	paths := make([]string, len(numbers))
	for i, n := range numbers {
		paths[i] = AsidePath(n)
	}
	found, err := a.ReadAll(ctx, paths)
	out := make(map[int64][]byte, len(found))
	for i, n := range numbers {
		if data, ok := found[paths[i]]; ok && len(data) <= entry.MaxAside {
			out[n] = data
		}
	}
	return out, err
}

// ReadAll returns the objects of paths; one that is not there is left out.
func (a *Archive) ReadAll(ctx context.Context, paths []string) (map[string][]byte, error) {
	var (
		mu     sync.Mutex
		all    sync.WaitGroup
		failed error
		slots  = make(chan struct{}, archiveReads)
		out    = make(map[string][]byte, len(paths))
	)
	for _, path := range paths {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			data, err := a.Read(ctx, path)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				out[path] = data
			case !errors.Is(err, ErrNoObject):
				failed = err
			}
		})
	}
	all.Wait()
	return out, failed
}

// Edge returns the right edge of the tree of c, from the tiles of the archive.
func (a *Archive) Edge(ctx context.Context, c tree.Checkpoint) (tree.Edge, error) {
	e, err := tree.EdgeAt(c.Size, tree.HashReader(ctx, c.Tree(), a.ReadAll))
	if err != nil {
		return tree.Edge{}, fmt.Errorf("the tiles of the archive: %w", err)
	}
	if e.Tree() != c.Tree() {
		return tree.Edge{}, fmt.Errorf("%w: its tiles are not those of its checkpoint", ErrOther)
	}
	return e, nil
}

// WithTiles is what store keeps, with the tiles that it has no more read from the archive.
func WithTiles(store published.Store, archive *Archive) published.Store {
	return archivedTiles{store, archive}
}

type archivedTiles struct {
	published.Store
	archive *Archive
}

// Tiles implements [Checkpoints]. For a tile of which many widths are asked for the
// archive is not asked: then there is none of the width that is needed, nor a full one.
func (s archivedTiles) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	found, err := s.Store.Tiles(ctx, paths)
	if err != nil || len(found) == len(paths) {
		return found, err
	}
	missing, asked := map[tlog.Tile]string{}, map[tlog.Tile]int{}
	for _, path := range paths {
		t, err := tree.ParseTilePath(path)
		if err != nil {
			return nil, err
		}
		whole := t
		whole.W = tree.TileWidth
		asked[whole]++
		if _, ok := found[path]; !ok {
			missing[whole] = path
		}
	}
	var more []string
	for whole, path := range missing {
		if asked[whole] == 1 {
			more = append(more, path)
		}
	}
	archived, err := s.archive.ReadAll(ctx, more)
	for path, data := range archived {
		found[path] = data
	}
	return found, err
}
