package storetest

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/record/entry"
)

var logMarkTests = []test{
	{"who has not judged the mark of one that has stopped writes nothing", markHolds},
	{"a mark is replaced by who has seen it, and with the record that it is of", markReplaced},
	{"what is no mark is judged like one, and gives way to one", markOfAnotherType},
	{"a mark is closed with its log", markClosed},
}

const markKey = "assumebot:{record}:stopped"

func wantMark(t testing.TB, h *harness, want string) {
	t.Helper()
	got, err := h.Log.Mark(t.Context())
	if string(got) != want || err != nil {
		t.Errorf("mark: got %.20q of %d bytes, %v, want %.20q", got, len(got), err, want)
	}
}

func wantSet(t testing.TB, h *harness, origin, previous, mark string, want bool) {
	t.Helper()
	got, err := h.Log.SetMark(t.Context(), origin, []byte(previous), []byte(mark))
	if got != want || err != nil {
		t.Errorf("set the mark from %.20q to %.20q: got %v, %v, want %v", previous, mark, got, err, want)
	}
}

func markHolds(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	wantSet(t, h, logOrigin, "", "before the first entry", true)
	wantRefused(t, h.Store, w.batch("a"), entry.ErrMarked)
	passes := w.batch("a")
	passes.Passed = []byte("before the first entry")
	out, err := h.Log.Append(t.Context(), passes)
	must(t, err)
	w.saw(out.Entries)
	wantSet(t, h, logOrigin, "before the first entry", "another", true)
	wantRefused(t, h.Store, passes, entry.ErrMarked) // a repeat too
	wantSet(t, h, logOrigin, "another", "", true)
	wantMark(t, h, "")
	w.mustAppend(t, "b")
}

func markReplaced(t testing.TB, h *harness) {
	newWriter(h.Store, "one").mustAppend(t, "a")
	wantSet(t, h, "elsewhere", "", "x", false)
	wantSet(t, h, logOrigin, "", "x", true)
	wantSet(t, h, logOrigin, "", "x", true) // a repeat
	wantSet(t, h, logOrigin, "", "y", false)
	wantSet(t, h, logOrigin, "x", "y", true)
	wantMark(t, h, "y")
	if _, err := h.Log.SetMark(t.Context(), logOrigin, []byte("y"), make([]byte, entry.MaxMark+1)); err == nil {
		t.Error("a mark that nobody reads is left")
	}
	if h.raw == nil {
		return
	}
	must(t, h.raw.Set(t.Context(), markKey, strings.Repeat("z", 8<<20), 0).Err())
	cut := strings.Repeat("z", entry.MaxMark+1)
	wantMark(t, h, cut)
	wantSet(t, h, logOrigin, cut, "x", true)
	wantMark(t, h, "x")
}

func markOfAnotherType(t testing.TB, h *harness) {
	h.needsShared(t)
	w := newWriter(h.Store, "one")
	w.mustAppend(t, "a")
	must(t, h.raw.LPush(t.Context(), markKey, "x").Err())
	wantRefused(t, h.Store, w.batch("b"), entry.ErrMarked)
	judged, err := h.Log.Mark(t.Context())
	if len(judged) == 0 || err != nil {
		t.Fatalf("got %q, %v, want something to judge", judged, err)
	}
	passes := w.batch("b")
	passes.Passed = judged
	out, err := h.Log.Append(t.Context(), passes)
	must(t, err)
	w.saw(out.Entries)
	wantSet(t, h, logOrigin, "", "x", false)
	wantSet(t, h, logOrigin, string(judged), "x", true)
	wantMark(t, h, "x")
	must(t, h.raw.Del(t.Context(), markKey).Err())
	must(t, h.raw.HSet(t.Context(), markKey, "x", "y").Err())
	wantSet(t, h, logOrigin, string(judged), "", true)
	wantMark(t, h, "")
}

func markClosed(t testing.TB, h *harness) {
	newWriter(h.Store, "one").mustAppend(t, "a")
	wantSet(t, h, logOrigin, "", "x", true)
	wantOpened(t, h, logOrigin, 1, logOrigin+"/2", begins("x"), true)
	wantMark(t, h, "")
	wantSet(t, h, logOrigin, "", "x", false) // of who has not seen yet that it was closed
	old, _ := h.Closed(1)
	if got, err := old.Mark(t.Context()); string(got) != "x" || err != nil {
		t.Errorf("the mark of the closed log: got %q, %v", got, err)
	}
}
