package auditchannel

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
)

func TestRefusalsFoldWithinTheMinuteAlone(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := progress{Folds: map[string]tally{}}
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
	for name, e := range map[string]broker.Event{
		"cancelled": {Kind: broker.EventApproval, State: approval.Cancelled, SlackUser: "U1", Target: "U1"},
		"failed":    {Kind: broker.EventFailed, SlackUser: "U1", Code: broker.CodeWrongCode},
		"ended":     {Kind: broker.EventEnded, SlackUser: "U1"},
		"revoked":   {Kind: broker.EventRevoked, SlackUser: "U1"},
		"set aside": {Kind: broker.EventSetAside, Code: broker.CodeSetAside},
	} {
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
	for name, e := range map[string]broker.Event{
		"granted":                 {Kind: broker.EventGranted},
		"undelivered":             {Kind: broker.EventUndelivered},
		"locked out":              {Kind: broker.EventLockedOut},
		"blocked":                 {Kind: broker.EventBlocked, Target: "U2"},
		"paused":                  {Kind: broker.EventPaused},
		"key changed":             {Kind: broker.EventKeyChanged},
		"issued and thrown away":  {Kind: broker.EventFailed, Code: broker.CodeBlocked, AccessKeyID: "ASIAEXAMPLE000000000"},
		"break-glass that failed": {Kind: broker.EventFailed, BreakGlass: true},
		"outcome unknown":         {Kind: broker.EventFailed, Code: broker.CodeOutcomeUnknown},
		"cancelled by another":    {Kind: broker.EventApproval, State: approval.Cancelled, Target: "U2"},
		"denied":                  {Kind: broker.EventApproval, State: approval.Denied, Target: "U2"},
		"revoked by an admin":     {Kind: broker.EventRevoked, Target: "U2"},
		"revoked at AWS":          {Kind: broker.EventRevoked, DeniedBefore: now},
		"copies that work":        {Kind: broker.EventRevoked, Expires: now},
		"not complete":            {Kind: broker.EventRevoked, Code: broker.CodeRevoker},
	} {
		e.SlackUser = "U1"
		s := progress{Folds: map[string]tally{}}
		for range 3 {
			if s.tallied(e, now) {
				t.Errorf("%s was folded, want each posted", name)
			}
		}
	}
}
