package record

import (
	"encoding/json"
	"fmt"
	"time"
)

// What the publisher keeps in the store beside the entries: the newest checkpoint, and
// where a replica that starts may begin to read. It is not trusted. Checkpoints are signed,
// and an edge counts only if its root is the one that was signed.

const (
	// maxPublished bounds what is read.
	maxPublished = 1 << 20
	// startsMost bounds how many starts are kept.
	startsMost = 64
)

// A published is what stands in the store.
type published struct {
	Note   []byte  `json:"note"`             // the newest checkpoint
	Edge   []byte  `json:"edge"`             // of the tree that it signs
	Starts []start `json:"starts,omitempty"` // oldest first
	// Witnesses are the sizes that each was last known to have seen, by name.
	Witnesses map[string]int64 `json:"witnesses,omitempty"`
	Cosigned  []byte           `json:"cosigned,omitempty"` // the newest checkpoint that all of them cosigned, with the cosignatures
}

// A start is a checkpoint after which everything that still restricts was restated, so
// that nothing before it has to be read.
type start struct {
	Note     []byte    `json:"note"`
	Edge     []byte    `json:"edge"`
	Restated int64     `json:"restated"` // number of the last entry that does so
	At       time.Time `json:"at"`       // by the clock of its publisher
}

func parsePublished(data []byte) (published, error) {
	if len(data) > maxPublished {
		return published{}, fmt.Errorf("the checkpoint in the store has %d bytes", len(data))
	}
	var p published
	if err := json.Unmarshal(data, &p); err != nil {
		return published{}, fmt.Errorf("the checkpoint in the store is not understood: %w", err)
	}
	if len(p.Starts) > startsMost {
		return published{}, fmt.Errorf("the checkpoint in the store has %d starts", len(p.Starts))
	}
	return p, nil
}
