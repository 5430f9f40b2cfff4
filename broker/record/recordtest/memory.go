package recordtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// Origin names the log of the tests.
const Origin = "bot.test/record"

// Keys are a ring of one key.
type Keys string

// MACs implements [entry.Keys].
func (k Keys) MACs(message []byte) string {
	mac := hmac.New(sha256.New, []byte(k))
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil))
}

// Check implements [entry.Keys].
func (k Keys) Check(macs string, message []byte) bool { return macs == k.MACs(message) }

// A Memory keeps the entries as the store does, and can be tampered with. What the real
// one does is held by store/storetest; this one is for what a Log makes of it.
type Memory struct {
	Mu      sync.Mutex
	Entries []entry.Entry
	Batches map[string]MemoryBatch
	Left    []byte
	Trimmed int64 // how many of the oldest are gone
	Changed chan struct{}
	// OnAppend is asked before a batch is taken, and OnReply before it is answered; an
	// error of the latter is a reply that was lost.
	OnAppend, OnReply func(entry.Batch) error
	OnRead            func() error
	OnAsides          func() // after they were read
}

// A MemoryBatch is the last batch of a writer.
type MemoryBatch struct {
	id    string
	first int64
}

// NewMemory returns one that is empty.
func NewMemory() *Memory {
	return &Memory{Batches: map[string]MemoryBatch{}, Changed: make(chan struct{})}
}

// Append implements [entry.Store].
func (m *Memory) Append(_ context.Context, b entry.Batch) (entry.Appended, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if m.OnAppend != nil {
		if err := m.OnAppend(b); err != nil {
			return entry.Appended{}, err
		}
	}
	first, err := m.Put(b)
	if err != nil {
		return entry.Appended{}, err
	}
	if m.OnReply != nil {
		if err := m.OnReply(b); err != nil {
			return entry.Appended{}, err
		}
	}
	return entry.Appended{First: first, Entries: m.from(b.After+1, 256)}, nil
}

// Put is Append of a test that holds Mu.
func (m *Memory) Put(b entry.Batch) (int64, error) {
	if last := m.Batches[b.Replica]; last.id == b.ID {
		return last.first, nil
	}
	next := int64(len(m.Entries))
	switch {
	case m.Left != nil && !bytes.Equal(m.Left, b.Passed):
		return 0, entry.ErrMarked
	case b.After >= next || b.After >= 0 && m.Entries[b.After].ID != b.AfterID:
		return 0, tree.ErrRewound
	case next+int64(len(b.Entries))-1-b.After > entry.Window:
		return 0, entry.ErrBehind
	}
	for i, s := range b.Entries {
		m.Entries = append(m.Entries, entry.Entry{Number: next + int64(i), Sealed: s})
	}
	m.Batches[b.Replica] = MemoryBatch{b.ID, next}
	m.wake()
	return next, nil
}

// Mark implements [entry.Store].
func (m *Memory) Mark(context.Context) ([]byte, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.Left, nil
}

// SetMark implements [entry.Store].
func (m *Memory) SetMark(_ context.Context, _ string, previous, mark []byte) (bool, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if !bytes.Equal(m.Left, previous) {
		return false, nil
	}
	m.Left = mark
	return true, nil
}

// Restore implements [entry.Store].
func (m *Memory) Restore(_ context.Context, _ string, entries []entry.Entry) (put int64, err error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	first, next := entries[0].Number, int64(len(m.Entries))
	if next > 0 && next <= first {
		return 0, tree.ErrRewound
	}
	for _, e := range entries {
		if e.Number < next && m.Entries[e.Number].ID != e.ID {
			return 0, tree.ErrRewound
		}
	}
	if next == 0 { // what is not put back is let go
		m.Entries, m.Trimmed = make([]entry.Entry, first), first
	}
	for _, e := range entries[len(m.Entries)-int(first):] {
		m.Entries = append(m.Entries, e)
		put++
	}
	if put > 0 {
		m.wake()
	}
	return put, nil
}

func (m *Memory) wake() {
	close(m.Changed)
	m.Changed = make(chan struct{})
}

func (m *Memory) from(n int64, limit int) []entry.Entry {
	if n >= int64(len(m.Entries)) {
		return nil
	}
	n = max(n, m.Trimmed)
	return slices.Clone(m.Entries[n:min(int64(len(m.Entries)), n+int64(limit))])
}

// Read implements [entry.Store].
func (m *Memory) Read(_ context.Context, from int64, limit int) ([]entry.Entry, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if m.OnRead != nil {
		if err := m.OnRead(); err != nil {
			return nil, err
		}
	}
	return m.from(from, limit), nil
}

// Bounds implements [entry.Store].
func (m *Memory) Bounds(context.Context) (first, next int64, err error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return min(m.Trimmed, int64(len(m.Entries))), int64(len(m.Entries)), nil
}

// Await implements [entry.Store].
func (m *Memory) Await(ctx context.Context, from int64, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		m.Mu.Lock()
		there, changed := from < int64(len(m.Entries)), m.Changed
		m.Mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Asides implements [entry.Store].
func (m *Memory) Asides(_ context.Context, numbers []int64) (map[int64][]byte, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	out := map[int64][]byte{}
	for _, n := range numbers {
		if n >= 0 && n < int64(len(m.Entries)) && m.Entries[n].Aside != nil {
			out[n] = m.Entries[n].Aside
		}
	}
	if m.OnAsides != nil {
		m.OnAsides()
	}
	return out, nil
}

// Forget implements [entry.Store].
func (m *Memory) Forget(_ context.Context, n int64) (bool, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	had := m.Entries[n].Aside != nil
	m.Entries[n].Aside = nil
	return had, nil
}

// Change does something to the memory that no script would.
func (m *Memory) Change(do func(m *Memory)) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	do(m)
	m.wake()
}

// CopyOf is the memory as it is now, to be put back later.
func (m *Memory) CopyOf() *Memory {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return &Memory{Entries: slices.Clone(m.Entries), Batches: maps.Clone(m.Batches), Changed: make(chan struct{})}
}

// A Clock stands still until it is told how long to pass.
type Clock struct {
	mu   sync.Mutex
	Time time.Time
}

// Now is its time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Time
}

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Time = c.Time.Add(d)
}

// About is an Event that closes and opens nothing.
func About(id string) event.Event {
	return event.Event{ID: id, Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Actor: event.Actor{User: "UALICE"}, Data: event.RefusedData{Account: "prod"}}
}

// Intent is an Event that opens an Attempt.
func Intent(attempt string) event.Event {
	e := About("i-" + attempt)
	e.Data = event.IntentData{Act: event.Act{Attempt: attempt, Account: "prod"}}
	return e
}

// Granted is an Event that closes one.
func Granted(attempt string) event.Event {
	e := About("g-" + attempt)
	e.Data = event.GrantedData{Act: event.Act{Attempt: attempt, Account: "prod"}}
	return e
}

// AwaitThat waits until what is so.
func AwaitThat(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !so() {
		select {
		case <-deadline:
			t.Fatalf("ten seconds later it is still not so that %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

// Kinds returns of each entry what it is, and of which Attempt.
func (m *Memory) Kinds(t *testing.T) []string {
	t.Helper()
	m.Mu.Lock()
	defer m.Mu.Unlock()
	var out []string
	for _, e := range m.Entries {
		ev, err := event.Decode(e.Leaf, nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %s", ev.Kind, ev.Attempt()))
	}
	return out
}

// ErrLost is a reply that was lost.
var ErrLost = errors.New("the reply was lost")

// Discard is a logger that says nothing.
var Discard = slog.New(slog.DiscardHandler)

// Renumber gives all entries from one on the numbers of their places.
func (m *Memory) Renumber(from int) {
	for i := from; i < len(m.Entries); i++ {
		m.Entries[i].Number = int64(i)
	}
}

// Swap exchanges what two entries say.
func (m *Memory) Swap(a, b int) {
	m.Entries[a].Sealed, m.Entries[b].Sealed = m.Entries[b].Sealed, m.Entries[a].Sealed
}

// Remove takes entries out.
func (m *Memory) Remove(from, to int) {
	m.Entries = slices.Delete(m.Entries, from, to)
}

// Insert puts an entry in.
func (m *Memory) Insert(at int, e entry.Entry) {
	m.Entries = slices.Insert(m.Entries, at, e)
	m.Renumber(at)
}

// Alter changes a leaf.
func (m *Memory) Alter(n int) {
	m.Entries[n].Leaf = bytes.Replace(m.Entries[n].Leaf, []byte("prod"), []byte("Prod"), 1)
}

// Back has the store fall back to fewer entries.
func (m *Memory) Back(to int) {
	m.Change(func(m *Memory) {
		m.Entries = slices.Clone(m.Entries[:to])
		clear(m.Batches)
	})
}

// Marked reports whether a replica has left a mark.
func (m *Memory) Marked() bool {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.Left != nil
}
