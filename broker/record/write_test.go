package record

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// A liar says that batches stand elsewhere than they do.
type liar struct{ *memory }

func (l liar) Append(ctx context.Context, b Batch) (Appended, error) {
	a, err := l.memory.Append(ctx, b)
	a.First--
	return a, err
}

// A forgetful store says that it took what it did not.
type forgetful struct{ *memory }

func (forgetful) Append(context.Context, Batch) (Appended, error) { return Appended{}, nil }

func TestALogThatStopsOnceTheStoreHasAnIntentDoesNotKnowWhatBecomesOfIt(t *testing.T) {
	for what, do := range map[string]func(m *memory) Entries{
		"the store says that it is elsewhere": func(m *memory) Entries { return liar{m} },
		"another stands beside it": func(m *memory) Entries {
			m.onReply = func(Batch) error {
				forged := m.entries[0]
				forged.Number, forged.ID = int64(len(m.entries)), "forged"
				m.entries = append(m.entries, forged)
				return nil
			}
			return m
		},
		"the reply is lost, and then the entry": func(m *memory) Entries {
			m.onReply = func(Batch) error {
				m.entries[0].ID = "another"
				return errLost
			}
			return m
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			l := running(t, do(m), "a")
			l.writeWithin = 50 * time.Millisecond
			_, err := l.Record(t.Context(), intent("x"))
			if !errors.Is(err, ErrStopped) || !errors.Is(err, ErrUnsure) {
				t.Fatalf("got %v, want that it has stopped and nobody knows", err)
			}
		})
	}
}

func TestAStoreThatShowsNoEntryWhereItPutItIsNotAskedWithoutEnd(t *testing.T) {
	l := running(t, forgetful{newMemory()}, "a")
	l.writeWithin = 50 * time.Millisecond
	if _, err := l.Record(t.Context(), intent("x")); !errors.Is(err, ErrUnsure) {
		t.Errorf("got %v, want that nobody knows", err)
	}
}

func TestWhatAStoreRefusedIsNotOnTheRecord(t *testing.T) {
	m := newMemory()
	m.onAppend = func(Batch) error { return ErrForeign }
	l := running(t, m, "a")
	if _, err := l.Record(t.Context(), intent("x")); !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnsure) {
		t.Errorf("got %v, want that it has stopped, and that nothing was written", err)
	}
}

// TestABatchOfWhichAPartWasPutBackIsNotWrittenAgain loses a batch with its reply. A replica
// that had read a part of it puts that back, and the rest later.
func TestABatchOfWhichAPartWasPutBackIsNotWrittenAgain(t *testing.T) {
	m := newMemory()
	var rest []Entry
	m.onReply = func(Batch) error {
		m.onReply = nil
		m.entries, rest = m.entries[:1:1], slices.Clone(m.entries[1:])
		clear(m.batches)
		return errLost
	}
	m.onAppend = func(Batch) error {
		if rest != nil {
			t.Error("it is written again")
		}
		return nil
	}
	l := running(t, m, "a")
	told := make(chan error, 1)
	go func() {
		_, err := l.Record(t.Context(), about("e1"), about("e2"))
		told <- err
	}()
	awaitThat(t, "the part was read", func() bool { return l.Size() == 1 })
	m.change(func(m *memory) { m.entries, rest = append(m.entries, rest...), nil })
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if got := len(m.ids(t)); got != 2 {
		t.Errorf("got %d entries, want 2", got)
	}
}

func TestAnEventThatNobodyCouldReadFailsAloneAndIsNotWritten(t *testing.T) {
	m := newMemory()
	l := running(t, m, "a")
	faulty := event.Event{ID: "e1", Data: event.RefusedData{Account: "prod"}} // of no time
	if _, _, err := faulty.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(t.Context(), faulty); err == nil || errors.Is(err, ErrUnsure) || !strings.Contains(err.Error(), `"refused"`) {
		t.Errorf("got %v, want that it is refused, and its kind", err)
	}
	l.recordLater(faulty)
	if got := l.mustRecord(t, about("e2")); got.Number != 0 {
		t.Errorf("the next got the number %d, want that nothing was written before", got.Number)
	}
}
