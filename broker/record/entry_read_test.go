package record

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
)

func TestAnEntryIsReadAgainWhereItCounts(t *testing.T) {
	m := newMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	a.mustRecord(t, intent("x"))
	n := a.mustRecord(t, granted("x")).Number
	for _, l := range []testLog{a, b} { // b may not have read it yet
		got, err := l.Entry(t.Context(), n)
		if err != nil || got.Kind != event.Granted || got.Attempt() != "x" {
			t.Errorf("replica %s: got %v of %q, %v", l.Replica, got.Kind, got.Attempt(), err)
		}
	}
	for _, none := range []int64{-1, n + 1, 1 << 62} {
		if _, err := a.Entry(t.Context(), none); !errors.Is(err, ErrNoEntry) {
			t.Errorf("entry %d: got %v, want that there is none", none, err)
		}
	}
}

func TestAnEntryThatIsNotWhatWasReadDoesNotCount(t *testing.T) {
	for what, c := range map[string]struct {
		later int // entries that come after it
		do    func(m *memory, n int64)
	}{
		"altered": {do: func(m *memory, n int64) {
			m.entries[n].Leaf = slices.Clone(m.entries[n].Leaf)
			m.entries[n].Leaf[9] ^= 1
		}},
		"swapped": {do: func(m *memory, n int64) {
			m.entries[n].Sealed, m.entries[n-1].Sealed = m.entries[n-1].Sealed, m.entries[n].Sealed
		}},
		"removed":           {do: func(m *memory, n int64) { m.entries = slices.Delete(m.entries, int(n), int(n)+1) }},
		"altered long ago":  {later: Window, do: func(m *memory, n int64) { m.entries[n].ID = "other" }},
		"under another key": {do: func(m *memory, n int64) { m.entries[n].MACs = testKeys("k2").MACs(m.entries[n].message(origin)) }},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			l := running(t, m, "a")
			l.mustRecord(t, intent("x"))
			n := l.mustRecord(t, granted("x")).Number
			l.mustRecord(t, about("after"))
			l.fill(t, "later", c.later)
			m.change(func(m *memory) { c.do(m, n) })
			if _, err := l.Entry(t.Context(), n); !errors.Is(err, ErrNoEntry) {
				t.Errorf("got %v, want that there is none", err)
			}
		})
	}
}

func TestAnOutcomeThatCameSecondDoesNotCount(t *testing.T) {
	l := running(t, newMemory(), "a")
	l.mustRecord(t, intent("x"))
	unknown := about("u")
	unknown.Data = event.UnknownData{Act: event.Act{Attempt: "x"}}
	l.mustRecord(t, unknown)
	n := l.mustRecord(t, granted("x")).Number
	if _, err := l.Entry(t.Context(), n); !errors.Is(err, ErrNoEntry) {
		t.Errorf("got %v, want that it does not count", err)
	}
}

func TestAStoreThatIsAwaySaysNothingOfAnEntry(t *testing.T) {
	m := newMemory()
	l := running(t, m, "a")
	l.mustRecord(t, about("e"))
	m.change(func(m *memory) { m.onRead = func() error { return errLost } })
	if _, err := l.Entry(t.Context(), 0); err == nil || errors.Is(err, ErrNoEntry) {
		t.Errorf("got %v, want that nobody knows", fmt.Sprint(err))
	}
}
