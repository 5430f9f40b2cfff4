package auditchannel

import (
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// told are the facts of an Event that posts are made of, whatever its kind. What its
// kind does not have is empty.
type told struct {
	event.Event
	entry *int64 // its number on the record; nil where it does not matter
	event.Act
	event.Issued
	event.Failure
	Target       event.Person
	State        string     // of an Approval
	Comment      event.Text // of who denied it
	Removed      bool       // undeleted credentials were taken out of the text
	Until        event.Time // of a lock-out, or of a pause that ends by itself
	DeniedBefore event.Time
	DeniedAll    bool
}

// is reports whether it is for that.
func (t told) is(purpose broker.Purpose) bool { return t.Act.Purpose == string(purpose) }

// factsOf are those of an Event.
func factsOf(e event.Event) told {
	t := told{Event: e}
	switch p := e.Data.(type) {
	case event.IntentData:
		t.Act = p.Act
	case event.GrantedData:
		t.Act, t.Issued = p.Act, p.Issued
	case event.FailedData:
		t.Act, t.Issued, t.Failure = p.Act, p.Issued, p.Failure
	case event.KeyChangedData:
		t.Act, t.STSRequestID = p.Act, p.STSRequestID
	case event.LockedOutData:
		t.Act, t.Until = p.Act, p.Until
		t.Act.Purpose = "" // it is about the person, whatever the code was for
	case event.UnknownData:
		t.Act = p.Act
	case event.NotActedData:
		t.Act = p.Act
	case event.RefusedData:
		t.Act = event.Act{
			Account: p.Account, Purpose: p.Purpose, Reason: p.Reason, BreakGlass: p.BreakGlass, Rule: p.Rule, Approval: p.Approval,
		}
		t.Target, t.Failure = p.Target, p.Failure
	case event.RevokedData:
		t.Act = event.Act{Account: p.Account, RoleARN: p.RoleARN, Reason: p.Reason}
		t.Target, t.Failure, t.Expires, t.DeniedBefore, t.DeniedAll = p.Target, p.Failure, p.Expires, p.DeniedBefore, p.DeniedAll
	default:
		t.ofGrants(e.Data)
	}
	return t
}

func (t *told) ofGrants(p event.Payload) {
	switch p := p.(type) {
	case event.UndeliveredData:
		t.given(p.Given)
		t.Failure = p.Failure
	case event.UndeletedData:
		t.given(p.Given)
		t.Failure, t.Removed = p.Failure, p.Removed
	case event.EndedData:
		t.given(p.Given)
	default:
		t.ofPeople(p)
	}
}

func (t *told) given(g event.Given) {
	t.Act = event.Act{
		Account: g.Account, RoleARN: g.RoleARN, Purpose: g.Purpose, Method: g.Method, MFA: g.MFA,
		MFASession: g.MFASession, Reason: g.Reason, BreakGlass: g.BreakGlass,
	}
	t.Issued = g.Issued
}

func (t *told) ofPeople(p event.Payload) {
	switch p := p.(type) {
	case event.ApprovalData:
		t.asked(p.Asked)
		t.State = p.State
	case event.AcknowledgedData:
		t.asked(p.Asked)
	case event.BlockedData:
		t.order(p.Order)
	case event.UnblockedData:
		t.order(p.Order)
	case event.UnlockedData:
		t.order(p.Order)
	case event.PausedData:
		t.order(p.Order)
		t.Until = p.Until
	case event.ResumedData:
		t.order(p.Order)
	case event.WhoData:
		t.Reason = p.Reason
	case event.HistoryData:
		t.Target = p.Target
		t.Act.Account = p.Account
	case event.SetAsideData:
		t.Code = p.Code
	}
}

func (t *told) asked(a event.Asked) {
	t.Act = event.Act{
		Account: a.Account, RoleARN: a.RoleARN, Seconds: a.Seconds, Reason: a.Reason, Approval: a.Approval,
		ApprovedBy: a.ApprovedBy, BreakGlass: a.BreakGlass,
	}
	t.Target, t.Comment = a.Target, a.Comment
}

func (t *told) order(o event.Order) {
	t.Target, t.Reason, t.Failure = o.Target, o.Reason, o.Failure
}
