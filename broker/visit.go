package broker

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
)

// A Visit is one thing that a person does, from its arrival to its answer. All that
// it asks of the Broker it asks as the same person: who they are is looked up once.
// Its zero value is one that has just arrived.
//
// Everything that a person can do passes one door, the function visit: first the
// steps of its way, in their order, then the act. Steps and acts say what is wrong
// and record nothing. The door alone puts a refusal on the record; where an attempt
// ended it, its outcome is there already.
type Visit struct {
	mu     sync.Mutex
	caller lookup[policy.User]
	member lookup[struct{}]
	next   atomic.Int64 // number after the newest entry that was written for it; 0: none was
}

// A lookup is asked once.
type lookup[T any] struct {
	asked bool
	found T
	err   error
}

func (l *lookup[T]) ask(do func() (T, error)) (T, error) {
	if !l.asked {
		l.found, l.err = do()
		l.asked = true
	}
	return l.found, l.err
}

// A step is one thing that a Request must pass.
type step func(ctx context.Context, r *Request) error

// A way is what comes before an act.
type way struct {
	steps []step
	// answers reports whether what an act says is an answer and no refusal, so that
	// it is not put on the record; nil: nothing is.
	answers func(e *Error) bool
}

// toBring is the way of whoever may bring a code, or have something issued.
func (b *Visits) toBring() way {
	return way{[]step{b.isUser, b.isMember, b.noOrder, b.notLockedOut}, asksOn}
}

// toShow is the way to what was issued before. Orders are asked once it is known of what.
func (b *Visits) toShow() way { return way{[]step{b.isUser, b.isMember}, asksOn} }

// toGive is the way to what gives something without a code.
func (b *Visits) toGive() way { return way{[]step{b.isUser, b.isMember, b.noOrder}, asksOn} }

// toSee is the way to what only tells something. What it lacks is an answer, no refusal.
func (b *Visits) toSee() way { return way{[]step{b.isUser, b.isMember}, always} }

// toTake is the way of what only takes away: a guest, and who Slack cannot say anything
// of, can still give back what they have.
func (b *Visits) toTake() way { return way{[]step{b.isUser}, always} }

func always(*Error) bool { return true }

// asksOn reports whether e asks for what is missing, or says that something has ended.
func asksOn(e *Error) bool {
	return e.question || e.Code == CodeNeedsCode || e.Code == CodeGrantGone || e.Code == CodeRevealOver
}

// isUser is the step of whom the config knows, in a workspace that is served.
func (b *Visits) isUser(ctx context.Context, r *Request) error {
	v := r.visit()
	v.mu.Lock()
	defer v.mu.Unlock()
	var err error
	r.user, err = v.caller.ask(func() (policy.User, error) { return b.known(ctx, r.Caller) })
	return err
}

// isMember is the step of full, living members of the workspace.
func (b *Visits) isMember(ctx context.Context, r *Request) error {
	v := r.visit()
	v.mu.Lock()
	defer v.mu.Unlock()
	_, err := v.member.ask(func() (struct{}, error) { return struct{}{}, b.inGoodStanding(ctx, r.user.Slack) })
	return err
}

// noOrder is the step of whom no order of an admin keeps from it.
func (b *Visits) noOrder(ctx context.Context, r *Request) error { return b.mayAct(ctx, r.Caller.User) }

// visit is the door.
func visit[T any](ctx context.Context, b *Visits, r Request, by way, act func(ctx context.Context, r *Request) (T, error)) (T, error) {
	var out T
	ctx = context.WithValue(ctx, visitKey{}, r.visit())
	for _, pass := range by.steps {
		if err := pass(ctx, &r); err != nil {
			return out, b.refuse(ctx, r, err)
		}
	}
	out, err := act(ctx, &r)
	if err == nil {
		return out, nil
	}
	// A record that is away takes no refusal either.
	if e := b.asError(r, err); e.recorded || e.Code == CodeRecord || by.answers != nil && by.answers(e) {
		return out, e
	}
	return out, b.refuse(ctx, r, err)
}

// passes reports whether r passes the steps. Nothing is recorded: it is for what
// is shown or offered only if it can be had.
func (b *Visits) passes(ctx context.Context, r *Request, by way) bool {
	for _, pass := range by.steps {
		if pass(ctx, r) != nil {
			return false
		}
	}
	return true
}

// refuse records that a Request went no further and returns the reason. A code that
// Judge reserved for it is given back; another's claim stays.
func (b *Visits) refuse(ctx context.Context, r Request, err error) error {
	e := b.unserved(r, err)
	if e.recorded {
		return e
	}
	user, known := b.config.User(r.Caller.User)
	if known && !r.Code.Empty() && user.MFASerial != "" {
		ctx, cancel := finishing(ctx)
		defer cancel()
		b.usage.releaseCode(ctx, r, user, r.ID)
	}
	refused := b.event(r, event.RefusedData{
		Account: r.Account, Purpose: string(r.Purpose), Reason: event.NewText(r.Reason), BreakGlass: r.BreakGlass,
		Rule: e.Rule, Approval: r.Approval, Target: b.personOf(r.target), Failure: e.failure(),
	})
	if e.Code == CodeWorkspace { // it is somebody else who has that ID there
		refused.Actor.Name = ""
	}
	b.note(ctx, refused)
	return e
}

// asError is AsError for r: who sent no code is told nothing of one.
func (b *core) asError(r Request, err error) *Error {
	e := AsError(err, r.ID)
	e.Use = r.codeUse(e.Use)
	return e
}

// unserved is asError for a Request that went no further before its code was sent.
func (b *core) unserved(r Request, err error) *Error {
	e := b.asError(r, err)
	if e.Use == UseNone {
		e.Use = r.codeUse(UseUnused)
	}
	return e
}

// onRecord marks an error that needs no Event: one tells of it already, or none can.
func onRecord(err error) error {
	if err == nil {
		return nil
	}
	e := AsError(err, "")
	e.recorded = true
	return e
}
