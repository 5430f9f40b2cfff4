package audit

import (
	"context"
	"fmt"

	"github.com/assumebot/assumebot/broker/record/tree"
)

// ProveFrom proves an entry of a Source by its newest checkpoint, and checks that itself.
// It returns the proof and the entry's bytes.
func ProveFrom(ctx context.Context, source Source, keys tree.PublicKeys, n int64) (data, leaf []byte, err error) {
	raw, err := source.Checkpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	if raw == nil {
		return nil, nil, fmt.Errorf("%w: the bot signs the first one within seconds of its first entry", tree.ErrNoCheckpoint)
	}
	c, err := keys.CheckAny(raw)
	if err != nil {
		return nil, nil, err
	}
	if n >= c.Size {
		return nil, nil, fmt.Errorf("entry %d is not among the %d of the newest checkpoint: if it is there, it is signed within seconds", n, c.Size)
	}
	entries, err := source.Read(ctx, n, 1)
	if err != nil {
		return nil, nil, err
	}
	if len(entries) == 0 || entries[0].Number != n {
		return nil, nil, fmt.Errorf("entry %d is not here; an archive may have it", n)
	}
	if data, err = tree.Prove(n, c, tree.HashReader(ctx, c.Tree(), source.Tiles)); err != nil {
		return nil, nil, err
	}
	leaf = entries[0].Leaf
	_, _, err = keys.CheckProof(data, leaf, c.Origin)
	return data, leaf, err
}
