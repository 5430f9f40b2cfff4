package treetest

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// A Full keeps every hash of a tree, as tlog numbers them: what the tests compare with.
type Full []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (f *Full) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(*f)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		out[i] = (*f)[index]
	}
	return out, nil
}

// LeafOf returns an entry.
func LeafOf(n int64) []byte { return fmt.Appendf(nil, `{"v":1,"n":%d}`, n) }

// FullOf returns the full tree of LeafOf(0) up to LeafOf(size-1).
func FullOf(t testing.TB, size int64) *Full {
	t.Helper()
	var f Full
	for n := range size {
		added, err := tlog.StoredHashes(n, LeafOf(n), &f)
		if err != nil {
			t.Fatal(err)
		}
		f = append(f, added...)
	}
	return &f
}

// At returns the tree as it was at a size.
func (f *Full) At(t testing.TB, size int64) tlog.Tree {
	t.Helper()
	root, err := tlog.TreeHash(size, f)
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Tree{N: size, Hash: root}
}
