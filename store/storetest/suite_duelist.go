package storetest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/store"
)

var dueTests = []test{
	{"what is due is returned, the earliest first, and stays", dueInOrder},
	{"the same entry again only moves", dueMoves},
	{"a dropped entry is gone, and dropping it again is no error", dueDropped},
	{"an entry takes the place of another that is still there", dueReplaced},
	{"a repeat of a replacement is answered as the first time", dueRepeated},
	{"of many replicas one replaces an entry", dueRace},
	{"lists are apart, and each has its own key", dueListsAreApart},
	{"what makes no sense is refused", senselessDue},
}

// wantDue wants the entries of list x that are due in by now.
func wantDue(t *testing.T, h *harness, s *store.Store, in time.Duration, want ...string) {
	t.Helper()
	entries, err := s.DueBy(t.Context(), "x", h.now().Add(in), 10)
	if err != nil {
		t.Fatalf("due by: %v", err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, string(entry))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}

// putDue puts entry on list x, in place of old if that is not "".
func putDue(t *testing.T, h *harness, in time.Duration, entry, old string, want bool) {
	t.Helper()
	var replaced []byte
	if old != "" {
		replaced = []byte(old)
	}
	if got, err := h.PutDue(t.Context(), "x", h.now().Add(in), []byte(entry), replaced); got != want || err != nil {
		t.Fatalf("put %s in place of %q: got %v, %v, want %v", entry, old, got, err, want)
	}
}

func dueInOrder(t *testing.T, h *harness) {
	wantDue(t, h, h.Store, time.Hour)
	putDue(t, h, 30*time.Minute, "later", "", true)
	putDue(t, h, -time.Minute, "now", "", true)
	putDue(t, h, 5*time.Minute, "soon", "", true)
	for range 2 {
		wantDue(t, h, h.Store, 0, "now")
		wantDue(t, h, h.Store, 6*time.Minute, "now", "soon")
	}
	h.skew(time.Hour) // Redis's own clock is not asked
	wantDue(t, h, h.Store, 0, "now", "soon", "later")
	entries, err := h.DueBy(t.Context(), "x", h.now(), 1)
	if err != nil || len(entries) != 1 || string(entries[0]) != "now" {
		t.Errorf("one of them: got %q, %v, want the earliest", entries, err)
	}
}

func dueMoves(t *testing.T, h *harness) {
	putDue(t, h, 0, "one", "", true)
	putDue(t, h, time.Hour, "one", "", true)
	wantDue(t, h, h.Store, time.Minute)
	putDue(t, h, time.Minute, "one", "one", true)
	wantDue(t, h, h.Store, 2*time.Minute, "one")
}

func dueDropped(t *testing.T, h *harness) {
	putDue(t, h, 0, "one", "", true)
	putDue(t, h, 0, "two", "", true)
	for range 2 {
		if err := h.DropDue(t.Context(), "x", []byte("one")); err != nil {
			t.Fatal(err)
		}
	}
	wantDue(t, h, h.Store, time.Minute, "two")
}

func dueReplaced(t *testing.T, h *harness) {
	putDue(t, h, 0, "first", "", true)
	putDue(t, h, time.Hour, "second", "first", true)
	wantDue(t, h, h.Store, time.Minute)
	wantDue(t, h, h.Store, 2*time.Hour, "second")
	if err := h.DropDue(t.Context(), "x", []byte("second")); err != nil {
		t.Fatal(err)
	}
	putDue(t, h, 0, "third", "second", false)
	wantDue(t, h, h.Store, 2*time.Hour)
}

func dueRepeated(t *testing.T, h *harness) {
	putDue(t, h, 0, "first", "", true)
	for range 3 {
		putDue(t, h, time.Minute, "second", "first", true)
	}
	wantDue(t, h, h.Store, time.Hour, "second")
}

func dueRace(t *testing.T, h *harness) {
	const racers = 20
	putDue(t, h, 0, "first", "", true)
	var wg sync.WaitGroup
	won := make(chan string, racers)
	at := h.now()
	for i := range racers {
		wg.Go(func() {
			mine := "second of " + string(rune('a'+i))
			ok, err := h.PutDue(t.Context(), "x", at, []byte(mine), []byte("first"))
			if err != nil {
				t.Errorf("put: %v", err)
			}
			if ok {
				won <- mine
			}
		})
	}
	wg.Wait()
	close(won)
	var winners []string
	for mine := range won {
		winners = append(winners, mine)
	}
	wantDue(t, h, h.Store, time.Minute, winners...)
	if len(winners) != 1 {
		t.Errorf("got %d who replaced it, want one", len(winners))
	}
}

func dueListsAreApart(t *testing.T, h *harness) {
	putDue(t, h, 0, "one", "", true)
	if entries, err := h.DueBy(t.Context(), "y", h.now(), 10); len(entries) != 0 || err != nil {
		t.Errorf("another list: got %q, %v, want nothing", entries, err)
	}
	if h.raw != nil {
		if got := h.only(t, "due"); !strings.HasSuffix(got, "{due:x}") {
			t.Errorf("key: got %s, want a hash tag of its own", got)
		}
	}
}

func senselessDue(t *testing.T, h *harness) {
	for _, list := range []string{"", "a{b", "a}b"} {
		if _, err := h.PutDue(t.Context(), list, h.now(), []byte("one"), nil); err == nil {
			t.Errorf("put on %q: got no error", list)
		}
		if _, err := h.DueBy(t.Context(), list, h.now(), 1); err == nil {
			t.Errorf("read of %q: got no error", list)
		}
		if err := h.DropDue(t.Context(), list, []byte("one")); err == nil {
			t.Errorf("drop from %q: got no error", list)
		}
	}
	if _, err := h.PutDue(t.Context(), "x", h.now(), nil, nil); err == nil {
		t.Error("put of nothing: got no error")
	}
}
