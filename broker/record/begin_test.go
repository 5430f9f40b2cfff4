package record

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// starter begins to read as a replica that starts now.
func starter(t *testing.T, m *memory, s *shelf, l testLog, key *tree.Signer) (*Log, error) {
	t.Helper()
	b := New(Deps{Entries: m, Keys: testKeys("k1"), Origin: origin, Replica: "b", Now: l.clock.Now, Log: discard})
	return b, errors.Join(b.Begin(t.Context(), s, publicKeys(t, key)), b.readOn(t.Context()))
}

func (l *Log) mayGiveNow() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mayGive([]event.Event{intent("x")})
}

func republish(t *testing.T, s *shelf, change func(*published)) {
	t.Helper()
	now, err := parsePublished(s.published)
	if err != nil {
		t.Fatal(err)
	}
	change(&now)
	if s.published, err = json.Marshal(now); err != nil {
		t.Fatal(err)
	}
}

// TestACheckpointWithoutARestatementIsNoStart: a checkpoint that was really signed may stand
// where a start should, by somebody who can write to the store.
func TestACheckpointWithoutARestatementIsNoStart(t *testing.T) {
	m := newMemory()
	s, key := newShelf(m), testSigner(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	blocked := about("b1")
	blocked.Request, blocked.Data = "r1", event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	l.mustRecord(t, blocked)
	var signed published
	for i, name := range []string{"x", "y", "z"} {
		l.fill(t, name, 5)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			republish(t, s, func(now *published) { signed = *now })
		}
	}
	b, err := starter(t, m, s, l, key)
	if block, _ := b.Orders("UBOB"); err != nil || block == nil || b.mayGiveNow() != nil {
		t.Fatalf("at a true start: %v, got block %v, and may give: %v", err, block, b.mayGiveNow())
	}
	republish(t, s, func(now *published) { now.Starts = []start{{Note: signed.Note, Edge: signed.Edge}} })
	if b, err = starter(t, m, s, l, key); err != nil {
		t.Fatal(err)
	}
	if err := b.mayGiveNow(); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that nothing is given by who does not know what restricts", err)
	}
}

// TestWhatWasWrittenBeforeAStartIsNotWrittenAgain: a starting replica has not read it.
func TestWhatWasWrittenBeforeAStartIsNotWrittenAgain(t *testing.T) {
	m := newMemory()
	s, key := newShelf(m), testSigner(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	locked, unlocked := about("l1"), about("u1")
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
	m.change(func(m *memory) {
		e := m.entries[n]
		e.Number = int64(len(m.entries))
		m.entries = append(m.entries, e)
	})
	b, err := starter(t, m, s, l, key)
	if _, ends := b.LockOut("UBOB"); !errors.Is(err, ErrStopped) || ends.IsZero() {
		t.Errorf("got %v, locked until %v, want that it stops", err, ends)
	}
	m.change(func(m *memory) {
		m.entries = m.entries[:len(m.entries)-1]
		m.entries[n].Sealed = m.entries[0].Sealed // so that its ID is not there any more
	})
	if _, err := starter(t, m, s, l, key); !errors.Is(err, ErrStopped) {
		t.Errorf("another entry before the start: got %v, want that it stops", err)
	}
}

func TestAFollowerIsToldNoOtherEntryUnderANumber(t *testing.T) {
	m := newMemory()
	l := running(t, m, "a")
	l.mustRecord(t, about("e0"))
	l.mustRecord(t, about("e1"))
	m.change(func(m *memory) {
		m.entries[1] = m.entries[0]
		m.entries[1].Number = 1
	})
	got, _, err := l.Read(t.Context(), 1, 1)
	if err != nil || len(got) != 1 || got[0].Broken == "" {
		t.Errorf("got %+v, %v, want a broken entry", got, err)
	}
}
