package tree

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrRewound says that an entry which was read is not there any more, or is another one:
// the store lost or changed what was read from it.
var ErrRewound = errors.New("the store of the record does not have what was read from it any more")

// ErrForked says that two trees of one log do not have the same entries where both
// have one: something that was read was changed.
var ErrForked = errors.New("the record has other entries than before")

// ProveConsistency proves that the tree to begins with all of the tree old. Its error
// is ErrRewound when to is smaller, ErrForked when it begins otherwise, and else why
// hashes, which are those of to as HashReader gives them, could not be read.
func ProveConsistency(old, to tlog.Tree, hashes tlog.HashReader) (tlog.TreeProof, error) {
	var proof tlog.TreeProof
	if 0 < old.N && old.N < to.N && to.N <= MaxSize {
		var err error
		if proof, err = tlog.ProveTree(to.N, old.N, hashes); err != nil {
			return nil, fmt.Errorf("prove that the record of %d entries begins with those of %d: %w", to.N, old.N, err)
		}
	}
	err := CheckConsistency(proof, old, to)
	if errors.Is(err, errUnproved) { // hashes are those of to, so old is another tree
		err = fmt.Errorf("%w: the %d entries do not begin with those of %d", ErrForked, to.N, old.N)
	}
	return proof, err
}

var errUnproved = errors.New("the proof does not show that the record still begins as it did")

// CheckConsistency checks a proof that the tree to begins with all of the tree old.
// Its error is ErrRewound or ErrForked where no proof could be.
func CheckConsistency(proof tlog.TreeProof, old, to tlog.Tree) error {
	switch {
	case old.N < 0 || to.N < 0 || old.N > MaxSize || to.N > MaxSize:
		return fmt.Errorf("no trees: %d and %d entries", old.N, to.N)
	case to.N < old.N:
		return fmt.Errorf("%w: it has %d entries, and had %d", ErrRewound, to.N, old.N)
	case to.N == old.N && to.Hash != old.Hash:
		return fmt.Errorf("%w: two roots of %d entries", ErrForked, to.N)
	case to.N == old.N || old.N == 0:
		if len(proof) != 0 {
			return errUnproved
		}
		return nil
	}
	if tlog.CheckTree(proof, to.N, to.Hash, old.N, old.Hash) != nil {
		return errUnproved
	}
	return nil
}
