package record

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

func TestAnEntryIsReadAgainWhereItCounts(t *testing.T) {
	m := recordtest.NewMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	a.mustRecord(t, recordtest.Intent("x"))
	n := a.mustRecord(t, recordtest.Granted("x")).Number
	for _, l := range []testLog{a, b} { // b may not have read it yet
		got, err := l.Entry(t.Context(), n)
		if err != nil || got.Kind != event.Granted || got.Attempt() != "x" {
			t.Errorf("replica %s: got %v of %q, %v", l.Replica, got.Kind, got.Attempt(), err)
		}
	}
	for _, none := range []int64{-1, n + 1, 1 << 62} {
		if _, err := a.Entry(t.Context(), none); !errors.Is(err, entry.ErrNone) {
			t.Errorf("entry %d: got %v, want that there is none", none, err)
		}
	}
}

func TestAnEntryThatIsNotWhatWasReadDoesNotCount(t *testing.T) {
	for what, c := range map[string]struct {
		later int // entries that come after it
		do    func(m *recordtest.Memory, n int64)
	}{
		"altered": {do: func(m *recordtest.Memory, n int64) {
			m.Entries[n].Leaf = slices.Clone(m.Entries[n].Leaf)
			m.Entries[n].Leaf[9] ^= 1
		}},
		"swapped": {do: func(m *recordtest.Memory, n int64) {
			m.Entries[n].Sealed, m.Entries[n-1].Sealed = m.Entries[n-1].Sealed, m.Entries[n].Sealed
		}},
		"removed":          {do: func(m *recordtest.Memory, n int64) { m.Entries = slices.Delete(m.Entries, int(n), int(n)+1) }},
		"altered long ago": {later: entry.Window, do: func(m *recordtest.Memory, n int64) { m.Entries[n].ID = "other" }},
		"under another key": {do: func(m *recordtest.Memory, n int64) {
			m.Entries[n].MACs = recordtest.Keys("k2").MACs(m.Entries[n].Message(recordtest.Origin))
		}},
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			l := running(t, m, "a")
			l.mustRecord(t, recordtest.Intent("x"))
			n := l.mustRecord(t, recordtest.Granted("x")).Number
			l.mustRecord(t, recordtest.About("after"))
			l.fill(t, "later", c.later)
			m.Change(func(m *recordtest.Memory) { c.do(m, n) })
			if _, err := l.Entry(t.Context(), n); !errors.Is(err, entry.ErrNone) {
				t.Errorf("got %v, want that there is none", err)
			}
		})
	}
}

func TestAnOutcomeThatCameSecondDoesNotCount(t *testing.T) {
	l := running(t, recordtest.NewMemory(), "a")
	l.mustRecord(t, recordtest.Intent("x"))
	unknown := recordtest.About("u")
	unknown.Data = event.UnknownData{Act: event.Act{Attempt: "x"}}
	l.mustRecord(t, unknown)
	n := l.mustRecord(t, recordtest.Granted("x")).Number
	if _, err := l.Entry(t.Context(), n); !errors.Is(err, entry.ErrNone) {
		t.Errorf("got %v, want that it does not count", err)
	}
}

func TestAStoreThatIsAwaySaysNothingOfAnEntry(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "a")
	l.mustRecord(t, recordtest.About("e"))
	m.Change(func(m *recordtest.Memory) { m.OnRead = func() error { return recordtest.ErrLost } })
	if _, err := l.Entry(t.Context(), 0); err == nil || errors.Is(err, entry.ErrNone) {
		t.Errorf("got %v, want that nobody knows", fmt.Sprint(err))
	}
}
