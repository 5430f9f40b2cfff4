package record

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/state"
)

// A formerRecord is a former record in memory.
type formerRecord struct {
	*recordtest.Shelf
	mu      sync.Mutex
	entries []string
	cursor  []byte
	onMove  func() error
	removed bool
}

func (f *formerRecord) add(entries ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = append(f.entries, entries...)
}

func (f *formerRecord) ReadFormer(_ context.Context, after string, limit int64) ([]FormerEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []FormerEntry
	for i, e := range f.entries {
		if position := fmt.Sprintf("%04d-0", i); position > after && int64(len(out)) < limit {
			out = append(out, FormerEntry{position, []byte(e)})
		}
	}
	return out, nil
}

func (f *formerRecord) RemoveFormer(_ context.Context, after string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removed = len(f.entries) == 0 || after >= fmt.Sprintf("%04d-0", len(f.entries)-1)
	return f.removed, nil
}

func (f *formerRecord) LoadCursor(context.Context, string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursor, nil
}

func (f *formerRecord) MoveCursor(_ context.Context, _ lease.Fence, previous, state []byte) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.onMove != nil {
		if err := f.onMove(); err != nil {
			return false, err
		}
	}
	if string(f.cursor) != string(previous) {
		return false, nil
	}
	f.cursor = state
	return true, nil
}

func importedEntries(t *testing.T, m *recordtest.Memory) (entries []string, last bool) {
	t.Helper()
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, e := range m.Entries {
		ev, err := event.Decode(e.Leaf, e.Aside)
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := ev.Data.(event.ImportedData); ok {
			if last = d.Last; !last {
				entries = append(entries, string(d.Bytes()))
			}
		}
	}
	return entries, last
}

func TestTheFormerRecordIsImportedOnceAsItIs(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	f := &formerRecord{Shelf: recordtest.NewShelf(m)}
	var want []string
	for i := range 250 {
		want = append(want, fmt.Sprintf(`{"id":"%d"}`, i))
	}
	f.add(want...)
	// The first holder dies between the record and its cursor.
	f.onMove = func() error { return recordtest.ErrLost }
	i := NewImporter(l.Log, f, f.Shelf)
	if err := i.lease.Do(t.Context(), func(ctx context.Context, h *lease.Hold) error { return i.lead(ctx, h, func() {}) }); err == nil {
		t.Fatal("the cursor was not moved, and there is no error")
	}
	f.onMove = nil
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	next := NewImporter(l.Log, f, f.Shelf)
	done.Go(func() { next.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	recordtest.AwaitThat(t, "all are imported", func() bool { return l.Size() == 250 })
	if got, _ := importedEntries(t, m); !slices.Equal(got, want) {
		t.Errorf("got %d entries, want %d, each once and in order", len(got), len(want))
	}
}

func TestNothingIsImportedAfterAnHourOfSilence(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	f := &formerRecord{Shelf: recordtest.NewShelf(m)}
	f.add("old", strings.Repeat("x", 100_000), "\xff\xfe")
	lead := func() {
		i := NewImporter(l.Log, f, f.Shelf)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_ = i.lease.Do(ctx, func(ctx context.Context, h *lease.Hold) error { return i.lead(ctx, h, cancel) })
	}
	lead()
	if got, last := importedEntries(t, m); last || strings.Join(got, "") != "old"+strings.Repeat("x", 100_000)+"\xff\xfe" {
		t.Fatalf("got %d parts, and last %t, want all three entries", len(got), last)
	}
	i := NewImporter(l.Log, f, f.Shelf)
	i.every = 10 * time.Millisecond
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		// It has looked once it waits; an hour goes by meanwhile.
		for l.clock.Now().Sub(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)) < 2*silentFor {
			l.clock.Pass(time.Minute)
			time.Sleep(time.Millisecond)
		}
	}()
	i.Run(t.Context())
	<-passed
	if _, last := importedEntries(t, m); !last || !f.removed {
		t.Errorf("last: got %t, and removed %t", last, f.removed)
	}
	f.add("written by somebody, later")
	size := l.Size()
	lead()
	if l.Size() != size {
		t.Error("something was imported after the end")
	}
}

// importFrom imports as one who has just got the lease, until then is met.
func importFrom(t *testing.T, l *Log, f *formerRecord, then func() bool) error {
	t.Helper()
	i := NewImporter(l, f, f.Shelf)
	i.every = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- i.lease.Do(ctx, func(ctx context.Context, h *lease.Hold) error { return i.lead(ctx, h, cancel) })
	}()
	recordtest.AwaitThat(t, "it is imported", func() bool { return ctx.Err() != nil || then() })
	cancel()
	return <-ended
}

// TestNobodyKeepsTheImportOpen has somebody write at least once an hour.
func TestNobodyKeepsTheImportOpen(t *testing.T) {
	for name, left := range map[string]bool{"all is imported": false, "somebody was faster": true} {
		t.Run(name, func(t *testing.T) {
			m := recordtest.NewMemory()
			l := running(t, m, "a")
			f := &formerRecord{Shelf: recordtest.NewShelf(m)}
			f.add("first")
			_ = importFrom(t, l.Log, f, func() bool { return l.Size() == 1 })
			l.clock.Pass(state.ImportFor)
			f.add("seven days later")
			f.onMove = func() error { // after it was read
				if left {
					f.entries, left = append(f.entries, "too late"), false
				}
				return nil
			}
			wantLeft := left
			never := func() bool { return false }
			if err := importFrom(t, l.Log, f, never); err != nil {
				t.Error(err)
			}
			got, last := importedEntries(t, m)
			if want := []string{"first", "seven days later"}; !slices.Equal(got, want) || !last || f.removed == wantLeft {
				t.Errorf("got %q, the last %t, removed %t", got, last, f.removed)
			}
			alarms := alarmsOf(t, m)
			if told := len(alarms) == 1 && alarms[0].Code == alarmLeft; told != wantLeft {
				t.Errorf("got the alarms %v", alarms)
			}
			size := l.Size()
			if err := importFrom(t, l.Log, f, never); err != nil || l.Size() != size {
				t.Errorf("after the end: got %v, and %d more", err, l.Size()-size)
			}
		})
	}
}

// TestWhoBeginsAtAStartImportsNothingAgain has the cursor go back as well.
func TestWhoBeginsAtAStartImportsNothingAgain(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	f := &formerRecord{Shelf: s}
	f.add("first", "second")
	_ = importFrom(t, l.Log, f, func() bool { return l.Size() == 2 })
	p := publisher(s, l, key)
	for range 3 {
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
	}
	b, err := starter(t, m, s, l, key)
	if _, from, _ := b.state.KnowsAll(); err != nil || from < 2 {
		t.Fatalf("it begins at %d, %v, want it after the import", from, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { b.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	f.cursor = nil
	f.add("third")
	size := b.Size()
	if err := importFrom(t, b, f, func() bool { return b.Size() > size }); err != nil {
		t.Log(err) // the lease was given up
	}
	if got, _ := importedEntries(t, m); !slices.Equal(got, []string{"first", "second", "third"}) {
		t.Errorf("got %q, want each once", got)
	}
	if said, err := (&Importer{log: b}).said(); err != nil || !said.Began.Equal(l.clock.Now()) {
		t.Errorf("got %+v, %v, want that the import began with the first", said, err)
	}
}

// TestAnEntryOfManyPartsIsImportedWhole has its first holder die between its batches.
func TestAnEntryOfManyPartsIsImportedWhole(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	f := &formerRecord{Shelf: recordtest.NewShelf(m)}
	long := strings.Repeat("\x01", MaxFormer) // six bytes each in JSON
	f.add(long, "next")
	batches := 0
	m.OnAppend = func(entry.Batch) error {
		if batches++; batches == 2 {
			return entry.ErrReplicas
		}
		return nil
	}
	over := func() bool { return l.state.Import().Position == "0001-0" }
	for range 2 {
		_ = importFrom(t, l.Log, f, over)
	}
	var whole []string
	for _, e := range m.Entries {
		ev, err := event.Decode(e.Leaf, e.Aside)
		if err != nil {
			t.Fatal(err)
		}
		d := ev.Data.(event.ImportedData)
		if d.Part <= 1 {
			whole = append(whole, "")
		}
		whole[len(whole)-1] += string(d.Bytes())
	}
	if n := len(whole); n < 2 || whole[n-2] != long || whole[n-1] != "next" {
		t.Errorf("got %d entries, want the long one whole and then the next", n)
	}
}

// TestAnEntryThatIsTooLongStaysWhereItIs: it is imported as far as it goes, and told.
func TestAnEntryThatIsTooLongStaysWhereItIs(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	f := &formerRecord{Shelf: recordtest.NewShelf(m)}
	f.add(strings.Repeat("x", MaxFormer+1), "next")
	over := func() bool { return l.state.Import().Position == "0001-0" }
	_ = importFrom(t, l.Log, f, over)
	i := NewImporter(l.Log, f, f.Shelf)
	said, err := (&Importer{log: l.Log}).said()
	if err != nil || !said.Left {
		t.Errorf("got %+v, %v, want that it was cut", said, err)
	}
	if over, err := i.finish(t.Context(), said.Position, said); !over || err != nil {
		t.Errorf("got %t, %v, want that it is over", over, err)
	}
	if alarms := alarmsOf(t, m); f.removed || len(alarms) != 1 || alarms[0].Code != alarmLeft {
		t.Errorf("removed %t, and the alarms %v", f.removed, alarms)
	}
}

// TestWhatWasImportedCanBeErased imports an entry of two lines, which stands beside the tree
// byte by byte.
func TestWhatWasImportedCanBeErased(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	const former = `{"reason":"INC-42 of Ms Smith"}` + "\n\u202e\x00"
	e := recordtest.About("e")
	e.Data = event.NewImported("1-0", []byte(former))
	l.mustRecord(t, e)
	if err := publish(t, publisher(s, l, key)); err != nil {
		t.Fatal(err)
	}
	d := recordtest.WriteArchive(t, s, recordtest.Newest(t, s, key))
	archive, err := audit.FromArchive(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	store := audit.FromStore(m, s)
	said := func() string {
		fields, err := audit.Fields(m.Entries[0].Leaf, m.Entries[0].Aside)
		if err != nil || len(fields) != 2 || fields[1].Name != "entry" {
			t.Fatalf("got %v, %v", fields, err)
		}
		return fields[1].Value
	}
	if bytes.Contains(m.Entries[0].Leaf, []byte("Smith")) || said() != former {
		t.Errorf("got %q, and the leaf %s", said(), m.Entries[0].Leaf)
	}
	for name, source := range map[string]audit.Source{"store": store, "archive": archive} {
		if got := verifyWith(t, key, source); len(got.Findings) != 0 {
			t.Errorf("%s: got %v", name, got.Findings)
		}
	}
	kept := m.Entries[0].Aside
	m.Entries[0].Aside = bytes.Replace(kept, []byte("Smith"), []byte("Jones"), 1)
	if got := verifyWith(t, key, store); len(got.Findings) != 1 || got.Findings[0].Fault != audit.FaultText || said() != "(not the text that was written)" {
		t.Errorf("altered: got %v and %q", got.Findings, said())
	}
	m.Entries[0].Aside = kept
	if err := l.Forget(t.Context(), []int64{0}, "carol", d); err != nil {
		t.Fatal(err)
	}
	if err := audit.Forgotten(t.Context(), []int64{0}, store, archive); err != nil || said() != "(erased)" {
		t.Errorf("erased: got %v and %q", err, said())
	}
	for name, source := range map[string]audit.Source{"store": store, "archive": archive} {
		if got := verifyWith(t, key, source); len(got.Findings) != 0 {
			t.Errorf("%s, erased: got %v", name, got.Findings)
		}
	}
	found := false
	err = audit.Export{Source: store, Filter: audit.Filter{User: "UNOBODY"}}.Each(t.Context(), func(e entry.Entry) error {
		found = found || e.Number == 0
		return nil
	})
	if err != nil || !found {
		t.Errorf("got %v, and that a filter leaves out what nobody can read any more", err)
	}
}

// TestACursorThatSomebodyWroteSkipsNothing has it point behind all entries, or hold no JSON.
func TestACursorThatSomebodyWroteSkipsNothing(t *testing.T) {
	for _, cursor := range []string{`{"position":"9999-0"}`, "x"} {
		m := recordtest.NewMemory()
		l := running(t, m, "a")
		f := &formerRecord{Shelf: recordtest.NewShelf(m), cursor: []byte(cursor)}
		want := []string{"one", "two", "three"}
		f.add(want...)
		i := NewImporter(l.Log, f, f.Shelf)
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { i.Run(ctx) })
		recordtest.AwaitThat(t, "all are imported", func() bool { return l.Size() == int64(len(want)) })
		cancel()
		done.Wait()
		if got, _ := importedEntries(t, m); !slices.Equal(got, want) {
			t.Errorf("cursor %s: got %q, want %q", cursor, got, want)
		}
	}
}
