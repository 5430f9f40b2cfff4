package record

import (
	"bytes"
	"context"
	"fmt"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"
)

// maxProof is the most bytes of a proof: a checkpoint, and at most 53 hashes of 45 bytes.
const maxProof = MaxNote + 4<<10

// Prove returns the proof that entry n is in the tree of c, as C2SP tlog-proof v1: all
// that it takes to check it are the entry and public keys. hashes are those of the tree
// as HashReader gives them.
func Prove(n int64, c Checkpoint, hashes tlog.HashReader) ([]byte, error) {
	if n < 0 || n >= c.Size {
		return nil, fmt.Errorf("entry %d is not among the %d of the checkpoint", n, c.Size)
	}
	path, err := tlog.ProveRecord(c.Size, n, hashes)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", n, err)
	}
	out := proof.TLogProof{Index: uint64(n), Checkpoint: c.Note}
	for _, h := range path {
		out.Hashes = append(out.Hashes, h)
	}
	return out.Marshal(), nil
}

// CheckProof checks what Prove returns, for the entry whose Event is leaf, in the log
// called origin. It returns the entry's number, and the checkpoint that has it.
func (k PublicKeys) CheckProof(data, leaf []byte, origin string) (int64, Checkpoint, error) {
	if len(data) > maxProof {
		return 0, Checkpoint{}, fmt.Errorf("a proof of %d bytes", len(data))
	}
	var p proof.TLogProof
	if err := p.Unmarshal(data); err != nil {
		return 0, Checkpoint{}, err
	}
	if !bytes.Equal(p.Marshal(), data) {
		return 0, Checkpoint{}, fmt.Errorf("a proof in another form than tlog-proof has")
	}
	c, err := k.Check(p.Checkpoint, origin)
	if err != nil {
		return 0, Checkpoint{}, err
	}
	n := int64(p.Index) //nolint:gosec // what overflows is negative
	if n < 0 || n >= c.Size {
		return 0, Checkpoint{}, fmt.Errorf("entry %d is not among the %d of the checkpoint", p.Index, c.Size)
	}
	path := make(tlog.RecordProof, len(p.Hashes))
	for i, h := range p.Hashes {
		path[i] = h
	}
	if err := tlog.CheckRecord(path, c.Size, c.Root, n, tlog.RecordHash(leaf)); err != nil {
		return 0, Checkpoint{}, fmt.Errorf("this event is not entry %d of the checkpoint: %w", n, err)
	}
	return n, c, nil
}

// CheckAnyProof is CheckProof for whichever log of the key the proof says that it is of.
func (k PublicKeys) CheckAnyProof(data, leaf []byte) (int64, Checkpoint, error) {
	if len(data) > maxProof {
		return 0, Checkpoint{}, fmt.Errorf("a proof of %d bytes", len(data))
	}
	var p proof.TLogProof
	if err := p.Unmarshal(data); err != nil {
		return 0, Checkpoint{}, err
	}
	c, err := unchecked(p.Checkpoint)
	if err != nil {
		return 0, Checkpoint{}, err
	}
	return k.CheckProof(data, leaf, c.Origin)
}

// ProveFrom proves an entry of a Source by its newest checkpoint, and checks that itself.
// It returns the proof and the entry's bytes.
func ProveFrom(ctx context.Context, source Source, keys PublicKeys, n int64) (data, leaf []byte, err error) {
	raw, err := source.Checkpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	if raw == nil {
		return nil, nil, fmt.Errorf("%w: the bot signs the first one within seconds of its first entry", ErrNoCheckpoint)
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
	if data, err = Prove(n, c, HashReader(ctx, c.Tree(), source.Tiles)); err != nil {
		return nil, nil, err
	}
	leaf = entries[0].Leaf
	_, _, err = keys.CheckProof(data, leaf, c.Origin)
	return data, leaf, err
}
