package tree

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

func edgeOf(t testing.TB, size int64) Edge {
	t.Helper()
	var e Edge
	for n := range size {
		if err := e.Append(tlog.RecordHash(treetest.LeafOf(n))); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func TestAnEdgeHasTheRootOfTheWholeTreeAndIsReadAsItWasWritten(t *testing.T) {
	const most = 1100
	full := treetest.FullOf(t, most)
	var e Edge
	for size := range int64(most + 1) {
		if got, want := e.Tree(), full.At(t, size); got != want {
			t.Fatalf("size %d: got %v, want %v", size, got, want)
		}
		data, err := e.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		got := edgeOf(t, 3) // nothing of what it was may stay
		if err := got.UnmarshalBinary(data); err != nil || got != e {
			t.Fatalf("size %d: read as another edge, %v", size, err)
		}
		if err := e.Append(tlog.RecordHash(treetest.LeafOf(size))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnEdgeThatNoTreeHasIsRefused(t *testing.T) {
	e := edgeOf(t, 11)
	good, _ := e.MarshalBinary()
	larger := bytes.Clone(good)
	larger[0] = 0xff // of the size
	for name, data := range map[string][]byte{
		"empty":           nil,
		"half a size":     good[:7],
		"no roots":        good[:8],
		"a root cut off":  good[:len(good)-1],
		"a byte too many": append(bytes.Clone(good), 0),
		"too large":       larger,
	} {
		got := e
		if err := got.UnmarshalBinary(data); err == nil || got != e {
			t.Errorf("%s: got %v and an edge of %d entries, want an error and the edge as it was", name, err, got.Size())
		}
	}
}

func TestATreeOfTheLargestSizeTakesNoMore(t *testing.T) {
	e := Edge{size: MaxSize}
	e.roots[53] = tlog.Hash{1}
	before := e
	if err := e.Append(tlog.Hash{2}); err == nil || e != before {
		t.Errorf("got %v and size %d, want an error and the edge as it was", err, e.Size())
	}
}

func FuzzEdge(f *testing.F) {
	for _, size := range []int64{0, 1, 7, 256} {
		e := edgeOf(f, size)
		data, _ := e.MarshalBinary()
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var e Edge
		if e.UnmarshalBinary(data) != nil {
			return
		}
		if again, err := e.MarshalBinary(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("got %x, want %x", again, data)
		}
		e.Root()
		if err := e.Append(tlog.Hash{1}); err != nil && e.Size() != MaxSize {
			t.Fatal(err)
		}
	})
}
