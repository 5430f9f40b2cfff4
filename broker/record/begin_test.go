package record

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// starter begins to read as a replica that starts now.
func starter(t *testing.T, m *recordtest.Memory, s *recordtest.Shelf, l testLog, key *tree.Signer) (*Log, error) {
	t.Helper()
	b := New(Deps{Entries: m, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "b", Now: l.clock.Now, Log: recordtest.Discard})
	return b, errors.Join(b.Begin(t.Context(), s, recordtest.PublicKeys(t, key)), b.readOn(t.Context()))
}

func (l *Log) mayGiveNow() error {
	return l.held.mayGive([]event.Event{recordtest.Intent("x")})
}

func republish(t *testing.T, s *recordtest.Shelf, change func(*published.State)) {
	t.Helper()
	now, err := published.Parse(s.Published)
	if err != nil {
		t.Fatal(err)
	}
	change(&now)
	if s.Published, err = json.Marshal(now); err != nil {
		t.Fatal(err)
	}
}

// TestACheckpointWithoutARestatementIsNoStart: a checkpoint that was really signed may stand
// where a start should, by somebody who can write to the store.
func TestACheckpointWithoutARestatementIsNoStart(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	blocked := recordtest.About("b1")
	blocked.Request, blocked.Data = "r1", event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	l.mustRecord(t, blocked)
	var signed published.State
	for i, name := range []string{"x", "y", "z"} {
		l.fill(t, name, 5)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			republish(t, s, func(now *published.State) { signed = *now })
		}
	}
	b, err := starter(t, m, s, l, key)
	if block, _ := b.Orders("UBOB"); err != nil || block == nil || b.mayGiveNow() != nil {
		t.Fatalf("at a true start: %v, got block %v, and may give: %v", err, block, b.mayGiveNow())
	}
	republish(t, s, func(now *published.State) { now.Starts = []published.Start{{Note: signed.Note, Edge: signed.Edge}} })
	if b, err = starter(t, m, s, l, key); err != nil {
		t.Fatal(err)
	}
	if err := b.mayGiveNow(); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that nothing is given by who does not know what restricts", err)
	}
}

// TestWhatWasWrittenBeforeAStartIsNotWrittenAgain: a starting replica has not read it.
func TestWhatWasWrittenBeforeAStartIsNotWrittenAgain(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	locked, unlocked := recordtest.About("l1"), recordtest.About("u1")
	locked.Actor.User = "UBOB"
	locked.Data = event.LockedOutData{Until: event.At(l.clock.Now().Add(100 * time.Hour))}
	unlocked.Data = event.UnlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	l.mustRecord(t, locked)
	n := l.mustRecord(t, unlocked).Number
	locked.ID = "l2"
	l.mustRecord(t, locked)
	for range 3 {
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
	}
	m.Change(func(m *recordtest.Memory) {
		e := m.Entries[n]
		e.Number = int64(len(m.Entries))
		m.Entries = append(m.Entries, e)
	})
	b, err := starter(t, m, s, l, key)
	if _, ends := b.LockOut("UBOB"); !errors.Is(err, ErrStopped) || ends.IsZero() {
		t.Errorf("got %v, locked until %v, want that it stops", err, ends)
	}
	m.Change(func(m *recordtest.Memory) {
		m.Entries = m.Entries[:len(m.Entries)-1]
		m.Entries[n].Sealed = m.Entries[0].Sealed // so that its ID is not there any more
	})
	if _, err := starter(t, m, s, l, key); !errors.Is(err, ErrStopped) {
		t.Errorf("another entry before the start: got %v, want that it stops", err)
	}
}

func TestAFollowerIsToldNoOtherEntryUnderANumber(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	l.mustRecord(t, recordtest.About("e0"))
	l.mustRecord(t, recordtest.About("e1"))
	m.Change(func(m *recordtest.Memory) {
		m.Entries[1] = m.Entries[0]
		m.Entries[1].Number = 1
	})
	got, _, err := l.Read(t.Context(), 1, 1)
	if err != nil || len(got) != 1 || got[0].Broken == "" {
		t.Errorf("got %+v, %v, want a broken entry", got, err)
	}
}

// A strict store takes no batch whose writer does not say after which entry it writes, as
// Redis takes none.
type strict struct {
	*recordtest.Memory
	t *testing.T
}

func (s strict) Append(ctx context.Context, b entry.Batch) (entry.Appended, error) {
	if b.After >= 0 && b.AfterID == "" {
		s.t.Errorf("got a batch after entry %d that does not name it", b.After)
	}
	return s.Memory.Append(ctx, b)
}

// TestWhoWritesBeforeAnythingWasReadReadsFirst: a start announces what changed of the config
// while it begins to read.
func TestWhoWritesBeforeAnythingWasReadReadsFirst(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	for _, name := range []string{"x", "y"} { // the first checkpoint is where replicas begin
		l.fill(t, name, 5)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
	}
	b := New(Deps{Entries: strict{m, t}, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "b", Now: l.clock.Now, Log: recordtest.Discard})
	if err := b.Begin(t.Context(), s, recordtest.PublicKeys(t, key)); err != nil || b.Size() == 0 {
		t.Fatalf("got a start at %d, %v, want one after the first entries", b.Size(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); b.writer.writeAll(ctx) }() // and nobody follows
	defer func() { cancel(); <-ended }()
	if _, err := b.Record(t.Context(), recordtest.About("z")); err != nil {
		t.Error(err)
	}
}
