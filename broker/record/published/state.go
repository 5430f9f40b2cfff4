package published

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// What the publisher keeps in the store beside the entries: the newest checkpoint, and
// where a replica that starts may begin to read. It is not trusted. Checkpoints are signed,
// and an edge counts only if its root is the one that was signed.

const (
	// maxPublished bounds what is read.
	maxPublished = 1 << 20
	// StartsMost bounds how many starts are kept.
	StartsMost = 64
	// KeptFor is how long the store keeps entries at least.
	KeptFor = 48 * time.Hour
)

// A State is what stands in the store.
type State struct {
	Note   []byte  `json:"note"`             // the newest checkpoint
	Edge   []byte  `json:"edge"`             // of the tree that it signs
	Starts []Start `json:"starts,omitempty"` // oldest first
	// Witnesses are the sizes that each was last known to have seen, by name.
	Witnesses map[string]int64 `json:"witnesses,omitempty"`
	Cosigned  []byte           `json:"cosigned,omitempty"` // the newest checkpoint that all of them cosigned, with the cosignatures
}

// A Start is a checkpoint after which everything that still restricts was restated, so
// that nothing before it has to be read.
type Start struct {
	Note     []byte    `json:"note"`
	Edge     []byte    `json:"edge"`
	Restated int64     `json:"restated"` // number of the last entry that does so
	At       time.Time `json:"at"`       // by the clock of its publisher
}

// Parse reads what stands in the store.
func Parse(data []byte) (State, error) {
	if len(data) > maxPublished {
		return State{}, fmt.Errorf("the checkpoint in the store has %d bytes", len(data))
	}
	var p State
	if err := json.Unmarshal(data, &p); err != nil {
		return State{}, fmt.Errorf("the checkpoint in the store is not understood: %w", err)
	}
	if len(p.Starts) > StartsMost {
		return State{}, fmt.Errorf("the checkpoint in the store has %d starts", len(p.Starts))
	}
	return p, nil
}

// Lease is that of whoever signs checkpoints.
const Lease = "record"

// Store keeps the newest signed checkpoint and the tiles of the tree.
type Store interface {
	// Checkpoint returns what Publish kept last; nil when there is nothing.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Publish replaces previous by next, atomically, while f is the newest turn of
	// SignerLease; false when another has had a turn since or previous is not there any more.
	Publish(ctx context.Context, f lease.Fence, previous, next []byte) (bool, error)
	// Tiles returns the hash tiles of these C2SP paths; one that is not there is left
	// out. A partial tile is there when a wider one is.
	Tiles(ctx context.Context, paths []string) (map[string][]byte, error)
	// SaveTiles keeps hash tiles by their C2SP paths. A wider one takes a partial
	// one's place.
	SaveTiles(ctx context.Context, tiles map[string][]byte) error
	// DeleteTiles forgets tiles; one that is not there is fine.
	DeleteTiles(ctx context.Context, paths []string) error
	// Trim forgets the entries of lower numbers than before, and their Asides. The newest
	// Window entries always stay: a writer needs the one that it has checked last, and a
	// reader their IDs.
	Trim(ctx context.Context, before int64) error
}

// NewestStart is the edge of the newest start; the empty tree's where there is none.
func NewestStart(p State, keys tree.PublicKeys, origin string) (tree.Edge, error) {
	if len(p.Starts) == 0 {
		return tree.Edge{}, nil
	}
	last := p.Starts[len(p.Starts)-1]
	_, at, err := keys.CheckEdge(last.Note, last.Edge, origin)
	return at, err
}
