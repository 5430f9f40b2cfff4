package storetest

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/store"
)

var dueTests = []test{
	{"what is due is returned, the earliest first, and stays", dueInOrder},
	{"the same entry again only moves", dueMoves},
	{"a settled entry is gone, and settling it again is no error", dueDropped},
	{"an entry takes the place of another that is still there", dueReplaced},
	{"a repeat of a replacement is answered as the first time", dueRepeated},
	{"what was put can be settled at once", dueSettledByPutter},
	{"of many replicas one takes an entry", dueRace},
	{"an entry that was taken and not settled comes back and counts it", dueComesBack},
	{"whoever took an entry too long ago settles nothing", dueFenced},
	{"a full list takes no more", dueFull},
	{"lists are apart, and each has its own keys", dueListsAreApart},
	{"entries are sealed", dueSealed},
	{"an entry that was moved, forged or put elsewhere does not open", dueBound},
	{"entries of an older release are returned as broken, and only those that nobody serves", dueOlder},
	{"an entry that was set aside is gone and set aside once", dueAside},
	{"an entry of another seal key is left alone for a while", dueOfAnotherKey},
	{"what makes no sense is refused", senselessDue},
}

// dueIn are the entries of list x that are due in by now.
func dueIn(t testing.TB, h *harness, s *store.Store, in time.Duration) []broker.DueEntry {
	t.Helper()
	entries, err := s.DueLists.DueBy(t.Context(), "x", h.now().Add(in), 10)
	if err != nil {
		t.Fatalf("due by: %v", err)
	}
	return entries
}

// wantDue wants the entries of list x that are due in by now.
func wantDue(t testing.TB, h *harness, s *store.Store, in time.Duration, want ...string) []broker.DueEntry {
	t.Helper()
	var got []string
	entries := dueIn(t, h, s, in)
	for _, e := range entries {
		text := string(e.Text)
		if e.Broken != "" {
			text = "broken"
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("due (-want +got):\n%s", diff)
	}
	return entries
}

func putDue(t testing.TB, h *harness, in time.Duration, text string) {
	t.Helper()
	if _, put, err := h.DueLists.PutDue(t.Context(), "x", h.now().Add(in), []byte(text), 0); !put || err != nil {
		t.Fatalf("put %s: got %v, %v", text, put, err)
	}
}

// settleDue puts next in the place of e; "" takes e off the list.
func settleDue(t testing.TB, h *harness, e broker.DueEntry, in time.Duration, next string, want bool) {
	t.Helper()
	var text []byte
	if next != "" {
		text = []byte(next)
	}
	if got, err := h.DueLists.SettleDue(t.Context(), "x", e, h.now().Add(in), text); got != want || err != nil {
		t.Fatalf("settle %s as %q: got %v, %v, want %v", e.Text, next, got, err, want)
	}
}

func dueInOrder(t testing.TB, h *harness) {
	wantDue(t, h, h.Store, time.Hour)
	putDue(t, h, 30*time.Minute, "later")
	putDue(t, h, -time.Minute, "now")
	putDue(t, h, 5*time.Minute, "soon")
	for range 2 {
		wantDue(t, h, h.Store, 0, "now")
		wantDue(t, h, h.Store, 6*time.Minute, "now", "soon")
	}
	h.skew(time.Hour) // Redis's own clock is not asked
	wantDue(t, h, h.Store, 0, "now", "soon", "later")
	entries, err := h.DueLists.DueBy(t.Context(), "x", h.now(), 1)
	if err != nil || len(entries) != 1 || string(entries[0].Text) != "now" {
		t.Errorf("one of them: got %v, %v, want the earliest", entries, err)
	}
}

func dueMoves(t testing.TB, h *harness) {
	putDue(t, h, 0, "one")
	putDue(t, h, time.Hour, "one")
	wantDue(t, h, h.Store, time.Minute)
	putDue(t, h, time.Minute, "one")
	wantDue(t, h, h.Store, 2*time.Minute, "one")
}

func dueDropped(t testing.TB, h *harness) {
	putDue(t, h, 0, "one")
	putDue(t, h, 0, "two")
	for _, e := range dueIn(t, h, h.Store, time.Minute) {
		if string(e.Text) == "one" {
			settleDue(t, h, e, 0, "", true)
			settleDue(t, h, e, 0, "", true)
		}
	}
	wantDue(t, h, h.Store, time.Minute, "two")
}

func dueReplaced(t testing.TB, h *harness) {
	putDue(t, h, 0, "first")
	first := wantDue(t, h, h.Store, time.Minute, "first")[0]
	settleDue(t, h, first, time.Hour, "second", true)
	wantDue(t, h, h.Store, time.Minute)
	second := wantDue(t, h, h.Store, 2*time.Hour, "second")[0]
	settleDue(t, h, second, 0, "", true)
	settleDue(t, h, second, 0, "third", false)
	wantDue(t, h, h.Store, 2*time.Hour)
}

func dueRepeated(t testing.TB, h *harness) {
	putDue(t, h, 0, "first")
	e := wantDue(t, h, h.Store, time.Minute, "first")[0]
	at := h.now().Add(time.Minute)
	for range 3 {
		if got, err := h.DueLists.SettleDue(t.Context(), "x", e, at, []byte("second")); !got || err != nil {
			t.Fatalf("settle: got %v, %v", got, err)
		}
	}
	wantDue(t, h, h.Store, time.Hour, "second")
}

func dueSettledByPutter(t testing.TB, h *harness) {
	e, _, err := h.DueLists.PutDue(t.Context(), "x", h.now().Add(time.Minute), []byte("first"), 0)
	if err != nil {
		t.Fatal(err)
	}
	settleDue(t, h, e, 0, "", true)
	wantDue(t, h, h.Store, time.Hour)
}

func dueRace(t testing.TB, h *harness) {
	putDue(t, h, 0, "first")
	e := wantDue(t, h, h.Store, time.Minute, "first")[0]
	var (
		wg    sync.WaitGroup
		taken atomic.Int64
		until = h.now().Add(time.Minute)
	)
	for range 20 {
		wg.Go(func() {
			_, ok, err := h.DueLists.TakeDue(t.Context(), "x", e, until)
			if err != nil {
				t.Errorf("take: %v", err)
			}
			if ok {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if got := taken.Load(); got != 1 {
		t.Errorf("got %d who took it, want one", got)
	}
	wantDue(t, h, h.Store, 30*time.Second)
	wantDue(t, h, h.Store, 2*time.Minute, "first")
}

func dueComesBack(t testing.TB, h *harness) {
	putDue(t, h, 0, "first")
	for tries := range 3 {
		e := wantDue(t, h, h.Store, time.Hour, "first")[0]
		if e.Tries != tries {
			t.Errorf("tries: got %d, want %d", e.Tries, tries)
		}
		if _, ok, err := h.DueLists.TakeDue(t.Context(), "x", e, h.now().Add(time.Minute)); !ok || err != nil {
			t.Fatalf("take: got %v, %v", ok, err)
		}
	}
	e, _, err := h.DueLists.TakeDue(t.Context(), "x", dueIn(t, h, h.Store, time.Hour)[0], h.now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	settleDue(t, h, e, 0, "put off", true)
	if e := wantDue(t, h, h.Store, time.Minute, "put off")[0]; e.Tries != 0 {
		t.Errorf("tries of what was put off: got %d, want none", e.Tries)
	}
}

func dueFenced(t testing.TB, h *harness) {
	putDue(t, h, 0, "first")
	slow, ok, err := h.DueLists.TakeDue(t.Context(), "x", dueIn(t, h, h.Store, time.Minute)[0], h.now())
	if !ok || err != nil {
		t.Fatalf("take: got %v, %v", ok, err)
	}
	quick, ok, err := h.DueLists.TakeDue(t.Context(), "x", dueIn(t, h, h.Store, time.Minute)[0], h.now().Add(time.Minute))
	if !ok || err != nil {
		t.Fatalf("take again: got %v, %v", ok, err)
	}
	settleDue(t, h, slow, 0, "of the slow one", false)
	settleDue(t, h, slow, 0, "", false)
	settleDue(t, h, quick, 0, "of the quick one", true)
	wantDue(t, h, h.Store, time.Minute, "of the quick one")
}

func dueFull(t testing.TB, h *harness) {
	put := func(text string, want bool) {
		t.Helper()
		if _, got, err := h.DueLists.PutDue(t.Context(), "x", h.now(), []byte(text), 2); got != want || err != nil {
			t.Errorf("put %s: got %v, %v, want %v", text, got, err, want)
		}
	}
	put("one", true)
	put("two", true)
	put("three", false)
	put("two", true) // it is there already
	wantDue(t, h, h.Store, time.Minute, dueTexts(dueIn(t, h, h.Store, time.Minute))...)
	if got := len(dueIn(t, h, h.Store, time.Minute)); got != 2 {
		t.Errorf("got %d entries, want 2", got)
	}
}

func dueTexts(entries []broker.DueEntry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, string(e.Text))
	}
	return out
}

func dueListsAreApart(t testing.TB, h *harness) {
	putDue(t, h, 0, "one")
	if entries, err := h.DueLists.DueBy(t.Context(), "y", h.now(), 10); len(entries) != 0 || err != nil {
		t.Errorf("another list: got %v, %v, want nothing", entries, err)
	}
	if h.raw != nil {
		if got := h.only(t, "{due:x}:sealed"); !strings.HasSuffix(got, "{due:x}:sealed") {
			t.Errorf("key: got %s, want a hash tag of its own", got)
		}
	}
}

func dueSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	putDue(t, h, 0, "CANARY")
	e := dueIn(t, h, h.Store, time.Minute)[0]
	if _, _, err := h.DueLists.TakeDue(t.Context(), "x", e, h.now()); err != nil {
		t.Fatal(err)
	}
	for key, text := range Dump(t, h.url) {
		if strings.Contains(text, "CANARY") || strings.Contains(text, "Q0FOQVJZ") {
			t.Errorf("%s holds an entry in clear: %s", key, text)
		}
	}
}

// dueBound tries what somebody who can write to Redis can.
func dueBound(t testing.TB, h *harness) {
	h.needsShared(t)
	ctx := t.Context()
	const list, entry = "assumebot:{due:x}:sealed", "assumebot:{due:x}:entry:"
	at := h.now().Add(-time.Hour)
	if _, _, err := h.DueLists.PutDue(ctx, "x", h.now().Add(time.Hour), []byte("first"), 0); err != nil {
		t.Fatal(err)
	}
	id := wantDue(t, h, h.Store, 2*time.Hour, "first")[0].ID
	sealed, err := h.raw.Get(ctx, entry+id).Result()
	if err != nil {
		t.Fatal(err)
	}
	add := func(member string, value any) {
		t.Helper()
		if err := h.raw.ZAdd(ctx, list, redis.Z{Score: float64(at.UnixMilli()), Member: member}).Err(); err != nil {
			t.Fatal(err)
		}
		if err := h.raw.Set(ctx, entry+member, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	add(id, sealed)                                   // due earlier than it was sealed for
	add("another", sealed)                            // under another name
	add(`{"user":"{"`, `{"user":"{","id":"x"}`)       // in clear
	add("}{"+strings.Repeat("x", 1000), []byte{1, 2}) // garbage
	if err := h.raw.ZAdd(ctx, list, redis.Z{Score: float64(at.UnixMilli()), Member: "nothing"}).Err(); err != nil {
		t.Fatal(err)
	}
	wantDue(t, h, h.Store, 0, "broken", "broken", "broken", "broken", "broken")
	for _, e := range dueIn(t, h, h.Store, 0) {
		if _, _, err := h.DueLists.TakeDue(ctx, "x", e, h.now()); err == nil {
			t.Errorf("%q was taken", e.ID)
		}
		if aside, err := h.DueLists.SetAsideDue(ctx, "x", e); !aside || err != nil {
			t.Errorf("set %q aside: got %v, %v", e.ID, aside, err)
		}
	}
	wantDue(t, h, h.Store, 2*time.Hour)
}

func dueOlder(t testing.TB, h *harness) {
	h.needsShared(t)
	const older = "assumebot:{due:x}"
	for text, age := range map[string]time.Duration{"served by an older replica": time.Minute, "served by nobody": 6 * time.Minute} {
		if err := h.raw.ZAdd(t.Context(), older, redis.Z{Score: float64(h.now().Add(-age).UnixMilli()), Member: text}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	putDue(t, h, 0, "ours")
	e := wantDue(t, h, h.Store, time.Second, "broken", "ours")[0]
	if string(e.Sealed) != "served by nobody" || len(e.Text) != 0 {
		t.Errorf("got %q, want what the older release wrote, as nothing to act by", e.Sealed)
	}
	if aside, err := h.DueLists.SetAsideDue(t.Context(), "x", e); !aside || err != nil {
		t.Errorf("set aside: got %v, %v", aside, err)
	}
	wantDue(t, h, h.Store, time.Second, "ours")
}

func dueAside(t testing.TB, h *harness) {
	putDue(t, h, 0, "poison")
	putDue(t, h, time.Second, "good")
	e := wantDue(t, h, h.Store, time.Minute, "poison", "good")[0]
	for i, want := range []bool{true, false} {
		if got, err := h.DueLists.SetAsideDue(t.Context(), "x", e); got != want || err != nil {
			t.Errorf("time %d: got %v, %v, want %v", i, got, err, want)
		}
	}
	wantDue(t, h, h.Store, time.Minute, "good")
	putDue(t, h, 0, "good")
	moved := wantDue(t, h, h.Store, time.Minute, "good")[0]
	if _, ok, err := h.DueLists.TakeDue(t.Context(), "x", moved, h.now().Add(time.Minute)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got, err := h.DueLists.SetAsideDue(t.Context(), "x", moved); got || err != nil {
		t.Errorf("one that another took: got %v, %v, want it left", got, err)
	}
}

func dueOfAnotherKey(t testing.TB, h *harness) {
	h.needsShared(t)
	other := h.replica(t, KeyTwo, KeyOne)
	if _, _, err := other.DueLists.PutDue(t.Context(), "x", h.now(), []byte("new"), 0); err != nil {
		t.Fatal(err)
	}
	wantDue(t, h, h.Store, time.Minute)
	wantDue(t, h, other, time.Minute, "new")
	h.skew(6 * time.Minute)
	wantDue(t, h, h.Store, time.Minute, "broken")
	wantDue(t, h, other, time.Minute, "new")
}

func senselessDue(t testing.TB, h *harness) {
	ctx := t.Context()
	for _, list := range []string{"", "a{b", "a}b"} {
		if _, _, err := h.DueLists.PutDue(ctx, list, h.now(), []byte("one"), 0); err == nil {
			t.Errorf("put on %q: got no error", list)
		}
		if _, err := h.DueLists.DueBy(ctx, list, h.now(), 1); err == nil {
			t.Errorf("read of %q: got no error", list)
		}
		if _, err := h.DueLists.SettleDue(ctx, list, broker.DueEntry{ID: "one"}, h.now(), nil); err == nil {
			t.Errorf("settle on %q: got no error", list)
		}
		if _, _, err := h.DueLists.TakeDue(ctx, list, broker.DueEntry{ID: "one"}, h.now()); err == nil {
			t.Errorf("take from %q: got no error", list)
		}
		if _, err := h.DueLists.SetAsideDue(ctx, list, broker.DueEntry{ID: "one"}); err == nil {
			t.Errorf("set aside from %q: got no error", list)
		}
	}
	if _, _, err := h.DueLists.PutDue(ctx, "x", h.now(), nil, 0); err == nil {
		t.Error("put of nothing: got no error")
	}
	if _, _, err := h.DueLists.PutDue(ctx, "x", h.now(), make([]byte, 65<<10), 0); err == nil {
		t.Error("put of too much: got no error")
	}
	if _, _, err := h.DueLists.PutDue(ctx, "x", time.Time{}, []byte("one"), 0); err == nil {
		t.Error("put without a time: got no error")
	}
	if _, err := h.DueLists.SettleDue(ctx, "x", broker.DueEntry{ID: "one"}, h.now(), []byte{}); err == nil {
		t.Error("settle as nothing: got no error")
	}
}
