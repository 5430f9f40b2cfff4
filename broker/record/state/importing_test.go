package state

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

// TestWhatIsRestatedOfTheImportIsNotNewerThanWhatWasRead: it is as of an entry before.
func TestWhatIsRestatedOfTheImportIsNotNewerThanWhatWasRead(t *testing.T) {
	began := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s := New()
	s.from = 5
	e := recordtest.About("e")
	e.Data = event.ImportedData{Position: "1000-10"}
	s.Apply(5, e, began)
	for _, position := range []string{"999-11", "1000-9", "1000-2", ""} {
		e.Data = event.RestatedData{Since: 4, Import: &event.RestatedImport{Position: position, Began: event.At(began.Add(-time.Hour))}}
		s.Apply(6, e, began)
		if s.importing.Position != "1000-10" || !s.importing.Began.Equal(began.Add(-time.Hour)) {
			t.Errorf("after %q: got %+v", position, s.importing)
		}
	}
	again := New()
	e.Data = event.RestatedData{Import: s.importing.restate()}
	again.Apply(0, e, began)
	if again.importing.Position != "1000-10" {
		t.Errorf("got %+v, want the same", again.importing)
	}
}
