package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// These tests look behind the store, as whoever can write to Redis does, or an operator
// who restores a backup.
var logHostileTests = []test{
	{"a record that lost its newest entries takes nothing", logTailLost},
	{"a record that lost all its entries takes nothing", logEmptied},
	{"after a flush only who has read nothing may begin", logFlushed},
	{"an older copy takes nothing from who has read further", logRestored},
	{"a record without an origin takes nothing", logOriginLost},
	{"what stands where no entry can is returned as none", logMisplaced},
	{"an entry with too little or too much in it fails its check", logMisshapen},
	{"what was remembered of a batch is not believed without its entries", logForgedMemory},
	{"a key of another type is an error and leaves nothing half-way", logWrongType},
	{"an append that Redis has no memory for leaves nothing half-way", logNoMemory},
	{"a batch is remembered for an hour", logMemoryEnds},
}

const (
	entriesKey = "assumebot:{record}:entries"
	originKey  = "assumebot:{record}:origin"
	asidesKey  = "assumebot:{record}:asides"
	batchKey   = "assumebot:{record}:batch:"
)

// threeEntries is a record of a, b and c, whose writer has read them.
func threeEntries(t testing.TB, h *harness) *logWriter {
	t.Helper()
	h.needsShared(t)
	w := newWriter(h.Store, "one")
	for _, id := range []string{"a", "b", "c"} {
		w.mustAppend(t, id)
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func logTailLost(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	must(t, h.raw.XDel(t.Context(), entriesKey, "3-0").Err())
	wantRefused(t, h.Store, w.batch("d"), tree.ErrRewound)
	// Who had not read c yet is not given its number.
	other := newWriter(h.Store, "two")
	other.after, other.afterID = 1, "b"
	wantRefused(t, h.Store, other.batch("d"), tree.ErrRewound)
	wantRefused(t, h.Store, newWriter(h.Store, "three").batch("d"), tree.ErrRewound)
}

func logEmptied(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	must(t, h.raw.XTrimMaxLen(t.Context(), entriesKey, 0).Err())
	wantBounds(t, h.Store, 0, 0)
	for range 2 {
		wantRefused(t, h.Store, w.batch("d"), tree.ErrRewound)
		wantRefused(t, h.Store, newWriter(h.Store, "new").batch("d"), tree.ErrRewound)
		must(t, h.raw.Del(t.Context(), entriesKey).Err())
	}
	must(t, h.raw.Del(t.Context(), originKey).Err())
	wantRefused(t, h.Store, newWriter(h.Store, "new").batch("d"), tree.ErrRewound)
}

func logFlushed(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	repeat := w.batch("d")
	if _, err := h.Log.Append(t.Context(), repeat); err != nil {
		t.Fatal(err)
	}
	must(t, flush(t.Context(), h.raw))
	wantRefused(t, h.Store, w.batch("e"), tree.ErrRewound)
	wantRefused(t, h.Store, repeat, tree.ErrRewound)
	if out := newWriter(h.Store, "new").mustAppend(t, "x"); out.First != 0 {
		t.Errorf("got number %d, want 0", out.First)
	}
	wantRefused(t, h.Store, w.batch("e"), tree.ErrRewound)
}

func logRestored(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	old, err := h.raw.Dump(t.Context(), entriesKey).Result()
	must(t, err)
	behind := *w
	repeat := w.batch("d")
	out, err := h.Log.Append(t.Context(), repeat)
	must(t, err)
	w.saw(out.Entries)
	must(t, h.raw.RestoreReplace(t.Context(), entriesKey, 0, old).Err())
	wantRefused(t, h.Store, repeat, tree.ErrRewound)
	wantRefused(t, h.Store, w.batch("e"), tree.ErrRewound)
	// Another entry takes d's place, and that shows too.
	behind.name = "two"
	behind.mustAppend(t, "x")
	wantRefused(t, h.Store, repeat, tree.ErrRewound)
	wantRefused(t, h.Store, w.batch("e"), tree.ErrRewound)
}

func logOriginLost(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	must(t, h.raw.Del(t.Context(), originKey).Err())
	wantRefused(t, h.Store, w.batch("d"), tree.ErrRewound)
	wantRefused(t, h.Store, newWriter(h.Store, "new").batch("d"), tree.ErrRewound)
}

// rawEntry puts an entry there as somebody else may.
func rawEntry(t testing.TB, h *harness, id string, fields ...any) {
	t.Helper()
	must(t, h.raw.XAdd(t.Context(), &redis.XAddArgs{Stream: entriesKey, ID: id, Values: fields}).Err())
}

func logMisplaced(t testing.TB, h *harness) {
	h.needsShared(t)
	for _, c := range []struct {
		id     string
		number int64
	}{
		{"3-3", 2},
		{"9-1", 8},
		{"9007199254740993-0", 1<<53 - 1},
		{"18446744073709551615-18446744073709551615", 1<<53 - 1},
	} {
		must(t, flush(t.Context(), h.raw))
		w := threeEntries(t, h)
		rawEntry(t, h, c.id, "after", "2", "id", "x", "leaf", "x", "macs", "x")
		got, err := h.Log.Read(t.Context(), 2, 10)
		if err != nil || len(got) != 2 || got[0].ID != "c" {
			t.Fatalf("%s: got %+v, %v, want c and another", c.id, got, err)
		}
		if e := got[1]; e.Number != c.number || e.ID != "" || e.Leaf != nil || e.After >= -1 {
			t.Errorf("%s: got %+v, want nothing at %d", c.id, e, c.number)
		}
		wantRefused(t, h.Store, w.batch("d"), tree.ErrRewound)
		if first, next, err := h.Log.Bounds(t.Context()); err == nil {
			t.Errorf("%s: bounds: got %d, %d and no error", c.id, first, next)
		}
	}
}

func logMisshapen(t testing.TB, h *harness) {
	threeEntries(t, h)
	rawEntry(t, h, "4-0", "x", "y")
	rawEntry(t, h, "5-0", "after", "x", "id", "e", "leaf", "l", "macs", "m")
	huge := strings.Repeat("9", 1<<20)
	rawEntry(t, h, "6-0", "after", huge, "root", huge, "id", huge, "leaf", huge, "macs", huge)
	read, err := h.Log.Read(t.Context(), 3, 10)
	if err != nil || len(read) != 3 {
		t.Fatalf("got %+v, %v, want three", read, err)
	}
	for _, e := range read {
		if e.After >= -1 {
			t.Errorf("entry %d: got after %d, want one that fails its check", e.Number, e.After)
		}
	}
	e := read[2]
	got := []int{len(e.Root), len(e.ID), len(e.Leaf), len(e.MACs)}
	want := []int{entry.RootSize + 1, entry.MaxID + 1, tree.MaxLeaf + 1, entry.MaxMACs + 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bytes of the root, ID, leaf and MACs (-want +got):\n%s", diff)
	}
	must(t, h.raw.HSet(t.Context(), asidesKey, "1", huge).Err())
	asides, err := h.Log.Asides(t.Context(), []int64{1})
	if err != nil || len(asides[1]) != entry.MaxAside+1 {
		t.Errorf("got an aside of %d bytes, %v, want it cut", len(asides[1]), err)
	}
}

func logForgedMemory(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	b := w.batch("d", "e")
	for _, memory := range []string{"0 " + b.ID, "2 " + b.ID, "99 " + b.ID} {
		must(t, h.raw.Set(t.Context(), batchKey+"one", memory, 0).Err())
		wantRefused(t, h.Store, b, tree.ErrRewound)
	}
	for _, memory := range []string{"", "x", "-1 " + b.ID, b.ID, "0  " + b.ID} {
		must(t, h.raw.Set(t.Context(), batchKey+"one", memory, 0).Err())
		w.mustAppend(t, broker.NewID())
	}
}

func logWrongType(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	must(t, h.raw.Del(t.Context(), asidesKey).Err())
	must(t, h.raw.Set(t.Context(), asidesKey, "x", 0).Err())
	before := logIDs(t, h.Store)
	if out, err := h.Log.Append(t.Context(), w.batch("d")); err == nil {
		t.Errorf("got %+v and no error", out)
	}
	if got := logIDs(t, h.Store); got != before {
		t.Errorf("got %s, want %s", got, before)
	}
	must(t, h.raw.Del(t.Context(), asidesKey).Err())
	must(t, h.raw.Set(t.Context(), entriesKey, "x", 0).Err())
	_, errAppend := h.Log.Append(t.Context(), w.batch("d"))
	_, errRead := h.Log.Read(t.Context(), 0, 1)
	_, _, errBounds := h.Log.Bounds(t.Context())
	for _, err := range []error{errAppend, errRead, errBounds, h.Checkpoints.Trim(t.Context(), 1), h.Log.Await(t.Context(), 0, time.Second)} {
		if err == nil || errors.Is(err, tree.ErrRewound) {
			t.Errorf("got %v, want an error of its own", err)
		}
	}
}

func logNoMemory(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	limit := func(bytes string) error { return Configure(context.Background(), h.raw, "maxmemory", bytes) }
	must(t, limit("1"))
	t.Cleanup(func() { _ = limit("0") }) // if it failed before
	b := w.batch("d", "e")
	if out, err := h.Log.Append(t.Context(), b); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("got %+v, %v, want that there is no memory", out, err)
	}
	if got, want := logIDs(t, h.Store), "0=a 1=b 2=c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	must(t, limit("0"))
	if out, err := h.Log.Append(t.Context(), b); err != nil || out.First != 3 {
		t.Errorf("got %+v, %v, want number 3", out, err)
	}
}

func logMemoryEnds(t testing.TB, h *harness) {
	threeEntries(t, h)
	ttl, err := h.raw.PTTL(t.Context(), batchKey+"one").Result()
	if err != nil || ttl > time.Hour || ttl < time.Hour-time.Minute {
		t.Errorf("got %v, %v, want an hour", ttl, err)
	}
}
