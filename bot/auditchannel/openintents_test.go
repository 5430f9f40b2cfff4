package auditchannel

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
)

func TestIntentsWithoutAnOutcomeAreTold(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := progress{Open: map[string]open{}}
	for _, request := range []string{"granted", "failed", "key", "lost"} {
		s.follow(broker.Event{Kind: broker.EventIntent, RequestID: request, SlackUser: "U1", Time: now}, now.Add(time.Hour))
	}
	s.follow(broker.Event{Kind: broker.EventGranted, RequestID: "granted"}, now)
	s.follow(broker.Event{Kind: broker.EventFailed, RequestID: "failed"}, now)
	s.follow(broker.Event{Kind: broker.EventKeyChanged, RequestID: "key"}, now)
	if got := s.overdue(now.Add(OutcomeDue - time.Second)); len(got) != 0 {
		t.Errorf("got %v overdue while a request may still be under way, want none", got)
	}
	if got := s.overdue(now.Add(OutcomeDue)); len(got) != 1 || got[0] != "lost" {
		t.Errorf("got %v overdue, want the lost one", got)
	}
}

func TestAnIntentFromTheFutureIsToldInTime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := progress{Open: map[string]open{}}
	s.follow(broker.Event{Kind: broker.EventIntent, RequestID: "lost", SlackUser: "U1", Time: now.AddDate(100, 0, 0)}, now)
	if got := s.overdue(now.Add(OutcomeDue)); len(got) != 1 {
		t.Errorf("got %v overdue, want the lost one", got)
	}
}
