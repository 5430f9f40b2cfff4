package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

var logRestoreTests = []test{
	{"what was lost is put back as it was, and goes on", restoreLost},
	{"a record that lost everything gets back what is known of it", restoreEmpty},
	{"what two put back is there once", restoreTwice},
	{"nothing is put over another entry, nor beside a gap", restoreRefused},
	{"what is put back has all its parts", restoreBadEntries},
}

// lose leaves the entries before a number alone, as a Redis that lagged does.
func lose(t testing.TB, h *harness, before int64) []entry.Entry {
	t.Helper()
	h.needsShared(t)
	all := logAll(t, h.Store)
	must(t, flush(t.Context(), h.raw))
	if before > 0 {
		if _, err := h.Log.Restore(t.Context(), logOrigin, all[:before]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func wantRestored(t testing.TB, h *harness, entries []entry.Entry, want int64) {
	t.Helper()
	if put, err := h.Log.Restore(t.Context(), logOrigin, entries); put != want || err != nil {
		t.Errorf("put back from %d on: got %d, %v, want %d", entries[0].Number, put, err, want)
	}
}

func restoreLost(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	w.mustAppend(t, "d")
	all := lose(t, h, 2)
	wantRefused(t, h.Store, w.batch("e"), tree.ErrRewound)
	withAside := slices.Clone(all)
	withAside[3].Aside = []byte("said")
	wantRestored(t, h, withAside[1:], 2)
	if diff := cmp.Diff(all, logAll(t, h.Store)); diff != "" {
		t.Errorf("entries (-before +after):\n%s", diff)
	}
	if asides, err := h.Log.Asides(t.Context(), []int64{2, 3}); err != nil || len(asides) != 1 || string(asides[3]) != "said" {
		t.Errorf("asides: got %v, %v", asides, err)
	}
	if out := w.mustAppend(t, "e"); out.First != 4 {
		t.Errorf("the next: got number %d, want 4", out.First)
	}
}

func restoreEmpty(t testing.TB, h *harness) {
	for _, removed := range []bool{false, true} {
		must(t, h.flushAll(t))
		w := threeEntries(t, h)
		all := logAll(t, h.Store)
		if removed { // one by one, which Redis remembers
			must(t, h.raw.XTrimMaxLen(t.Context(), entriesKey, 0).Err())
		} else {
			must(t, flush(t.Context(), h.raw))
		}
		wantRestored(t, h, all[1:], 2)
		wantBounds(t, h.Store, 1, 3)
		if out := w.mustAppend(t, "d"); out.First != 3 {
			t.Errorf("the next: got number %d, want 3", out.First)
		}
	}
}

// flushAll empties a Redis that others reach too.
func (h *harness) flushAll(t testing.TB) error {
	h.needsShared(t)
	return flush(t.Context(), h.raw)
}

func restoreTwice(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	w.mustAppend(t, "d")
	all := lose(t, h, 1)
	wantRestored(t, h, all[:3], 2) // of one who has read less
	wantRestored(t, h, all[:3], 0)
	wantRestored(t, h, all, 1)
	wantRestored(t, h, all[:2], 0)
	wantRestored(t, h, all, 0)
	if diff := cmp.Diff(all, logAll(t, h.Store)); diff != "" {
		t.Errorf("entries (-before +after):\n%s", diff)
	}
}

func restoreRefused(t testing.TB, h *harness) {
	w := threeEntries(t, h)
	w.mustAppend(t, "d")
	all := lose(t, h, 2)
	refused := func(why, origin string, entries []entry.Entry, want error) {
		t.Helper()
		before := logIDs(t, h.Store)
		if put, err := h.Log.Restore(t.Context(), origin, entries); put != 0 || !errors.Is(err, want) {
			t.Errorf("%s: got %d, %v, want %v", why, put, err, want)
		}
		if got := logIDs(t, h.Store); got != before {
			t.Errorf("%s: got %s, want %s", why, got, before)
		}
	}
	refused("without one that is there still", logOrigin, all[2:], tree.ErrRewound)
	refused("beside a gap", logOrigin, all[3:], tree.ErrRewound)
	refused("another record", "elsewhere", all, entry.ErrForeign)
	other := newWriter(h.Store, "two")
	other.after, other.afterID = 1, "b"
	other.mustAppend(t, "x") // in the place of c
	refused("after another", logOrigin, all, tree.ErrRewound)
	refused("over another", logOrigin, all[2:], tree.ErrRewound)
	must(t, h.raw.XDel(t.Context(), entriesKey, "3-0").Err())
	refused("where Redis gave the number to another once", logOrigin, all, tree.ErrRewound)
}

func restoreBadEntries(t testing.TB, h *harness) {
	good := func() []entry.Entry {
		return []entry.Entry{{Number: 7, Sealed: sealed("a", 6)}, {Number: 8, Sealed: sealed("b", 6)}}
	}
	for why, change := range map[string]func([]entry.Entry){
		"no ID":           func(e []entry.Entry) { e[1].ID = "" },
		"no leaf":         func(e []entry.Entry) { e[1].Leaf = nil },
		"a long leaf":     func(e []entry.Entry) { e[0].Leaf = make([]byte, tree.MaxLeaf+1) },
		"a short root":    func(e []entry.Entry) { e[0].Root = nil },
		"a gap":           func(e []entry.Entry) { e[1].Number++ },
		"a wrong order":   func(e []entry.Entry) { e[0], e[1] = e[1], e[0] },
		"below the first": func(e []entry.Entry) { e[0].Number, e[1].Number = -1, 0 },
		"too far":         func(e []entry.Entry) { e[0].Number, e[1].Number = 1<<53, 1<<53+1 },
	} {
		entries := good()
		change(entries)
		if put, err := h.Log.Restore(t.Context(), logOrigin, entries); err == nil {
			t.Errorf("%s: got %d and no error", why, put)
		}
	}
	if put, err := h.Log.Restore(t.Context(), logOrigin, good()); put != 2 || err != nil {
		t.Errorf("got %d, %v, want 2", put, err)
	}
}
