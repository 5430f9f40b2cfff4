package tree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxSize is the most entries of one tree: all numbers up to it are exact in JSON.
const MaxSize = 1 << 53

// An Edge is the right edge of a tree: the roots of the whole subtrees that it is made
// of, one for each bit of its size. It is all that it takes to append and to know the
// root. The zero Edge is that of the empty tree; edges of one tree and size are equal.
//
// An Edge that was read proves nothing: it counts once its Root is one that was signed.
type Edge struct {
	size  int64
	roots [54]tlog.Hash // by level; zero where size has no such bit
}

// Size returns how many entries the tree has.
func (e *Edge) Size() int64 { return e.size }

// Root returns the root of the tree.
func (e *Edge) Root() tlog.Hash {
	root, err := tlog.TreeHash(e.size, tlog.HashReaderFunc(e.read))
	if err != nil {
		return tlog.Hash{} // the root of no tree
	}
	return root
}

// Tree returns size and root.
func (e *Edge) Tree() tlog.Tree { return tlog.Tree{N: e.size, Hash: e.Root()} }

// Subtree returns the root of the whole subtree of 2^level entries that the tree is made of;
// zero where its size has no such bit.
func (e *Edge) Subtree(level int) tlog.Hash { return e.roots[level] }

// Append appends an entry that hashes to leaf (tlog.RecordHash). The error is that the
// tree has MaxSize entries.
func (e *Edge) Append(leaf tlog.Hash) error {
	_, err := e.append(leaf)
	return err
}

// append returns what the entry adds to the tree: the roots of the subtrees that it
// completes, from level 0 up, which begin at StoredHashIndex(0, size).
func (e *Edge) append(leaf tlog.Hash) ([]tlog.Hash, error) {
	if e.size >= MaxSize {
		return nil, fmt.Errorf("the tree has %d entries, and no room for another", e.size)
	}
	added, err := tlog.StoredHashesForRecordHash(e.size, leaf, tlog.HashReaderFunc(e.read))
	if err != nil {
		return nil, err
	}
	top := len(added) - 1
	clear(e.roots[:top])
	e.roots[top] = added[top]
	e.size++
	return added, nil
}

// read answers for the hashes of the edge, and no others.
func (e *Edge) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		if level >= len(e.roots) || e.size>>level&1 == 0 || n != e.size>>level-1 {
			return nil, fmt.Errorf("hash %d of level %d is not on the edge of %d entries", n, level, e.size)
		}
		out[i] = e.roots[level]
	}
	return out, nil
}

// MarshalBinary writes the size in 8 bytes, and the roots from the largest subtree on.
func (e *Edge) MarshalBinary() ([]byte, error) {
	out := binary.BigEndian.AppendUint64(nil, uint64(e.size)) //nolint:gosec // never negative
	for level := len(e.roots) - 1; level >= 0; level-- {
		if e.size>>level&1 == 1 {
			out = append(out, e.roots[level][:]...)
		}
	}
	return out, nil
}

// UnmarshalBinary reads what MarshalBinary writes, and nothing else.
func (e *Edge) UnmarshalBinary(data []byte) error {
	if len(data) < 8 {
		return errors.New("an edge without a size")
	}
	size, data := binary.BigEndian.Uint64(data), data[8:]
	if size > MaxSize || len(data) != bits.OnesCount64(size)*tlog.HashSize {
		return fmt.Errorf("an edge of %d entries in %d bytes", size, len(data))
	}
	*e = Edge{size: int64(size)}
	for level := len(e.roots) - 1; level >= 0; level-- {
		if size>>level&1 == 1 {
			data = data[copy(e.roots[level][:], data):]
		}
	}
	return nil
}

// EdgeAt returns the edge of the tree as it was at a smaller size.
func EdgeAt(size int64, hashes tlog.HashReader) (Edge, error) {
	var indexes []int64
	var levels []int
	for level := range len(Edge{}.roots) {
		if size>>level&1 == 1 {
			levels = append(levels, level)
			indexes = append(indexes, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	roots, err := hashes.ReadHashes(indexes)
	if err != nil {
		return Edge{}, err
	}
	e := Edge{size: size}
	for i, level := range levels {
		e.roots[level] = roots[i]
	}
	return e, nil
}
