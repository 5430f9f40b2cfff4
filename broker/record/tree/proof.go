package tree

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxProof is the most bytes of a proof: a checkpoint, at most 53 hashes of 45 bytes, and an
// entry in base64.
const MaxProof = MaxNote + 4<<10 + (MaxLeaf+2)/3*4

// Prove returns the proof that entry n is in the tree of c, as C2SP tlog-proof v1: all
// that it takes to check it are the entry and public keys. hashes are those of the tree
// as HashReader gives them.
func Prove(n int64, c Checkpoint, hashes tlog.HashReader) ([]byte, error) {
	return prove(n, c, nil, hashes)
}

// Receipt is Prove with the entry in it, as the extra data that tlog-proof has room for: one
// text of printable characters, which holds all but public keys.
func Receipt(n int64, c Checkpoint, leaf []byte, hashes tlog.HashReader) ([]byte, error) {
	if len(leaf) == 0 || len(leaf) > MaxLeaf {
		return nil, fmt.Errorf("an event of %d bytes", len(leaf))
	}
	return prove(n, c, leaf, hashes)
}

// Bare is a receipt without the entry: what Prove returns.
func Bare(receipt []byte) ([]byte, error) {
	p, err := parseProof(receipt)
	p.ExtraData = nil
	return p.Marshal(), err
}

func prove(n int64, c Checkpoint, leaf []byte, hashes tlog.HashReader) ([]byte, error) {
	if n < 0 || n >= c.Size {
		return nil, fmt.Errorf("entry %d is not among the %d of the checkpoint", n, c.Size)
	}
	path, err := tlog.ProveRecord(c.Size, n, hashes)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", n, err)
	}
	out := proof.TLogProof{Index: uint64(n), Checkpoint: c.Note, ExtraData: leaf}
	for _, h := range path {
		out.Hashes = append(out.Hashes, h)
	}
	return out.Marshal(), nil
}

// A Proved is what a proof says of an entry.
type Proved struct {
	Number int64
	Leaf   []byte     // its Event
	In     Checkpoint // that has it
}

// CheckProof checks what Prove or Receipt returns, in the log called origin, for the entry
// whose Event is leaf. Of a receipt leaf may be nil: it has its own. One that has another
// proves nothing.
func (k PublicKeys) CheckProof(data, leaf []byte, origin string) (Proved, error) {
	p, err := parseProof(data)
	if err != nil {
		return Proved{}, err
	}
	return k.checkProof(p, leaf, origin)
}

// CheckAnyProof is CheckProof for whichever log of the key the proof says that it is of.
func (k PublicKeys) CheckAnyProof(data, leaf []byte) (Proved, error) {
	p, err := parseProof(data)
	if err != nil {
		return Proved{}, err
	}
	c, err := Unchecked(p.Checkpoint)
	if err != nil {
		return Proved{}, err
	}
	return k.checkProof(p, leaf, c.Origin)
}

// ErrNoEntry says that the entry is neither in a proof nor beside it.
var ErrNoEntry = errors.New("the proof does not hold the entry that it is about")

func parseProof(data []byte) (proof.TLogProof, error) {
	if len(data) > MaxProof {
		return proof.TLogProof{}, fmt.Errorf("a proof of %d bytes", len(data))
	}
	var p proof.TLogProof
	if err := p.Unmarshal(data); err != nil {
		return proof.TLogProof{}, err
	}
	if !bytes.Equal(p.Marshal(), data) {
		return proof.TLogProof{}, errors.New("a proof in another form than tlog-proof has")
	}
	return p, nil
}

func (k PublicKeys) checkProof(p proof.TLogProof, leaf []byte, origin string) (Proved, error) {
	c, err := k.Check(p.Checkpoint, origin)
	if err != nil {
		return Proved{}, err
	}
	switch {
	case leaf == nil && len(p.ExtraData) == 0:
		return Proved{}, ErrNoEntry
	case leaf == nil:
		leaf = p.ExtraData
	case len(p.ExtraData) > 0 && !bytes.Equal(leaf, p.ExtraData):
		return Proved{}, errors.New("the proof holds another entry than the one beside it")
	}
	n := int64(p.Index) //nolint:gosec // what overflows is negative
	if n < 0 || n >= c.Size {
		return Proved{}, fmt.Errorf("entry %d is not among the %d of the checkpoint", p.Index, c.Size)
	}
	path := make(tlog.RecordProof, len(p.Hashes))
	for i, h := range p.Hashes {
		path[i] = h
	}
	if err := tlog.CheckRecord(path, c.Size, c.Root, n, tlog.RecordHash(leaf)); err != nil {
		return Proved{}, fmt.Errorf("this event is not entry %d of the checkpoint: %w", n, err)
	}
	return Proved{Number: n, Leaf: leaf, In: c}, nil
}
