package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/record/entry"
)

var logOpenTests = []test{
	{"the next log begins, and the one before stays to be read", openNext},
	{"only the log that is there is closed, and once", openOnce},
	{"after a flush the next log begins as well", openAfterFlush},
}

func begins(id string) []entry.Sealed { return []entry.Sealed{sealed(id, -1), sealed(id+"2", -1)} }

func wantOpened(t testing.TB, h *harness, old string, number int, next string, entries []entry.Sealed, want bool) {
	t.Helper()
	if got, err := h.Log.Open(t.Context(), old, number, next, entries); got != want || err != nil {
		t.Errorf("open %s after %s: got %v, %v, want %v", next, old, got, err, want)
	}
}

func wantOrigin(t testing.TB, h *harness, want string) {
	t.Helper()
	if got, err := h.Log.Origin(t.Context()); got != want || err != nil {
		t.Errorf("origin: got %q, %v, want %q", got, err, want)
	}
}

func openNext(t testing.TB, h *harness) {
	wantOrigin(t, h, "")
	w := newWriter(h.Store, "one")
	w.mustAppend(t, "a", "b", "c")
	must(t, h.Checkpoints.SaveTiles(t.Context(), map[string][]byte{"tile/0/000.p/1": make([]byte, 32)}))
	was := logAll(t, h.Store)
	wantOrigin(t, h, logOrigin)
	wantOpened(t, h, logOrigin, 1, logOrigin+"/2", begins("x"), true)
	wantOrigin(t, h, logOrigin+"/2")
	if got, want := logIDs(t, h.Store), "0=x 1=x2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if asides, err := h.Log.Asides(t.Context(), []int64{0}); err != nil || string(asides[0]) != "aside of x" {
		t.Errorf("asides: got %v, %v", asides, err)
	}
	log, checkpoints := h.Closed(1)
	old, err := log.Read(t.Context(), 0, 10)
	if diff := cmp.Diff(was, old); diff != "" || err != nil {
		t.Errorf("the closed log: %v (-before +after):\n%s", err, diff)
	}
	if asides, err := log.Asides(t.Context(), []int64{1}); err != nil || string(asides[1]) != "aside of b" {
		t.Errorf("its asides: got %v, %v", asides, err)
	}
	if tiles, err := checkpoints.Tiles(t.Context(), []string{"tile/0/000.p/1"}); err != nil || len(tiles) != 1 {
		t.Errorf("its tiles: got %v, %v", tiles, err)
	}
	wantRefused(t, h.Store, w.batch("d"), entry.ErrForeign)
	if _, err := h.Log.Restore(t.Context(), logOrigin, was); err == nil {
		t.Error("what was closed is put back")
	}
}

func openOnce(t testing.TB, h *harness) {
	newWriter(h.Store, "one").mustAppend(t, "a")
	wantOpened(t, h, "elsewhere", 1, "elsewhere/2", begins("x"), false)
	wantOpened(t, h, "", 1, "elsewhere/2", begins("x"), false)
	wantOpened(t, h, logOrigin, 1, logOrigin+"/2", begins("x"), true)
	wantOpened(t, h, logOrigin, 1, logOrigin+"/2", begins("x"), true) // a repeat
	wantOpened(t, h, logOrigin, 1, logOrigin+"/2", begins("y"), false)
	if _, err := h.Log.Open(t.Context(), logOrigin+"/2", 1, logOrigin+"/3", begins("y")); err == nil {
		t.Error("what was closed before is written over")
	}
	wantOpened(t, h, logOrigin+"/2", 2, logOrigin+"/3", begins("y"), true)
	if got, want := logIDs(t, h.Store), "0=y 1=y2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for why, entries := range map[string][]entry.Sealed{"none": nil, "one after another": {sealed("a", 0)}, "no ID": {sealed("", -1)}} {
		if got, err := h.Log.Open(t.Context(), logOrigin+"/3", 3, logOrigin+"/4", entries); err == nil {
			t.Errorf("%s: got %v and no error", why, got)
		}
	}
}

func openAfterFlush(t testing.TB, h *harness) {
	wantOpened(t, h, "", 1, logOrigin+"/2", begins("x"), true)
	log, _ := h.Closed(1)
	if first, next, err := log.Bounds(t.Context()); first != 0 || next != 0 || err != nil {
		t.Errorf("the closed log: got %d, %d, %v", first, next, err)
	}
}
