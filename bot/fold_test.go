package bot

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
)

func TestRefusalsFoldWithinTheMinuteAlone(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := auditState{Folds: map[string]tally{}}
	refused := func(user string) broker.Event {
		return broker.Event{Kind: broker.EventRefused, SlackUser: user, Code: broker.CodeNotAllowed}
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
	for _, kind := range []broker.EventKind{broker.EventGranted, broker.EventFailed, broker.EventUndelivered} {
		if s.tallied(broker.Event{Kind: kind, SlackUser: "U1"}, now) {
			t.Errorf("a %s event was folded, want each posted", kind)
		}
	}
	if got := s.due(now.Add(59 * time.Second)); len(got) != 0 {
		t.Errorf("got %v due within the minute, want none", got)
	}
	if got := s.due(now.Add(time.Minute)); len(got) != 2 || s.Folds["U1"].Count != 2 || s.Folds["U2"].Count != 0 {
		t.Errorf("got %v due with %+v, want U1 with 2 and U2 with 0", got, s.Folds)
	}
}
