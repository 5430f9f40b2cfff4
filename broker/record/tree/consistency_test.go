package tree

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

func TestConsistencyIsProvedBetweenAllSizes(t *testing.T) {
	const most = 70
	full := treetest.FullOf(t, most)
	for to := range int64(most + 1) {
		for old := range to + 1 {
			proof, err := ProveConsistency(full.At(t, old), full.At(t, to), full)
			if err != nil {
				t.Fatalf("%d after %d: %v", to, old, err)
			}
			if err := CheckConsistency(proof, full.At(t, old), full.At(t, to)); err != nil {
				t.Fatalf("%d after %d: %v", to, old, err)
			}
			more := append(slices.Clone(proof), tlog.Hash{})
			if CheckConsistency(more, full.At(t, old), full.At(t, to)) == nil {
				t.Fatalf("%d after %d: proved by a hash too many", to, old)
			}
			if len(proof) > 0 && CheckConsistency(proof[1:], full.At(t, old), full.At(t, to)) == nil {
				t.Fatalf("%d after %d: proved by a hash too few", to, old)
			}
		}
	}
}

func TestABadProofIsNoFork(t *testing.T) {
	full := treetest.FullOf(t, 9)
	err := CheckConsistency(tlog.TreeProof{{1}}, full.At(t, 4), full.At(t, 9))
	if err == nil || errors.Is(err, ErrForked) || errors.Is(err, ErrRewound) {
		t.Errorf("got %v", err)
	}
	if err := CheckConsistency(nil, full.At(t, 9), full.At(t, 4)); !errors.Is(err, ErrRewound) {
		t.Errorf("got %v, want %v", err, ErrRewound)
	}
	if err := CheckConsistency(nil, full.At(t, 9), tlog.Tree{N: 9}); !errors.Is(err, ErrForked) {
		t.Errorf("got %v, want %v", err, ErrForked)
	}
	for _, n := range []int64{-1, MaxSize + 1} {
		if CheckConsistency(nil, tlog.Tree{N: n}, tlog.Tree{N: n}) == nil {
			t.Errorf("size %d: got no error", n)
		}
		if _, err := ProveConsistency(tlog.Tree{N: 1}, tlog.Tree{N: n}, full); err == nil {
			t.Errorf("size %d: got no error", n)
		}
	}
}
