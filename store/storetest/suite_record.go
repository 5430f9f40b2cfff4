package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store"
)

var seenTests = []test{
	{"what is new is new once", newOnce},
	{"one seen among new ones is a duplicate and the new one is claimed", partlySeen},
	{"an hour later it is new again", seenForAnHour},
	{"of many replicas one sees it first", seenRace},
	{"IDs are not readable in Redis", seenIsHashed},
}

func wantFirst(t *testing.T, s *store.Store, want bool, ids ...string) {
	t.Helper()
	got, err := s.Counters.FirstSight(t.Context(), ids...)
	if err != nil || got != want {
		t.Errorf("first sight of %q: got %v, %v, want %v", ids, got, err, want)
	}
}

func newOnce(t *testing.T, h *harness) {
	wantFirst(t, h.Store, true, "env:1", "trigger:1", "")
	wantFirst(t, h.Store, false, "env:1", "trigger:1")
	wantFirst(t, h.Store, true, "env:2", "", "trigger:2")
	if got, err := h.Counters.FirstSight(t.Context(), "", ""); got || err == nil {
		t.Errorf("first sight of nothing: got %v, %v, want an error", got, err)
	}
}

func partlySeen(t *testing.T, h *harness) {
	wantFirst(t, h.Store, true, "env:1", "trigger:1")
	wantFirst(t, h.Store, false, "env:2", "trigger:1")
	wantFirst(t, h.Store, false, "env:2")
	wantFirst(t, h.Store, false, "trigger:1", "env:3")
	wantFirst(t, h.Store, false, "env:3")
}

func seenForAnHour(t *testing.T, h *harness) {
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

func seenRace(t *testing.T, h *harness) {
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

func seenIsHashed(t *testing.T, h *harness) {
	h.needsShared(t)
	wantFirst(t, h.Store, true, "trigger:13345224609.738474920.8088930838d88f008e0")
	for key, value := range Dump(t, h.url) {
		if strings.Contains(key+value, "738474920") {
			t.Errorf("%s = %s shows the trigger", key, value)
		}
	}
}

var recordTests = []test{
	{"events are read in order and page by page", recordPages},
	{"what an event says is one line each, and bounded", recordClean},
	{"an entry that cannot be read does not block those behind it", brokenEntry},
	{"what is too large for one entry becomes several", largeEvent},
	{"free text can be erased, and cannot be changed", erasedText},
	{"an entry from before version 1 is read as it was", flatEntry},
	{"waiting ends with an event", awaitEvent},
	{"waiting ends by itself and by its context", awaitEnds},
	{"events of many writers are all kept", manyWriters},
	{"a position that is none is an error", badPosition},
}

func recordEvent(t *testing.T, s *store.Store, id string) event.Event {
	t.Helper()
	e := event.Event{
		V: event.Version, ID: id, Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Kind: event.Intent, Request: "r" + id, Actor: event.Actor{User: alice},
		Data: event.IntentData{Act: event.Act{Attempt: "a" + id, Account: "prod", Reason: event.NewText("INC-42 <!channel>"), MFA: true}},
	}
	if err := s.Record.Record(t.Context(), e); err != nil {
		t.Fatalf("record: %v", err)
	}
	return e
}

// recordClean records what a hostile client may have brought into an Event, and
// reads what a hostile Redis holds.
func recordClean(t *testing.T, h *harness) {
	h.needsShared(t)
	forged := event.Event{
		ID: "e1", Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Actor: event.Actor{User: alice, Name: "\u3164"},
		Data: event.RefusedData{
			Account: "prod\nGranted prod to bob", Reason: event.NewText("\u202etxt\x1b[31m" + strings.Repeat("x", 1<<20)),
			Failure: event.Failure{Code: strings.Repeat("é", 1<<20)}, Target: event.Person{ID: "U02BOB", Name: "bob\r\n\u2066carol"},
		},
	}
	if err := h.Record.Record(t.Context(), forged); err != nil {
		t.Fatal(err)
	}
	kept, err := h.raw.XRange(t.Context(), "assumebot:record", "-", "+").Result()
	if err != nil || len(kept) != 1 || len(fmt.Sprint(kept[0].Values)) > 10_000 {
		t.Fatalf("got %d entries, %v, want one of at most 10 kB", len(kept), err)
	}
	leaf := strings.Replace(kept[0].Values["leaf"].(string), "prod Granted", `prod\nGranted`, 1)
	values := []any{"leaf", leaf, "aside", kept[0].Values["aside"]}
	if err := h.raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "assumebot:record", Values: values}).Err(); err != nil {
		t.Fatal(err)
	}
	entries := read(t, h.Store, "", 10)
	if len(entries) != 2 {
		t.Fatalf("got %d entries, want 2", len(entries))
	}
	for _, entry := range entries {
		e, ok := entry.Event.Data.(event.RefusedData)
		if !ok || e.Account != "prod Granted prod to bob" || !strings.HasPrefix(e.Reason.String(), "txt [31mxxx") ||
			entry.Event.Actor.Name != "" || e.Target.Name != "bob carol" {
			t.Errorf("got %+v", entry.Event)
		}
		if n := utf8.RuneCountInString(e.Reason.String()); n != event.MaxText {
			t.Errorf("got a reason of %d characters, want %d", n, event.MaxText)
		}
	}
}

// largeEvent records what is too large for one entry.
func largeEvent(t *testing.T, h *harness) {
	var want, got []string
	for i := range 5000 {
		want = append(want, fmt.Sprintf("U%09d", i))
	}
	e := event.Event{ID: "large", Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Data: event.MembershipData{Group: "S01", Added: want}}
	if err := h.Record.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	entries := read(t, h.Store, "", 100)
	for i, entry := range entries {
		p := entry.Event.Data.(event.MembershipData)
		if p.Part != i+1 || p.Parts != len(entries) {
			t.Errorf("got part %d of %d, want %d of %d", p.Part, p.Parts, i+1, len(entries))
		}
		got = append(got, p.Added...)
	}
	if len(entries) < 2 || !slices.Equal(got, want) {
		t.Errorf("got %d entries with %d members, want all %d", len(entries), len(got), len(want))
	}
}

// erasedText reads an entry whose free text is gone, and one where it is another.
func erasedText(t *testing.T, h *harness) {
	h.needsShared(t)
	recordEvent(t, h.Store, "1")
	kept, err := h.raw.XRange(t.Context(), "assumebot:record", "-", "+").Result()
	if err != nil || len(kept) != 1 {
		t.Fatal(err)
	}
	leaf, aside := kept[0].Values["leaf"].(string), kept[0].Values["aside"].(string)
	if strings.Contains(leaf, "INC-42") || !strings.Contains(aside, "INC-42") {
		t.Errorf("got leaf %s and aside %s, want the text in the aside alone", leaf, aside)
	}
	for _, values := range [][]any{{"leaf", leaf}, {"leaf", leaf, "aside", strings.Replace(aside, "INC-42", "INC-43", 1)}} {
		if err := h.raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "assumebot:record", Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	entries := read(t, h.Store, "", 10)
	if len(entries) != 3 {
		t.Fatalf("got %d entries, want 3", len(entries))
	}
	for i, entry := range entries {
		reason := entry.Event.Data.(event.IntentData).Reason
		if reason.Erased() != (i == 1) || reason.Altered() != (i == 2) {
			t.Errorf("entry %d: got erased %t, altered %t", i, reason.Erased(), reason.Altered())
		}
	}
}

// flatEntry reads what a release before version 1 wrote.
func flatEntry(t *testing.T, h *harness) {
	h.needsShared(t)
	const flat = `{"id":"e1","time":"2026-05-01T12:00:00.5+02:00","kind":"granted","request_id":"r1","slack_user":"U01ALICE","mfa":true,"message":"a\u003cb"}`
	if err := h.raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "assumebot:record", Values: []any{"event", flat}}).Err(); err != nil {
		t.Fatal(err)
	}
	entries := read(t, h.Store, "", 10)
	if len(entries) != 1 || entries[0].Broken != "" {
		t.Fatalf("got %+v, want one whole entry", entries)
	}
	e := entries[0].Event
	p, ok := e.Data.(event.ImportedData)
	if !ok || string(p.Bytes()) != flat || p.Position != entries[0].Position || e.Kind != event.Imported || e.Request != "r1" {
		t.Errorf("got %+v, want the entry as it was", e)
	}
	if want := time.Date(2026, 5, 1, 10, 0, 0, 500_000_000, time.UTC); !e.Time.Equal(want) {
		t.Errorf("got time %v, want %v", e.Time, want)
	}
}

func read(t *testing.T, s *store.Store, after string, limit int64) []broker.RecordEntry {
	t.Helper()
	got, err := s.Record.ReadRecord(t.Context(), after, limit)
	if err != nil {
		t.Fatalf("read record: %v", err)
	}
	return got
}

func recordPages(t *testing.T, h *harness) {
	if got := read(t, h.Store, "", 10); len(got) != 0 {
		t.Errorf("an empty record: got %d entries", len(got))
	}
	var want, got []event.Event
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		want = append(want, recordEvent(t, h.Store, id))
	}
	after := ""
	for page := read(t, h.Store, after, 2); len(page) > 0; page = read(t, h.Store, after, 2) {
		if len(page) > 2 {
			t.Errorf("page of %d, want 2 at most", len(page))
		}
		for _, entry := range page {
			if entry.Event.Replica == "" {
				t.Errorf("event %s does not say which process wrote it", entry.Event.ID)
			}
			entry.Event.Replica = ""
			got, after = append(got, entry.Event), entry.Position
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got := read(t, h.Store, "", 0); len(got) != 5 {
		t.Errorf("without a limit: got %d entries, want 5", len(got))
	}
}

func brokenEntry(t *testing.T, h *harness) {
	h.needsShared(t)
	recordEvent(t, h.Store, "1")
	for _, values := range [][]any{{"event", "{"}, {"other", "x"}, {"leaf", `{"time":"yesterday"}`}} {
		if err := h.raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "assumebot:record", Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	recordEvent(t, h.Store, "2")
	got := read(t, h.Store, "", 10)
	if len(got) != 5 || got[0].Broken != "" || got[4].Event.ID != "2" {
		t.Fatalf("got %+v, want five entries, the first and last whole", got)
	}
	for _, entry := range got[1:4] {
		if entry.Broken == "" || entry.Position == "" || !cmp.Equal(entry.Event, event.Event{}) {
			t.Errorf("got %+v, want a broken entry with a position", entry)
		}
	}
}

func awaitEvent(t *testing.T, h *harness) {
	recordEvent(t, h.Store, "1")
	if err := h.Record.AwaitRecord(t.Context(), "", time.Hour); err != nil { // there already
		t.Fatal(err)
	}
	last := read(t, h.Store, "", 1)[0].Position
	done := make(chan error, 1)
	go func() { done <- h.Record.AwaitRecord(t.Context(), last, time.Hour) }()
	recordEvent(t, h.Store, "2")
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("await: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting ten seconds after the event")
	}
	if got := read(t, h.Store, last, 10); len(got) != 1 || got[0].Event.ID != "2" {
		t.Errorf("got %+v, want event 2", got)
	}
}

func awaitEnds(t *testing.T, h *harness) {
	if err := h.Record.AwaitRecord(t.Context(), "", 20*time.Millisecond); err != nil {
		t.Errorf("await: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Record.AwaitRecord(ctx, "", time.Hour) }()
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

func manyWriters(t *testing.T, h *harness) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if err := h.Record.Record(t.Context(), event.Event{ID: broker.NewID(), Time: time.Now(), Data: event.WhoData{}}); err != nil {
					t.Errorf("record: %v", err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, entry := range read(t, h.Store, "", 1000) {
		seen[entry.Event.ID] = true
	}
	if got, want := len(seen), writers*each; got != want {
		t.Errorf("events: got %d, want %d", got, want)
	}
}

func badPosition(t *testing.T, h *harness) {
	recordEvent(t, h.Store, "1")
	if _, err := h.Record.ReadRecord(t.Context(), "not a position", 1); err == nil {
		t.Error("got no error")
	}
}
