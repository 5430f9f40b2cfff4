package record

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
	"github.com/assumebot/assumebot/broker/record/tree"
)

const origin = "bot.test/record"

// testKeys are a ring of one key.
type testKeys string

func (k testKeys) MACs(message []byte) string {
	mac := hmac.New(sha256.New, []byte(k))
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil))
}

func (k testKeys) Check(macs string, message []byte) bool { return macs == k.MACs(message) }

// A memory keeps the entries as the store does, and can be tampered with. What the real
// one does is held by store/storetest; this one is for what a Log makes of it.
type memory struct {
	mu      sync.Mutex
	entries []Entry
	batches map[string]memoryBatch
	mark    []byte
	trimmed int64 // how many of the oldest are gone
	changed chan struct{}
	// onAppend is asked before a batch is taken, and onReply before it is answered; an
	// error of the latter is a reply that was lost.
	onAppend, onReply func(Batch) error
	onRead            func() error
	onAsides          func() // after they were read
}

type memoryBatch struct {
	id    string
	first int64
}

func newMemory() *memory {
	return &memory{batches: map[string]memoryBatch{}, changed: make(chan struct{})}
}

func (m *memory) Append(_ context.Context, b Batch) (Appended, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.onAppend != nil {
		if err := m.onAppend(b); err != nil {
			return Appended{}, err
		}
	}
	first, err := m.append(b)
	if err != nil {
		return Appended{}, err
	}
	if m.onReply != nil {
		if err := m.onReply(b); err != nil {
			return Appended{}, err
		}
	}
	return Appended{First: first, Entries: m.from(b.After+1, 256)}, nil
}

func (m *memory) append(b Batch) (int64, error) {
	if last := m.batches[b.Replica]; last.id == b.ID {
		return last.first, nil
	}
	next := int64(len(m.entries))
	switch {
	case m.mark != nil && !bytes.Equal(m.mark, b.Passed):
		return 0, ErrMarked
	case b.After >= next || b.After >= 0 && m.entries[b.After].ID != b.AfterID:
		return 0, tree.ErrRewound
	case next+int64(len(b.Entries))-1-b.After > Window:
		return 0, ErrBehind
	}
	for i, s := range b.Entries {
		m.entries = append(m.entries, Entry{Number: next + int64(i), Sealed: s})
	}
	m.batches[b.Replica] = memoryBatch{b.ID, next}
	m.wake()
	return next, nil
}

func (m *memory) Mark(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mark, nil
}

func (m *memory) SetMark(_ context.Context, _ string, previous, mark []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !bytes.Equal(m.mark, previous) {
		return false, nil
	}
	m.mark = mark
	return true, nil
}

func (m *memory) Restore(_ context.Context, _ string, entries []Entry) (put int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first, next := entries[0].Number, int64(len(m.entries))
	if next > 0 && next <= first {
		return 0, tree.ErrRewound
	}
	for _, e := range entries {
		if e.Number < next && m.entries[e.Number].ID != e.ID {
			return 0, tree.ErrRewound
		}
	}
	if next == 0 { // what is not put back is let go
		m.entries, m.trimmed = make([]Entry, first), first
	}
	for _, e := range entries[len(m.entries)-int(first):] {
		m.entries = append(m.entries, e)
		put++
	}
	if put > 0 {
		m.wake()
	}
	return put, nil
}

func (m *memory) wake() {
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *memory) from(n int64, limit int) []Entry {
	if n >= int64(len(m.entries)) {
		return nil
	}
	n = max(n, m.trimmed)
	return slices.Clone(m.entries[n:min(int64(len(m.entries)), n+int64(limit))])
}

func (m *memory) Read(_ context.Context, from int64, limit int) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.onRead != nil {
		if err := m.onRead(); err != nil {
			return nil, err
		}
	}
	return m.from(from, limit), nil
}

func (m *memory) Bounds(context.Context) (first, next int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return min(m.trimmed, int64(len(m.entries))), int64(len(m.entries)), nil
}

func (m *memory) Await(ctx context.Context, from int64, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		m.mu.Lock()
		there, changed := from < int64(len(m.entries)), m.changed
		m.mu.Unlock()
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

func (m *memory) Asides(_ context.Context, numbers []int64) (map[int64][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[int64][]byte{}
	for _, n := range numbers {
		if n >= 0 && n < int64(len(m.entries)) && m.entries[n].Aside != nil {
			out[n] = m.entries[n].Aside
		}
	}
	if m.onAsides != nil {
		m.onAsides()
	}
	return out, nil
}

func (m *memory) Forget(_ context.Context, n int64) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	had := m.entries[n].Aside != nil
	m.entries[n].Aside = nil
	return had, nil
}

// change does something to the memory that no script would.
func (m *memory) change(do func(m *memory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do(m)
	m.wake()
}

// copyOf is the memory as it is now, to be put back later.
func (m *memory) copyOf() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{entries: slices.Clone(m.entries), batches: maps.Clone(m.batches), changed: make(chan struct{})}
}

// testLog is a running Log.
type testLog struct {
	*Log
	clock *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// running starts a replica of that name.
func running(t *testing.T, m Entries, replica string) testLog {
	t.Helper()
	return runningBeside(t, m, nil, replica, false)
}

// runningBeside starts a replica that has an archive too. One that is looking asks for news
// often, and so whether the store has lost any.
func runningBeside(t *testing.T, m Entries, archive *Archive, replica string, looking bool) testLog {
	t.Helper()
	c := &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	l := New(Deps{Entries: m, Archive: archive, Keys: testKeys("k1"), Origin: origin, Replica: replica, Now: c.Now, Log: discard})
	l.settleFor = time.Millisecond
	if looking {
		l.awaitFor = time.Millisecond
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	return testLog{l, c}
}

// about is an Event that closes and opens nothing.
func about(id string) event.Event {
	return event.Event{ID: id, Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Actor: event.Actor{User: "UALICE"}, Data: event.RefusedData{Account: "prod"}}
}

func intent(attempt string) event.Event {
	e := about("i-" + attempt)
	e.Data = event.IntentData{Act: event.Act{Attempt: attempt, Account: "prod"}}
	return e
}

func granted(attempt string) event.Event {
	e := about("g-" + attempt)
	e.Data = event.GrantedData{Act: event.Act{Attempt: attempt, Account: "prod"}}
	return e
}

func (l testLog) mustRecord(t *testing.T, events ...event.Event) event.Receipt {
	t.Helper()
	r, err := l.Record(t.Context(), events...)
	if err != nil {
		t.Fatalf("record %s: %v", events[0].ID, err)
	}
	return r
}

// awaitThat waits until what is so.
func awaitThat(t *testing.T, what string, so func() bool) {
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

func (m *memory) ids(t *testing.T) []string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, e := range m.entries {
		ev, err := event.Decode(e.Leaf, nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %s", ev.Kind, ev.Attempt()))
	}
	return out
}

var errLost = errors.New("the reply was lost")

var discard = slog.New(slog.DiscardHandler)
