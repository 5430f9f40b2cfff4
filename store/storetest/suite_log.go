package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store"
)

var logTests = []test{
	{"entries are numbered from 0 and read as they were written", logNumbers},
	{"an append answers with all that its writer has not checked yet", logAnswersWithNews},
	{"a batch is read page by page", logPages},
	{"a repeat is answered as the first time and appends nothing", logRepeat},
	{"a repeat counts for the writer's last batch alone", logRepeatOfTheLast},
	{"of many writers all get their numbers at the first try", logManyWriters},
	{"a writer that is too far behind is told so and writes nothing", logBehind},
	{"a record of another origin takes nothing", logForeign},
	{"an entry that is not the one that its writer checked is refused", logAfterAnother},
	{"a batch that is none is refused before Redis is asked", logBadBatch},
	{"what is said aside is read and erased apart", logAsides},
	{"old entries go with their asides and the newest stay", logTrim},
	{"waiting for an entry ends with it", logAwait},
	{"waiting for an entry ends by itself and by its context", logAwaitEnds},
}

const logOrigin = "example.com/record"

// A logWriter is one replica: it follows what its appends answer.
type logWriter struct {
	*store.Store
	name    string
	after   int64
	afterID string
}

func newWriter(s *store.Store, name string) *logWriter {
	return &logWriter{Store: s, name: name, after: -1}
}

// sealed is an entry whose MAC nobody checks here.
func sealed(id string, after int64) entry.Sealed {
	return entry.Sealed{
		After: after,
		Root:  bytes.Repeat([]byte{0xfe}, entry.RootSize),
		ID:    id,
		Leaf:  []byte("leaf of " + id + "\x00\xff"),
		Aside: []byte("aside of " + id),
		MACs:  "macs of " + id,
	}
}

// batch is what the writer would append next.
func (w *logWriter) batch(ids ...string) entry.Batch {
	b := entry.Batch{Origin: logOrigin, Replica: w.name, ID: broker.NewID(), After: w.after, AfterID: w.afterID}
	for _, id := range ids {
		b.Entries = append(b.Entries, sealed(id, w.after))
	}
	return b
}

// saw takes what an append or a read answered as checked.
func (w *logWriter) saw(entries []entry.Entry) {
	if len(entries) > 0 {
		last := entries[len(entries)-1]
		w.after, w.afterID = last.Number, last.ID
	}
}

func (w *logWriter) mustAppend(t testing.TB, ids ...string) entry.Appended {
	t.Helper()
	out, err := w.Log.Append(t.Context(), w.batch(ids...))
	if err != nil {
		t.Fatalf("append %v: %v", ids, err)
	}
	w.saw(out.Entries)
	return out
}

// wantRefused appends b, and wants that it is refused by what.
func wantRefused(t testing.TB, s *store.Store, b entry.Batch, what error) {
	t.Helper()
	before := logIDs(t, s)
	if out, err := s.Log.Append(t.Context(), b); !errors.Is(err, what) {
		t.Errorf("append after %d: got %+v, %v, want %v", b.After, out, err, what)
	}
	if diff := cmp.Diff(before, logIDs(t, s)); diff != "" {
		t.Errorf("it was refused, and changed (-before +after):\n%s", diff)
	}
}

// logIDs are the IDs of all entries by their numbers, as text.
func logIDs(t testing.TB, s *store.Store) string {
	t.Helper()
	var out strings.Builder
	for _, e := range logAll(t, s) {
		_, _ = fmt.Fprintf(&out, "%d=%s ", e.Number, e.ID)
	}
	return strings.TrimSpace(out.String())
}

func logAll(t testing.TB, s *store.Store) []entry.Entry {
	t.Helper()
	var out []entry.Entry
	for from := int64(0); ; from = out[len(out)-1].Number + 1 {
		page, err := s.Log.Read(t.Context(), from, 1000)
		if err != nil {
			t.Fatalf("read from %d: %v", from, err)
		}
		if out = append(out, page...); len(page) < 256 {
			return out
		}
	}
}

// wantBounds wants the number of the oldest entry and of the next.
func wantBounds(t testing.TB, s *store.Store, first, next int64) {
	t.Helper()
	if gotFirst, gotNext, err := s.Log.Bounds(t.Context()); gotFirst != first || gotNext != next || err != nil {
		t.Errorf("bounds: got %d, %d, %v, want %d, %d", gotFirst, gotNext, err, first, next)
	}
}

func logNumbers(t testing.TB, h *harness) {
	wantBounds(t, h.Store, 0, 0)
	if got, err := h.Log.Read(t.Context(), 0, 10); len(got) != 0 || err != nil {
		t.Errorf("an empty record: got %v, %v", got, err)
	}
	w := newWriter(h.Store, "{host}.example:1")
	if out := w.mustAppend(t, "a"); out.First != 0 {
		t.Errorf("the first: got number %d, want 0", out.First)
	}
	if out := w.mustAppend(t, "b", "c"); out.First != 1 {
		t.Errorf("the second batch: got number %d, want 1", out.First)
	}
	wantBounds(t, h.Store, 0, 3)
	want := []entry.Entry{
		{Number: 0, Sealed: sealed("a", -1)},
		{Number: 1, Sealed: sealed("b", 0)},
		{Number: 2, Sealed: sealed("c", 0)},
	}
	for i := range want {
		want[i].Aside = nil
	}
	if diff := cmp.Diff(want, logAll(t, h.Store)); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

func logAnswersWithNews(t testing.TB, h *harness) {
	one, two := newWriter(h.Store, "one"), newWriter(h.Store, "two")
	one.mustAppend(t, "a")
	one.mustAppend(t, "b")
	out := two.mustAppend(t, "c")
	if out.First != 2 || len(out.Entries) != 3 || out.Entries[0].ID != "a" || out.Entries[2].ID != "c" {
		t.Errorf("got number %d with %+v, want 2 with a, b and c", out.First, out.Entries)
	}
	if out := one.mustAppend(t, "d"); len(out.Entries) != 2 || out.Entries[0].ID != "c" || out.Entries[0].Aside != nil {
		t.Errorf("got %+v, want c and d without asides", out.Entries)
	}
}

func logPages(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	for i := range 3 {
		ids := make([]string, 200)
		for j := range ids {
			ids[j] = fmt.Sprintf("e%d", 200*i+j)
		}
		w.mustAppend(t, ids...)
	}
	all := logAll(t, h.Store)
	for i, e := range all {
		if e.Number != int64(i) || e.ID != fmt.Sprintf("e%d", i) {
			t.Fatalf("entry %d: got %d %s", i, e.Number, e.ID)
		}
	}
	if len(all) != 600 {
		t.Errorf("got %d entries, want 600", len(all))
	}
	if page, err := h.Log.Read(t.Context(), 598, 1); err != nil || len(page) != 1 || page[0].Number != 598 {
		t.Errorf("one from 598: got %+v, %v", page, err)
	}
	// Who is far behind is answered with a page, and reads on.
	late := newWriter(h.Store, "two")
	if out := late.mustAppend(t, "x"); out.First != 600 || len(out.Entries) != 256 {
		t.Errorf("got number %d with %d entries, want 600 with 256", out.First, len(out.Entries))
	}
}

func logRepeat(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	b := w.batch("a", "b")
	for range 3 {
		out, err := h.Log.Append(t.Context(), b)
		if err != nil || out.First != 0 || len(out.Entries) != 2 {
			t.Fatalf("got %+v, %v, want number 0 with both", out, err)
		}
	}
	newWriter(h.Store, "two").mustAppend(t, "c")
	if out, err := h.Log.Append(t.Context(), b); err != nil || out.First != 0 || len(out.Entries) != 3 {
		t.Errorf("after another's: got %+v, %v, want number 0 with all three", out, err)
	}
	if got, want := logIDs(t, h.Store), "0=a 1=b 2=c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func logRepeatOfTheLast(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	first := w.batch("a")
	if _, err := h.Log.Append(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := w.batch("b")
	if out, err := h.Log.Append(t.Context(), second); err != nil || out.First != 1 {
		t.Fatalf("got %+v, %v, want number 1", out, err)
	}
	// Another writer may have given its batch the same ID.
	third := newWriter(h.Store, "two").batch("c")
	third.ID = second.ID
	if out, err := h.Log.Append(t.Context(), third); err != nil || out.First != 2 {
		t.Errorf("got %+v, %v, want number 2", out, err)
	}
	if got, want := logIDs(t, h.Store), "0=a 1=b 2=c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func logManyWriters(t testing.TB, h *harness) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			w := newWriter(h.Store, fmt.Sprintf("w%d", i))
			for j := range each {
				id := fmt.Sprintf("w%d-%d", i, j)
				out, err := h.Log.Append(t.Context(), w.batch(id))
				if err != nil {
					t.Errorf("append: %v", err)
					return
				}
				own := out.First - w.after - 1 // others' may follow it
				if own >= int64(len(out.Entries)) || out.Entries[own].Number != out.First || out.Entries[own].ID != id {
					t.Errorf("%s: got number %d, and another in its place of %+v", id, out.First, out.Entries)
				}
				w.saw(out.Entries)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for i, e := range logAll(t, h.Store) {
		if e.Number != int64(i) || seen[e.ID] {
			t.Errorf("entry %d: got %d %s, want each once and in order", i, e.Number, e.ID)
		}
		seen[e.ID] = true
	}
	if got, want := len(seen), writers*each; got != want {
		t.Errorf("got %d entries, want %d", got, want)
	}
}

// fill appends n entries.
func (w *logWriter) fill(t testing.TB, n int) {
	t.Helper()
	for n > 0 {
		ids := make([]string, min(n, entry.MaxBatch))
		for i := range ids {
			ids[i] = broker.NewID()
		}
		w.mustAppend(t, ids...)
		n -= len(ids)
	}
}

func logBehind(t testing.TB, h *harness) {
	late := newWriter(h.Store, "late")
	late.mustAppend(t, "first")
	busy := newWriter(h.Store, "busy")
	busy.fill(t, entry.Window-1)
	// It has read 0, and 4,096 come after: the last place within its window.
	b := late.batch("a", "b")
	wantRefused(t, h.Store, b, entry.ErrBehind)
	if out := late.mustAppend(t, "a"); out.First != entry.Window {
		t.Errorf("got number %d, want %d", out.First, entry.Window)
	}
	wantRefused(t, h.Store, newWriter(h.Store, "new").batch("c"), entry.ErrBehind)
}

func logForeign(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	w.mustAppend(t, "a")
	b := w.batch("b")
	b.Origin += "/2"
	wantRefused(t, h.Store, b, entry.ErrForeign)
	b.Replica = "two"
	wantRefused(t, h.Store, b, entry.ErrForeign)
}

func logAfterAnother(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	wantRefused(t, h.Store, entry.Batch{
		Origin: logOrigin, Replica: "one", ID: "b", After: 5, AfterID: "x", Entries: []entry.Sealed{sealed("y", 5)},
	}, tree.ErrRewound)
	w.mustAppend(t, "a")
	w.afterID = "another"
	wantRefused(t, h.Store, w.batch("b"), tree.ErrRewound)
	w.after, w.afterID = 1, "to come"
	wantRefused(t, h.Store, w.batch("b"), tree.ErrRewound)
}

func logBadBatch(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	w.mustAppend(t, "a")
	before := logIDs(t, h.Store)
	for name, change := range map[string]func(*entry.Batch){
		"no entry":             func(b *entry.Batch) { b.Entries = nil },
		"too many entries":     func(b *entry.Batch) { b.Entries = make([]entry.Sealed, entry.MaxBatch+1) },
		"no origin":            func(b *entry.Batch) { b.Origin = "" },
		"a long origin":        func(b *entry.Batch) { b.Origin = strings.Repeat("x", 256) },
		"no replica":           func(b *entry.Batch) { b.Replica = "" },
		"a long replica":       func(b *entry.Batch) { b.Replica = strings.Repeat("x", 256) },
		"no ID":                func(b *entry.Batch) { b.ID = "" },
		"a long ID":            func(b *entry.Batch) { b.ID = strings.Repeat("x", entry.MaxID+1) },
		"before the first":     func(b *entry.Batch) { b.After = -2 },
		"no ID of the last":    func(b *entry.Batch) { b.AfterID = "" },
		"an ID of none":        func(b *entry.Batch) { b.After, b.Entries[0].After = -1, -1 },
		"an entry out of line": func(b *entry.Batch) { b.Entries[0].After = -1 },
		"an entry without ID":  func(b *entry.Batch) { b.Entries[0].ID = "" },
		"an empty entry":       func(b *entry.Batch) { b.Entries[0].Leaf = nil },
		"a long entry":         func(b *entry.Batch) { b.Entries[0].Leaf = make([]byte, tree.MaxLeaf+1) },
		"a long aside":         func(b *entry.Batch) { b.Entries[0].Aside = make([]byte, entry.MaxAside+1) },
		"a short root":         func(b *entry.Batch) { b.Entries[0].Root = make([]byte, entry.RootSize-1) },
		"long MACs":            func(b *entry.Batch) { b.Entries[0].MACs = strings.Repeat("x", entry.MaxMACs+1) },
	} {
		b := w.batch("b")
		change(&b)
		if out, err := h.Log.Append(t.Context(), b); err == nil {
			t.Errorf("%s: got %+v and no error", name, out)
		}
	}
	if got := logIDs(t, h.Store); got != before {
		t.Errorf("got %s, want %s", got, before)
	}
}

func logAsides(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	b := w.batch("a", "b", "c")
	b.Entries[1].Aside = nil
	if _, err := h.Log.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	numbers := []int64{0, 1, 2, 3, -1, 1 << 60}
	for n := int64(4); n < 600; n++ { // several round trips
		numbers = append(numbers, n)
	}
	want := map[int64][]byte{0: []byte("aside of a"), 2: []byte("aside of c")}
	wantAsides := func() {
		t.Helper()
		got, err := h.Log.Asides(t.Context(), numbers)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("asides (-want +got): %v\n%s", err, diff)
		}
	}
	wantAsides()
	for _, erased := range []bool{true, false} {
		if got, err := h.Log.Forget(t.Context(), 0); got != erased || err != nil {
			t.Errorf("forget: got %v, %v, want %v", got, err, erased)
		}
		delete(want, 0)
		wantAsides()
	}
	if got, err := h.Log.Forget(t.Context(), 1); got || err != nil {
		t.Errorf("forget what was never said: got %v, %v", got, err)
	}
	if got, want := logIDs(t, h.Store), "0=a 1=b 2=c"; got != want {
		t.Errorf("entries: got %s, want %s", got, want)
	}
}

func logTrim(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	trim := func(before, first int64) {
		t.Helper()
		if err := h.Checkpoints.Trim(t.Context(), before); err != nil {
			t.Errorf("trim before %d: %v", before, err)
		}
		wantBounds(t, h.Store, first, w.after+1)
	}
	trim(100, 0)
	w.fill(t, 600)
	trim(100, 0) // within the window
	w.fill(t, entry.Window)
	trim(7, 7)
	trim(3, 7)
	trim(590, 590)
	trim(1<<40, 600)
	if err := h.Checkpoints.Trim(t.Context(), -1); err == nil {
		t.Error("trim before -1: got no error")
	}
	got, err := h.Log.Asides(t.Context(), []int64{0, 6, 7, 300, 599, 600, 601})
	if err != nil || len(got) != 2 || got[600] == nil || got[601] == nil {
		t.Errorf("asides: got those of %v, %v, want those of 600 and 601", got, err)
	}
	if page, err := h.Log.Read(t.Context(), 0, 1); err != nil || len(page) != 1 || page[0].Number != 600 {
		t.Errorf("read from 0: got %+v, %v, want 600", page, err)
	}
	w.mustAppend(t, "next")
}

func logAwait(t testing.TB, h *harness) {
	w := newWriter(h.Store, "one")
	done := make(chan error, 1)
	for n, id := range []string{"a", "b"} {
		go func() { done <- h.Log.Await(t.Context(), int64(n), time.Hour) }()
		w.mustAppend(t, id)
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("await: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("still waiting ten seconds after the entry")
		}
	}
	if err := h.Log.Await(t.Context(), 0, time.Hour); err != nil { // there already
		t.Error(err)
	}
}

func logAwaitEnds(t testing.TB, h *harness) {
	newWriter(h.Store, "one").mustAppend(t, "a")
	if err := h.Log.Await(t.Context(), 1, 20*time.Millisecond); err != nil {
		t.Errorf("await: %v", err)
	}
	if err := h.Log.Await(t.Context(), -1, time.Hour); err == nil {
		t.Error("await -1: got no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Log.Await(ctx, 1, time.Hour) }()
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("await under a cancelled context: got no error")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting ten seconds after the context ended")
	}
}
