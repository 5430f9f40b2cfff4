package record

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

// A liar says that batches stand elsewhere than they do.
type liar struct{ *recordtest.Memory }

func (l liar) Append(ctx context.Context, b entry.Batch) (entry.Appended, error) {
	a, err := l.Memory.Append(ctx, b)
	a.First--
	return a, err
}

// A forgetful store says that it took what it did not.
type forgetful struct{ *recordtest.Memory }

func (forgetful) Append(context.Context, entry.Batch) (entry.Appended, error) {
	return entry.Appended{}, nil
}

func TestALogThatStopsOnceTheStoreHasAnIntentDoesNotKnowWhatBecomesOfIt(t *testing.T) {
	for what, do := range map[string]func(m *recordtest.Memory) entry.Store{
		"the store says that it is elsewhere": func(m *recordtest.Memory) entry.Store { return liar{m} },
		"another stands beside it": func(m *recordtest.Memory) entry.Store {
			m.OnReply = func(entry.Batch) error {
				forged := m.Entries[0]
				forged.Number, forged.ID = int64(len(m.Entries)), "forged"
				m.Entries = append(m.Entries, forged)
				return nil
			}
			return m
		},
		"the reply is lost, and then the entry": func(m *recordtest.Memory) entry.Store {
			m.OnReply = func(entry.Batch) error {
				m.Entries[0].ID = "another"
				return recordtest.ErrLost
			}
			return m
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			l := running(t, do(m), "a")
			l.writer.within = 50 * time.Millisecond
			_, err := l.Record(t.Context(), recordtest.Intent("x"))
			if !errors.Is(err, ErrStopped) || !errors.Is(err, ErrUnsure) {
				t.Fatalf("got %v, want that it has stopped and nobody knows", err)
			}
		})
	}
}

func TestAStoreThatShowsNoEntryWhereItPutItIsNotAskedWithoutEnd(t *testing.T) {
	l := running(t, forgetful{recordtest.NewMemory()}, "a")
	l.writer.within = 50 * time.Millisecond
	if _, err := l.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrUnsure) {
		t.Errorf("got %v, want that nobody knows", err)
	}
}

func TestWhatAStoreRefusedIsNotOnTheRecord(t *testing.T) {
	m := recordtest.NewMemory()
	m.OnAppend = func(entry.Batch) error { return entry.ErrForeign }
	l := running(t, m, "a")
	if _, err := l.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnsure) {
		t.Errorf("got %v, want that it has stopped, and that nothing was written", err)
	}
}

// TestABatchOfWhichAPartWasPutBackIsNotWrittenAgain loses a batch with its reply. A replica
// that had read a part of it puts that back, and the rest later.
func TestABatchOfWhichAPartWasPutBackIsNotWrittenAgain(t *testing.T) {
	m := recordtest.NewMemory()
	var rest []entry.Entry
	m.OnReply = func(entry.Batch) error {
		m.OnReply = nil
		m.Entries, rest = m.Entries[:1:1], slices.Clone(m.Entries[1:])
		clear(m.Batches)
		return recordtest.ErrLost
	}
	m.OnAppend = func(entry.Batch) error {
		if rest != nil {
			t.Error("it is written again")
		}
		return nil
	}
	l := running(t, m, "a")
	told := make(chan error, 1)
	go func() {
		_, err := l.Record(t.Context(), recordtest.About("e1"), recordtest.About("e2"))
		told <- err
	}()
	recordtest.AwaitThat(t, "the part was read", func() bool { return l.Size() == 1 })
	m.Change(func(m *recordtest.Memory) { m.Entries, rest = append(m.Entries, rest...), nil })
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if got := len(m.Kinds(t)); got != 2 {
		t.Errorf("got %d entries, want 2", got)
	}
}

func TestAnEventThatNobodyCouldReadFailsAloneAndIsNotWritten(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	faulty := event.Event{ID: "e1", Data: event.RefusedData{Account: "prod"}} // of no time
	if _, _, err := faulty.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(t.Context(), faulty); err == nil || errors.Is(err, ErrUnsure) || !strings.Contains(err.Error(), `"refused"`) {
		t.Errorf("got %v, want that it is refused, and its kind", err)
	}
	l.recordLater(faulty)
	if got := l.mustRecord(t, recordtest.About("e2")); got.Number != 0 {
		t.Errorf("the next got the number %d, want that nothing was written before", got.Number)
	}
}
