package store

import (
	"math"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// FuzzReadEntry reads what somebody put into the stream: an entry is bounded, and stands
// where its number says or fails its check.
func FuzzReadEntry(f *testing.F) {
	f.Add("1-0", "-1", "root", "id", "leaf", "macs")
	f.Add("5-3", "x", "", "", "", "")
	f.Add("18446744073709551616-0", "9223372036854775808", "", "", "", "")
	f.Add("", "", "", "", "", strings.Repeat("m", entry.MaxMACs+2))
	f.Fuzz(func(t *testing.T, place, after, root, id, leaf, macs string) {
		e := readEntry([]any{place, after, root, id, leaf, macs})
		if e.Number < 0 || e.Number >= maxNumber {
			t.Errorf("got number %d", e.Number)
		}
		if placed := strings.TrimLeft(place, "0") == streamID(e.Number); !placed && e.After != math.MinInt64 {
			t.Errorf("%q: got %+v, want one that fails its check", place, e)
		}
		if len(e.Root) > entry.RootSize+1 || len(e.ID) > entry.MaxID+1 || len(e.Leaf) > tree.MaxLeaf+1 || len(e.MACs) > entry.MaxMACs+1 {
			t.Errorf("got %d, %d, %d and %d bytes, want each cut", len(e.Root), len(e.ID), len(e.Leaf), len(e.MACs))
		}
	})
}

// FuzzCheckMACs checks what stands beside an entry: without the genuine MAC of the one key
// none of it holds.
func FuzzCheckMACs(f *testing.F) {
	keys := logKeys(f, 1)
	message := []byte("message")
	genuine := keys.MACs(message)
	f.Add(genuine)
	f.Add(genuine + "," + genuine[:17])
	f.Add(genuine[:len(genuine)-2])
	f.Add(",=,")
	f.Fuzz(func(t *testing.T, macs string) {
		if keys.Check(macs, message) && !strings.Contains(strings.ToLower(macs), genuine) {
			t.Errorf("%q holds", macs)
		}
	})
}
