package tree

import (
	"bytes"
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
	c, err := Unchecked(p.Checkpoint)
	if err != nil {
		return 0, Checkpoint{}, err
	}
	return k.CheckProof(data, leaf, c.Origin)
}
