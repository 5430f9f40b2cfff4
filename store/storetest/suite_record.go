package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/store"
)

var seenTests = []test{
	{"what is new is new once", newOnce},
	{"one seen among new ones is a duplicate and the new one is claimed", partlySeen},
	{"an hour later it is new again", seenForAnHour},
	{"of many replicas one sees it first", seenRace},
	{"IDs are not readable in Redis", seenIsHashed},
}

func wantFirst(t testing.TB, s *store.Store, want bool, ids ...string) {
	t.Helper()
	got, err := s.Counters.FirstSight(t.Context(), ids...)
	if err != nil || got != want {
		t.Errorf("first sight of %q: got %v, %v, want %v", ids, got, err, want)
	}
}

func newOnce(t testing.TB, h *harness) {
	wantFirst(t, h.Store, true, "env:1", "trigger:1", "")
	wantFirst(t, h.Store, false, "env:1", "trigger:1")
	wantFirst(t, h.Store, true, "env:2", "", "trigger:2")
	if got, err := h.Counters.FirstSight(t.Context(), "", ""); got || err == nil {
		t.Errorf("first sight of nothing: got %v, %v, want an error", got, err)
	}
}

func partlySeen(t testing.TB, h *harness) {
	wantFirst(t, h.Store, true, "env:1", "trigger:1")
	wantFirst(t, h.Store, false, "env:2", "trigger:1")
	wantFirst(t, h.Store, false, "env:2")
	wantFirst(t, h.Store, false, "trigger:1", "env:3")
	wantFirst(t, h.Store, false, "env:3")
}

func seenForAnHour(t testing.TB, h *harness) {
	wantFirst(t, h.Store, true, "env:1")
	if h.raw != nil {
		ttl, err := h.raw.PTTL(t.Context(), h.only(t, ":seen:")).Result()
		if err != nil || ttl < 59*time.Minute || ttl > time.Hour {
			t.Errorf("kept for %v (%v), want an hour", ttl, err)
		}
		return
	}
	h.pass(t, 59*time.Minute)
	wantFirst(t, h.Store, false, "env:1")
	h.pass(t, time.Minute)
	wantFirst(t, h.Store, true, "env:1")
}

func seenRace(t testing.TB, h *harness) {
	const racers = 50
	var wg sync.WaitGroup
	first := make(chan bool, racers)
	for range racers {
		wg.Go(func() {
			ok, err := h.Counters.FirstSight(t.Context(), "env:1")
			if err != nil {
				t.Errorf("first sight: %v", err)
			}
			if ok {
				first <- true
			}
		})
	}
	wg.Wait()
	if got := len(first); got != 1 {
		t.Errorf("first: got %d, want 1", got)
	}
}

func seenIsHashed(t testing.TB, h *harness) {
	h.needsShared(t)
	wantFirst(t, h.Store, true, "trigger:13345224609.738474920.8088930838d88f008e0")
	for key, value := range Dump(t, h.url) {
		if strings.Contains(key+value, "738474920") {
			t.Errorf("%s = %s shows the trigger", key, value)
		}
	}
}

var formerTests = []test{
	{"the former record is read in order and as it is, and removed", formerPages},
	{"an entry that is none is read as nothing", formerStrange},
}

func formerPages(t testing.TB, h *harness) {
	h.needsShared(t)
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf(`{"id":"%d"}`, i))
		if err := h.raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "assumebot:record", Values: []any{"event", want[i]}}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for after := ""; ; {
		page, err := h.Former.ReadFormer(t.Context(), after, 2)
		if err != nil || len(page) > 2 {
			t.Fatalf("got %d entries, %v, want 2 at most", len(page), err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			got, after = append(got, string(e.Bytes)), e.Position
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	last, err := h.raw.XRevRangeN(t.Context(), "assumebot:record", "+", "-", 2).Result()
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[string]bool{"": false, last[1].ID: false} {
		if removed, err := h.Former.RemoveFormer(t.Context(), after); removed != want || err != nil {
			t.Errorf("after %q: got %t, %v, want %t", after, removed, err, want)
		}
	}
	for range 2 { // of nothing there is nothing left
		if removed, err := h.Former.RemoveFormer(t.Context(), last[0].ID); !removed || err != nil {
			t.Errorf("got %t, %v, want it removed", removed, err)
		}
	}
	if page, err := h.Former.ReadFormer(t.Context(), "", 2); err != nil || len(page) != 0 {
		t.Errorf("after it was removed: got %d entries, %v", len(page), err)
	}
}

func formerStrange(t testing.TB, h *harness) {
	h.needsShared(t)
	if page, err := h.Former.ReadFormer(t.Context(), "", 2); err != nil || len(page) != 0 {
		t.Errorf("where there is none: got %d entries, %v", len(page), err)
	}
	for _, values := range [][]any{{"other", "x"}, {"event", strings.Repeat("x", 3<<20)}} {
		if err := h.raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "assumebot:record", Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	page, err := h.Former.ReadFormer(t.Context(), "", 10)
	if err != nil || len(page) != 2 || len(page[0].Bytes) != 0 || len(page[1].Bytes) > 1<<20+1 {
		t.Errorf("got %d entries, %v, want an empty one and a long one that is cut", len(page), err)
	}
	if _, err := h.Former.ReadFormer(t.Context(), "not a position", 1); err == nil {
		t.Error("a position that is none: got no error")
	}
}
