package record

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// atOnce is how many objects of an archive are read at a time.
const atOnce = 16

// An archiveSource reads an archive as far as the checkpoint that it had when it was
// opened. An archive has entries without what their writers said beside them.
type archiveSource struct {
	objects Objects
	note    []byte
	size    int64
}

// FromArchive reads an archive. Where it has no checkpoint it is empty.
func FromArchive(ctx context.Context, objects Objects) (Source, error) {
	s := &archiveSource{objects: objects}
	raw, err := objects.Read(ctx, CheckpointPath)
	switch {
	case errors.Is(err, ErrNoObject):
		return s, nil
	case err != nil:
		return nil, err
	}
	c, err := unchecked(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	s.note, s.size = raw, c.Size
	return s, nil
}

func (s *archiveSource) Checkpoint(context.Context) ([]byte, error) { return s.note, nil }

func (s *archiveSource) Bounds(context.Context) (first, next int64, err error) { return 0, s.size, nil }

func (s *archiveSource) Read(ctx context.Context, from int64, limit int) ([]Entry, error) {
	if from < 0 || from >= s.size {
		return nil, nil
	}
	bundle := tlog.Tile{H: tileHeight, L: bundles, N: from / tileWidth, W: tileWidth}
	start := bundle.N * tileWidth
	bundle.W = int(min(s.size-start, tileWidth))
	width := bundle.W
	data, err := s.objects.Read(ctx, TilePath(bundle))
	if errors.Is(err, ErrNoObject) && bundle.W < tileWidth { // the archive has grown since
		bundle.W = tileWidth
		data, err = s.objects.Read(ctx, TilePath(bundle))
	}
	if errors.Is(err, ErrNoObject) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	leaves, err := ParseBundle(data, bundle.W)
	if err != nil { // from there on they are no entries
		leaves = append(leaves[:min(len(leaves), bundle.W-1)], make([][]byte, bundle.W)...)
	}
	leaves = leaves[from-start : width]
	out := make([]Entry, min(len(leaves), limit))
	for i := range out {
		out[i] = Entry{Number: from + int64(i), Sealed: Sealed{Leaf: leaves[i]}}
	}
	return out, nil
}

func (s *archiveSource) Asides(ctx context.Context, numbers []int64) (map[int64][]byte, error) {
	paths := make([]string, len(numbers))
	for i, n := range numbers {
		paths[i] = AsidePath(n)
	}
	found, err := s.Tiles(ctx, paths)
	out := make(map[int64][]byte, len(found))
	for i, n := range numbers {
		if data, ok := found[paths[i]]; ok {
			out[n] = data
		}
	}
	return out, err
}

func (s *archiveSource) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		fails error
		slots = make(chan struct{}, atOnce)
		out   = make(map[string][]byte, len(paths))
	)
	for _, path := range paths {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			data, err := s.objects.Read(ctx, path)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				out[path] = data
			case !errors.Is(err, ErrNoObject):
				fails = err
			}
		})
	}
	all.Wait()
	return out, fails
}
