package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

// Events are made here, and where what they tell happens. Who must stop without one
// records it; note does the rest.

// note records e and logs a failure. It outlives ctx by up to 5 s.
func (b *core) note(ctx context.Context, e event.Event) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if _, err := b.recorder.Record(ctx, e); err != nil {
		b.log.ErrorContext(ctx, "event not recorded", "kind", e.Kind, "request", e.Request, "error", err)
	}
}

// event is what r's Caller did.
func (b *core) event(r Request, data event.Payload) event.Event {
	return event.Event{
		ID: NewID(), Time: b.now().UTC(), Kind: data.Kind(), Request: r.ID, Data: data,
		Actor: event.Actor{User: r.Caller.User, Team: r.Caller.Team, Channel: r.Caller.Channel, Name: b.NameOf(r.Caller.User)},
	}
}

// personOf is somebody by their Slack user ID; nobody of "".
func (b *core) personOf(id string) event.Person { return event.Person{ID: id, Name: b.NameOf(id)} }

// actOf is a new attempt at what p says.
func actOf(r Request, p Plan) event.Act {
	return event.Act{
		Attempt: NewID(), Account: r.Account, Purpose: string(r.Purpose), Method: string(p.Method), MFA: p.MFA,
		Seconds: int64(p.Duration / time.Second), Reason: event.NewText(r.Reason), BreakGlass: r.BreakGlass,
	}
}

// given is a Grant that r is about.
func (g Grant) given(r Request) event.Given {
	return event.Given{
		Grant: g.ID, Account: r.Account, RoleARN: string(g.RoleARN), Purpose: string(r.Purpose), Method: string(g.Method), MFA: g.MFA,
		MFASession: g.MFASession, Reason: event.NewText(r.Reason), BreakGlass: r.BreakGlass, Issued: g.issued(),
	}
}

func (g Grant) issued() event.Issued {
	return event.Issued{
		Principal: g.Principal, AccessKeyID: g.AccessKeyID, Expires: event.At(g.Expires),
		STSRequestID: g.STSRequestID, STSRegion: g.STSRegion, STSUnanswered: g.Unanswered,
	}
}

// failedWith is that something failed which was done with a Grant.
func (g Grant) failedWith(r Request, why *Error) event.FailedData {
	of := g.given(r)
	return event.FailedData{
		Act: event.Act{
			Account: of.Account, RoleARN: of.RoleARN, Purpose: of.Purpose, Method: of.Method, MFA: of.MFA,
			MFASession: of.MFASession, Reason: of.Reason, BreakGlass: of.BreakGlass,
		},
		Issued: of.Issued, Failure: why.failure(),
	}
}

// failure is e as the record has it: no sentence.
func (e *Error) failure() event.Failure {
	return event.Failure{Code: string(e.Code), Detail: e.Detail, Ref: e.Ref, Facts: e.Facts}
}

// votersOf are those who approved.
func votersOf(a approval.Approval) []event.Person {
	var who []event.Person
	for _, v := range a.Votes {
		who = append(who, event.Person{ID: v.User, Name: v.Name})
	}
	return who
}
