package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// Every Event is made here, and put on the record by note or by whoever must stop
// when it cannot be.

// note puts e on the record where nothing depends on it, and logs a failure. It
// outlives ctx by up to 5 s.
func (b *core) note(ctx context.Context, e Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := b.recorder.Record(ctx, e); err != nil {
		b.log.ErrorContext(ctx, "event not recorded", "kind", e.Kind, "request", e.RequestID, "code", e.Code, "error", err)
	}
}

// event is what r and its Caller say of themselves.

func (b *core) event(kind EventKind, r Request) Event {
	return Event{
		ID: NewID(), Time: b.now().UTC(), Kind: kind, RequestID: r.ID,
		SlackUser: r.Caller.User, SlackTeam: r.Caller.Team, SlackChannel: r.Caller.Channel,
		Account: r.Account, Purpose: r.Purpose, Reason: r.Reason, BreakGlass: r.BreakGlass,
	}
}

// intent is that AWS is about to be asked what p says.
func (b *core) intent(r Request, user policy.User, p Plan) Event {
	e := b.event(EventIntent, r)
	e.User, e.Method, e.MFA, e.Seconds = user.Name, p.Method, p.MFA, int64(p.Duration/time.Second)
	return e
}

// grantEvent is about what was issued.
func (b *core) grantEvent(kind EventKind, r Request, g Grant) Event {
	e := b.event(kind, r)
	e.User, e.RoleARN, e.Principal = b.NameOf(r.Caller.User), g.RoleARN, g.Principal
	e.Method, e.MFA, e.MFASession, e.AccessKeyID, e.Expires = g.Method, g.MFA, g.MFASession, g.AccessKeyID, g.Expires
	return e
}

// failed puts on an Event what a person is told of a failure.
func (e *Event) failed(why *Error) {
	e.Code, e.Message, e.Ref = why.Code, Plain(why.What), why.Ref
}

// denial puts on an Event what AWS refuses now, or why it could not be told.
func (e *Event) denial(denied *Denied, failed *Error) {
	if denied != nil {
		e.DeniedBefore, e.DeniedAll = denied.Before, denied.Everybody
	}
	if failed != nil {
		e.failed(failed)
	}
}

// outcome is the Event that ends an intent.
func (b *core) outcome(kind EventKind, intent Event) Event {
	e := intent
	e.ID, e.Time, e.Kind = NewID(), b.now().UTC(), kind
	return e
}

// issued puts on an outcome what AWS issued. Nobody keeps what it issued to check
// the code of a key change.
func (e *Event) issued(g Grant) {
	e.STSRequestID = g.STSRequestID
	if e.Kind != EventKeyChanged {
		e.Principal, e.AccessKeyID, e.Expires = g.Principal, g.AccessKeyID, g.Expires
	}
}
