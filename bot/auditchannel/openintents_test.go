package auditchannel

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// TestIntentsOfTheOldRecordAreClosedByTheirOutcomes: during an upgrade the one may be
// read by the old release and the other by this one.
func TestIntentsOfTheOldRecordAreClosedByTheirOutcomes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := progress{Open: map[string]open{}}
	for _, flat := range []string{
		`{"kind":"intent","request_id":"r1","slack_user":"U1","account":"prod","method":"AssumeRole"}`,
		`{"kind":"intent","request_id":"r2","slack_user":"U1","account":"prod"}`,
		`{"kind":"granted","request_id":"r2","slack_user":"U1","account":"prod"}`,
	} {
		e := did("", event.NewImported("1-1", []byte(flat)))
		e.Time = now
		s.follow(factsOf(e), now)
	}
	if got := s.overdue(now.Add(OutcomeDue)); len(got) != 1 || got[0] != "r1" || s.Open["r1"].Account != "prod" {
		t.Errorf("got %v overdue with %+v, want r1 of prod", got, s.Open)
	}
}

func TestAnIntentFromTheFutureIsToldInTime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := progress{Open: map[string]open{}}
	e := did("", event.NewImported("1-1", []byte(`{"kind":"intent","request_id":"r1","slack_user":"U1"}`)))
	e.Time = now.AddDate(100, 0, 0)
	s.follow(factsOf(e), now)
	if got := s.overdue(now.Add(OutcomeDue - time.Second)); len(got) != 0 {
		t.Errorf("got %v overdue while a request may still be under way, want none", got)
	}
	if got := s.overdue(now.Add(OutcomeDue)); len(got) != 1 {
		t.Errorf("got %v overdue, want the lost one", got)
	}
}
