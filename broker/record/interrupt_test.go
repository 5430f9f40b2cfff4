package record

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

// ofRequest is e of the Request r1.
func ofRequest(e event.Event) event.Event {
	e.Request = "r1"
	return e
}

// interrupted has l interrupt r1, and returns what the record tells of it then.
func interrupted(t *testing.T, l testLog, account string) (kinds []string) {
	t.Helper()
	told, err := l.Interrupt(t.Context(), []Interruption{{Request: "r1", Account: account}})
	if err != nil {
		t.Fatal(err)
	}
	return kindsOf(told["r1"])
}

// kindsOf says what the record tells of a Request.
func kindsOf(told Told) (kinds []string) {
	if told.Lost {
		kinds = append(kinds, "lost")
	}
	for _, f := range told.Events {
		kind := string(f.Event.Kind)
		if f.Late {
			kind += " late"
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// TestWhoeverIsInterruptedBeginsAndShowsNothing: an owner that only stood still goes on.
func TestWhoeverIsInterruptedBeginsAndShowsNothing(t *testing.T) {
	shown := recordtest.About("shown")
	shown.Data = event.ShownData{}
	for name, c := range map[string]struct {
		before []event.Event // on the record when it is interrupted
		told   []string      // to who interrupts
		then   event.Event   // what the owner writes when it goes on
		late   bool          // that is taken, and does not count
		record []string
	}{
		"before it began": {
			told: []string{"interrupted"}, then: recordtest.Intent("x"),
			record: []string{"interrupted ", "intent x", "not_acted x"},
		},
		"before it showed something": {
			told: []string{"interrupted"}, then: shown,
			record: []string{"interrupted ", "shown "},
		},
		"while AWS was asked": {
			before: []event.Event{recordtest.Intent("x")}, told: []string{"intent", "unknown", "interrupted"},
			then: recordtest.Granted("x"), late: true,
			record: []string{"intent x", "unknown x", "interrupted ", "granted x"},
		},
		"after the outcome": {
			before: []event.Event{recordtest.Intent("x"), recordtest.Granted("x")}, told: []string{"intent", "granted", "interrupted"},
			then:   recordtest.Intent("y"),
			record: []string{"intent x", "granted x", "interrupted ", "intent y", "not_acted y"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := recordtest.NewMemory()
			owner, other := running(t, m, "owner"), running(t, m, "other")
			for _, e := range c.before {
				owner.mustRecord(t, ofRequest(e))
			}
			for range 2 { // once more changes nothing
				if got := interrupted(t, other, ""); !slices.Equal(got, c.told) {
					t.Errorf("told %q, want %q", got, c.told)
				}
			}
			receipt, err := owner.Record(t.Context(), ofRequest(c.then))
			if c.late != (err == nil) || !receipt.Late || err != nil && !errors.Is(err, ErrInterrupted) {
				t.Errorf("got %+v, %v, want it late, and no error: %v", receipt, err, c.late)
			}
			recordtest.AwaitThat(t, "the record is whole", func() bool { return slices.Equal(m.Kinds(t), c.record) })
			if other := ofRequest(recordtest.Intent("z")); err != nil { // of another Request all goes on
				other.Request = "r2"
				if _, err := owner.Record(t.Context(), other); err != nil {
					t.Errorf("another request: %v", err)
				}
			}
		})
	}
}

// TestWhatTheRecordDoesNotHaveAnyMoreHoldsNobodyUp: the Request began before what is kept, or on
// a record that another has followed since.
func TestWhatTheRecordDoesNotHaveAnyMoreHoldsNobodyUp(t *testing.T) {
	for name, c := range map[string]struct {
		from, trimmed int64
		told          []string
		record        []string
	}{
		"it is let go": {
			from: 0, trimmed: 2, told: []string{"lost", "granted", "interrupted"},
			record: []string{"granted x", "interrupted ", "interrupted "},
		},
		"it is another record's": {
			from: 1000, told: []string{"lost", "interrupted"},
			record: []string{"refused ", "intent x", "granted x", "interrupted ", "interrupted "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := recordtest.NewMemory()
			owner, other := running(t, m, "owner"), running(t, m, "other")
			owner.mustRecord(t, recordtest.About("e1"))
			for _, e := range []event.Event{recordtest.Intent("x"), recordtest.Granted("x")} {
				owner.mustRecord(t, ofRequest(e))
			}
			recordtest.AwaitThat(t, "it is read", func() bool { return other.Size() == 3 })
			m.Change(func(m *recordtest.Memory) { m.Trimmed = c.trimmed })
			of := []Interruption{{Request: "r1", From: c.from}, {Request: "r2", From: other.Size()}}
			told, err := other.Interrupt(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			if got := kindsOf(told["r1"]); !slices.Equal(got, c.told) {
				t.Errorf("told %q, want %q", got, c.told)
			}
			if got, want := kindsOf(told["r2"]), []string{"interrupted"}; !slices.Equal(got, want) {
				t.Errorf("of another one: told %q, want %q", got, want)
			}
			m.Change(func(m *recordtest.Memory) { m.Trimmed = 0 })
			if got := m.Kinds(t)[c.trimmed:]; !slices.Equal(got, c.record) {
				t.Errorf("record: got %q, want %q", got, c.record)
			}
		})
	}
}

// TestManyAreInterruptedAtOnce: more than one batch of the record holds.
func TestManyAreInterruptedAtOnce(t *testing.T) {
	m := recordtest.NewMemory()
	l := running(t, m, "other")
	var of []Interruption
	for i := range 2*batchMost + 1 {
		of = append(of, Interruption{Request: fmt.Sprintf("r%d", i)})
	}
	for range 2 { // once more changes nothing
		told, err := l.Interrupt(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range of {
			if got := kindsOf(told[i.Request]); !slices.Equal(got, []string{"interrupted"}) {
				t.Fatalf("%s: told %q, want that it was interrupted", i.Request, got)
			}
		}
		if got := len(m.Kinds(t)); got != len(of) {
			t.Errorf("got %d entries, want %d", got, len(of))
		}
	}
}
