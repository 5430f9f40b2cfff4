package auditchannel

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

func TestRefusalsFoldWithinTheMinuteAlone(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := progress{Folds: map[string]tally{}}
	refused := func(user string) told {
		return factsOf(did(user, event.RefusedData{Failure: event.Failure{Code: string(broker.CodeNotAllowed)}}))
	}
	if s.tallied(refused("U1"), now) {
		t.Error("the first refusal was folded, want it posted")
	}
	if !s.tallied(refused("U1"), now) || !s.tallied(refused("U1"), now.Add(59*time.Second)) {
		t.Error("further ones within the minute were posted, want them counted")
	}
	if s.tallied(refused("U2"), now) {
		t.Error("another person's first was folded, want it posted")
	}
	if got := s.due(now.Add(59 * time.Second)); len(got) != 0 {
		t.Errorf("got %v due within the minute, want none", got)
	}
	if got := s.due(now.Add(time.Minute)); len(got) != 2 || s.Folds["U1"].Count != 2 || s.Folds["U2"].Count != 0 {
		t.Errorf("got %v due with %+v, want U1 with 2 and U2 with 0", got, s.Folds)
	}
}

func TestWhatOnePersonRepeatsFoldsByItsKind(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := progress{Folds: map[string]tally{}}
	for name, p := range map[string]event.Payload{
		"cancelled": event.ApprovalData{State: string(approval.Cancelled), Asked: event.Asked{Target: event.Person{ID: "U1"}}},
		"failed":    event.FailedData{Failure: event.Failure{Code: string(broker.CodeWrongCode)}},
		"ended":     event.EndedData{},
		"revoked":   event.RevokedData{},
		"set aside": event.SetAsideData{Code: string(broker.CodeSetAside)},
		"imported":  event.NewImported("1-1", []byte("junk")),
	} {
		e := factsOf(did("U1", p))
		if s.tallied(e, now) {
			t.Errorf("%s: the first was folded, want it posted", name)
		}
		for range 29 {
			if !s.tallied(e, now) {
				t.Fatalf("%s: a further one was posted, want it counted", name)
			}
		}
		if f := s.Folds[foldName(e)]; f.Count != 29 || f.Kind != e.Kind {
			t.Errorf("%s: got %+v, want 29 of its kind", name, f)
		}
	}
}

func TestWhatWasIssuedOrDoneToAnotherIsToldOneByOne(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	bob := event.Person{ID: "U2"}
	for name, p := range map[string]event.Payload{
		"granted":     event.GrantedData{},
		"imported":    event.ImportedData{Last: true},
		"undelivered": event.UndeliveredData{},
		"locked out":  event.LockedOutData{},
		"blocked":     event.BlockedData{Order: event.Order{Target: bob}},
		"paused":      event.PausedData{},
		"key changed": event.KeyChangedData{},
		"issued and thrown away": event.FailedData{
			Failure: event.Failure{Code: string(broker.CodeBlocked)}, Issued: event.Issued{AccessKeyID: "ASIAEXAMPLE000000000"},
		},
		"break-glass that failed": event.FailedData{Act: event.Act{BreakGlass: true}},
		"outcome unknown":         event.FailedData{Failure: event.Failure{Code: string(broker.CodeOutcomeUnknown)}},
		"cancelled by another":    event.ApprovalData{State: string(approval.Cancelled), Asked: event.Asked{Target: bob}},
		"denied":                  event.ApprovalData{State: string(approval.Denied), Asked: event.Asked{Target: bob}},
		"revoked by an admin":     event.RevokedData{Target: bob},
		"revoked at AWS":          event.RevokedData{DeniedBefore: event.At(now)},
		"copies that work":        event.RevokedData{Expires: event.At(now)},
		"not complete":            event.RevokedData{Failure: event.Failure{Code: string(broker.CodeRevoker)}},
		"alarm":                   event.AlarmData{Code: "rewound"},
		"unknown":                 event.UnknownData{},
	} {
		e := factsOf(did("U1", p))
		s := progress{Folds: map[string]tally{}}
		for range 3 {
			if s.tallied(e, now) {
				t.Errorf("%s was folded, want each posted", name)
			}
		}
	}
}

// did is what somebody did.
func did(user string, p event.Payload) event.Event {
	return event.Event{Kind: p.Kind(), Actor: event.Actor{User: user}, Data: p}
}
