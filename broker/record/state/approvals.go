package state

import (
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// An Approval is used by the intent that names it, and by no second one. What closes
// the intent may give it back: where AWS certainly issued nothing.

// A Use is what an Approval was used for, or why it cannot be used.
type Use struct {
	State   string       // used, denied, cancelled or expired
	Request string       // that uses it; "" when it was ended otherwise, or long ago
	By      event.Person // who ended it otherwise; zero where that was long ago
	attempt string       // while it is open, and may give it back
	until
}

// approvals are those that were used or ended, by ID.
type approvals map[string]Use

// usedFor is how long an Approval that was used or ended is remembered: longer than
// one can wait, and then be used.
const usedFor = 72 * time.Hour

// Used is that of an Approval that an intent uses.
const Used = "used"

func (s approvals) claimed(number int64, e event.Event, now time.Time) {
	d := e.Data.(event.IntentData)
	if d.Approval == "" {
		return
	}
	if use, ok := s[d.Approval]; !ok || use.Request == e.Request && use.State == Used {
		s[d.Approval] = Use{State: Used, Request: e.Request, attempt: d.Attempt, until: until{number, now.Add(usedFor)}}
	}
}

func (s approvals) givenBack(intent event.IntentData, closing event.Event) {
	use, ok := s[intent.Approval]
	if !ok || use.attempt != intent.Attempt {
		return
	}
	issued := true
	switch d := closing.Data.(type) {
	case event.FailedData:
		issued = d.AccessKeyID != "" || d.Code == codeOutcomeUnknown || d.Code == codeInternal
	case event.NotActedData:
		issued = false
	}
	if !issued {
		delete(s, intent.Approval)
	}
}

// broker's Codes of failures of which nobody knows whether AWS issued something.
const (
	codeOutcomeUnknown = "outcome_unknown"
	codeInternal       = "internal"
)

func (s approvals) end(number int64, by event.Actor, d event.ApprovalData, now time.Time) {
	switch d.State {
	case "denied", "cancelled", "expired":
		s[d.Approval] = Use{
			State: d.State, By: event.Person{ID: by.User, Name: by.Name},
			until: until{number, now.Add(usedFor)},
		}
	}
}

func (s approvals) sweep(now time.Time) { forget(s, now) }
