package record

import (
	"errors"
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
	for _, f := range told["r1"] {
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
