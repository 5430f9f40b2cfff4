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
)

// A formerRecord is a former record in memory.
type formerRecord struct {
	*shelf
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

func (f *formerRecord) RemoveFormer(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removed = true
	return nil
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

func importedEntries(t *testing.T, m *memory) (entries []string, last bool) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries {
		ev, err := event.Decode(e.Leaf, e.Aside)
		if err != nil {
			t.Fatal(err)
		}
		d := ev.Data.(event.ImportedData)
		if last = d.Last; !last {
			entries = append(entries, string(d.Bytes()))
		}
	}
	return entries, last
}

func TestTheFormerRecordIsImportedOnceAsItIs(t *testing.T) {
	m := newMemory()
	l := running(t, m, "a")
	f := &formerRecord{shelf: newShelf(m)}
	var want []string
	for i := range 250 {
		want = append(want, fmt.Sprintf(`{"id":"%d"}`, i))
	}
	f.add(want...)
	// The first holder dies between the record and its cursor.
	f.onMove = func() error { return errLost }
	i := NewImporter(l.Log, f, f.shelf)
	if err := i.lease.Do(t.Context(), func(ctx context.Context, h *lease.Hold) error { return i.lead(ctx, h, func() {}) }); err == nil {
		t.Fatal("the cursor was not moved, and there is no error")
	}
	f.onMove = nil
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	next := NewImporter(l.Log, f, f.shelf)
	done.Go(func() { next.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	awaitThat(t, "all are imported", func() bool { return l.Size() == 250 })
	if got, _ := importedEntries(t, m); !slices.Equal(got, want) {
		t.Errorf("got %d entries, want %d, each once and in order", len(got), len(want))
	}
}

func TestNothingIsImportedAfterAnHourOfSilence(t *testing.T) {
	m := newMemory()
	l := running(t, m, "a")
	f := &formerRecord{shelf: newShelf(m)}
	f.add("old", strings.Repeat("x", 100_000), "\xff\xfe")
	lead := func() {
		i := NewImporter(l.Log, f, f.shelf)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_ = i.lease.Do(ctx, func(ctx context.Context, h *lease.Hold) error { return i.lead(ctx, h, cancel) })
	}
	lead()
	if got, last := importedEntries(t, m); last || strings.Join(got, "") != "old"+strings.Repeat("x", 100_000)+"\xff\xfe" {
		t.Fatalf("got %d parts, and last %t, want all three entries", len(got), last)
	}
	i := NewImporter(l.Log, f, f.shelf)
	i.every = 10 * time.Millisecond
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		// It has looked once it waits; an hour goes by meanwhile.
		for l.clock.Now().Sub(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)) < 2*silentFor {
			l.clock.pass(time.Minute)
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

// TestWhatWasImportedCanBeErased imports an entry of two lines, which stands beside the tree
// byte by byte.
func TestWhatWasImportedCanBeErased(t *testing.T) {
	m := newMemory()
	s, key := newShelf(m), testSigner(t)
	l := running(t, m, "a")
	const former = `{"reason":"INC-42 of Ms Smith"}` + "\n\u202e\x00"
	e := about("e")
	e.Data = event.NewImported("1-0", []byte(former))
	l.mustRecord(t, e)
	if err := publish(t, publisher(s, l, key)); err != nil {
		t.Fatal(err)
	}
	k := whole{m: m, s: s, key: key, signed: newest(t, s, key)}
	var err error
	if k.keys, err = key.PublicKeys(); err != nil {
		t.Fatal(err)
	}
	d, archive := k.writeArchive(t)
	store := FromStore(m, s)
	said := func() string {
		fields, err := Fields(m.entries[0].Leaf, m.entries[0].Aside)
		if err != nil || len(fields) != 2 || fields[1].Name != "entry" {
			t.Fatalf("got %v, %v", fields, err)
		}
		return fields[1].Value
	}
	if bytes.Contains(m.entries[0].Leaf, []byte("Smith")) || said() != former {
		t.Errorf("got %q, and the leaf %s", said(), m.entries[0].Leaf)
	}
	for name, source := range map[string]Source{"store": store, "archive": archive} {
		if got := k.verify(t, source); len(got.Findings) != 0 {
			t.Errorf("%s: got %v", name, got.Findings)
		}
	}
	kept := m.entries[0].Aside
	m.entries[0].Aside = bytes.Replace(kept, []byte("Smith"), []byte("Jones"), 1)
	if got := k.verify(t, store); len(got.Findings) != 1 || got.Findings[0].Fault != FaultText || said() != textAltered {
		t.Errorf("altered: got %v and %q", got.Findings, said())
	}
	m.entries[0].Aside = kept
	if err := l.Forget(t.Context(), []int64{0}, "carol", d); err != nil {
		t.Fatal(err)
	}
	if err := Forgotten(t.Context(), []int64{0}, store, archive); err != nil || said() != textErased {
		t.Errorf("erased: got %v and %q", err, said())
	}
	for name, source := range map[string]Source{"store": store, "archive": archive} {
		if got := k.verify(t, source); len(got.Findings) != 0 {
			t.Errorf("%s, erased: got %v", name, got.Findings)
		}
	}
	for _, row := range rows(t, Export{Source: store, Filter: Filter{User: "UNOBODY"}})[1:] {
		if row[0] == "0" {
			return
		}
	}
	t.Error("a filter leaves out what nobody can read any more")
}
