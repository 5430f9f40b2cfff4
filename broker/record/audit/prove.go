package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/record/tree"
)

// Why an entry of a Source is not proved.
var (
	// ErrUnsigned says that no checkpoint covers it, if it is there at all.
	ErrUnsigned = errors.New("if it is there, it is signed within seconds")
	// ErrNotHere says that a checkpoint covers it, and the Source does not have its bytes.
	ErrNotHere = errors.New("it is not here; an archive may have it")
)

// A Proof is all that shows somebody that an entry is on the record.
type Proof struct {
	tree.Proved
	Data    []byte   // a receipt, as tree.Receipt makes it
	Keys    []string // the public keys of the log that signed it, as they are printed
	Lacking []string // the witnesses of the keys that did not cosign it
}

// ProveFrom proves an entry of a Source by its newest checkpoint, and checks that itself.
func ProveFrom(ctx context.Context, source Source, keys tree.PublicKeys, n int64) (Proof, error) {
	raw, err := source.Checkpoint(ctx)
	if err != nil {
		return Proof{}, err
	}
	return ProveBy(ctx, source, keys, raw, n)
}

// ProveBy is ProveFrom by that checkpoint of the Source.
func ProveBy(ctx context.Context, source Source, keys tree.PublicKeys, checkpoint []byte, n int64) (Proof, error) {
	if checkpoint == nil {
		return Proof{}, fmt.Errorf("%w: the bot signs the first one within seconds of its first entry", tree.ErrNoCheckpoint)
	}
	c, err := keys.CheckAny(checkpoint)
	if err != nil {
		return Proof{}, err
	}
	if n >= c.Size {
		return Proof{}, fmt.Errorf("entry %d is not among the %d of the newest checkpoint: %w", n, c.Size, ErrUnsigned)
	}
	entries, err := source.Read(ctx, n, 1)
	if err != nil {
		return Proof{}, err
	}
	if len(entries) == 0 || entries[0].Number != n {
		return Proof{}, fmt.Errorf("entry %d: %w", n, ErrNotHere)
	}
	hashes := tree.HashReader(ctx, c.Tree(), source.Tiles)
	p := Proof{Keys: keys.Signers(c), Lacking: keys.Uncosigned(c)}
	if p.Data, err = tree.Receipt(n, c, entries[0].Leaf, hashes); err != nil {
		return Proof{}, err
	}
	p.Proved, err = keys.CheckProof(p.Data, nil, c.Origin)
	return p, err
}
