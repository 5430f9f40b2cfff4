package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// proving is the record as the broker has it proved.
type proving struct{ *record.Prover }

// Written implements [broker.Provers].
func (p proving) Written(ctx context.Context, number int64) ([]byte, error) {
	leaf, err := p.Prover.Written(ctx, number)
	if errors.Is(err, entry.ErrNone) {
		err = fmt.Errorf("%w: %w", broker.ErrNoEntry, err)
	}
	return leaf, err
}

// Prove implements [broker.Provers].
func (p proving) Prove(ctx context.Context, number int64) (broker.Receipt, error) {
	proof, err := p.Prover.Prove(ctx, number)
	switch {
	case errors.Is(err, audit.ErrUnsigned), errors.Is(err, tree.ErrNoCheckpoint):
		return broker.Receipt{}, fmt.Errorf("%w: %w", broker.ErrUnsigned, err)
	case err != nil:
		return broker.Receipt{}, fmt.Errorf("prove entry %d: %w", number, err)
	}
	r := broker.Receipt{
		Number:  proof.Number,
		Leaf:    proof.Leaf,
		Proof:   string(proof.Data),
		Keys:    proof.Keys,
		Origin:  proof.In.Origin,
		Size:    proof.In.Size,
		Lacking: proof.Lacking,
	}
	for _, by := range proof.In.Cosigned {
		r.Cosigned = append(r.Cosigned, by.Witness)
	}
	return r, nil
}
