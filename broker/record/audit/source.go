package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
)

// A Source is where a record can be read: the store, an archive, or a file. Nothing that
// it returns is trusted.
type Source interface {
	// Checkpoint returns the newest checkpoint as it was signed; nil when there is none.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Bounds returns the number of the first entry that is kept, and the number after the
	// last: they are equal where there is none.
	Bounds(ctx context.Context) (first, next int64, err error)
	// Read returns up to limit entries from number from on, in order, without Asides. What
	// stands there and is no entry is returned with what could be read of it.
	Read(ctx context.Context, from int64, limit int) ([]entry.Entry, error)
	// Asides returns the Asides of entries; one that has none, or was erased, is left out.
	Asides(ctx context.Context, numbers []int64) (map[int64][]byte, error)
	// Tiles returns the tiles of these C2SP paths; one that is not there is left out.
	Tiles(ctx context.Context, paths []string) (map[string][]byte, error)
}

// ErrDamaged says that a Source answered, and that what it holds is not what a record is
// kept as.
var ErrDamaged = errors.New("it is damaged")

// FromStore reads the record where it is written.
func FromStore(entries entry.Store, checkpoints published.Store) Source {
	return storeSource{entries, checkpoints}
}

type storeSource struct {
	entry.Store
	checkpoints published.Store
}

func (s storeSource) Checkpoint(ctx context.Context) ([]byte, error) {
	raw, err := s.checkpoints.Checkpoint(ctx)
	if err != nil || raw == nil {
		return nil, err
	}
	p, err := published.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return p.Note, nil
}

func (s storeSource) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	return s.checkpoints.Tiles(ctx, paths)
}

// WithTiles is a Source with the tiles that it has no more read from an archive, which has
// them for good.
func WithTiles(source, archive Source) Source { return tilesToo{source, archive} }

type tilesToo struct {
	Source
	archive Source
}

// manyWidths is more paths than are asked for but when any width of a tile would do; the
// archive is not asked for so many.
const manyWidths = 64

func (s tilesToo) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	found, err := s.Source.Tiles(ctx, paths)
	if err != nil || len(found) == len(paths) || len(paths) > manyWidths {
		return found, err
	}
	var missing []string
	for _, path := range paths {
		if _, ok := found[path]; !ok {
			missing = append(missing, path)
		}
	}
	more, err := s.archive.Tiles(ctx, missing)
	maps.Copy(found, more)
	return found, err
}
