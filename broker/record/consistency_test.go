package record

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestConsistencyIsProvedBetweenAllSizes(t *testing.T) {
	const most = 70
	full := fullOf(t, most)
	for to := range int64(most + 1) {
		for old := range to + 1 {
			proof, err := ProveConsistency(full.at(t, old), full.at(t, to), full)
			if err != nil {
				t.Fatalf("%d after %d: %v", to, old, err)
			}
			if err := CheckConsistency(proof, full.at(t, old), full.at(t, to)); err != nil {
				t.Fatalf("%d after %d: %v", to, old, err)
			}
			more := append(slices.Clone(proof), tlog.Hash{})
			if CheckConsistency(more, full.at(t, old), full.at(t, to)) == nil {
				t.Fatalf("%d after %d: proved by a hash too many", to, old)
			}
			if len(proof) > 0 && CheckConsistency(proof[1:], full.at(t, old), full.at(t, to)) == nil {
				t.Fatalf("%d after %d: proved by a hash too few", to, old)
			}
		}
	}
}

func TestABadProofIsNoFork(t *testing.T) {
	full := fullOf(t, 9)
	err := CheckConsistency(tlog.TreeProof{{1}}, full.at(t, 4), full.at(t, 9))
	if err == nil || errors.Is(err, ErrForked) || errors.Is(err, ErrRewound) {
		t.Errorf("got %v", err)
	}
	if err := CheckConsistency(nil, full.at(t, 9), full.at(t, 4)); !errors.Is(err, ErrRewound) {
		t.Errorf("got %v, want %v", err, ErrRewound)
	}
	if err := CheckConsistency(nil, full.at(t, 9), tlog.Tree{N: 9}); !errors.Is(err, ErrForked) {
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
