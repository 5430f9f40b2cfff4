package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/watch"
)

// An attempt is one act that needs the record: it spends a code, or has AWS issue
// something. perform is the only place that does one. Its rules:
//
//  1. Claim what can be used once, the code and then the approval. What cannot be
//     claimed ends the attempt; what was claimed until then is given back, and what
//     may have been: a claim gives back only what is its own.
//  2. Put the intent on the record. If that fails AWS is not asked, and every claim
//     is given back. The same goes for a claim that an earlier intent has, whatever
//     the store said, and for a store that was so slow until now that nothing could
//     be shown in time; the outcome then says that AWS was not asked.
//  3. Act: ask AWS, once. From here on it no longer counts whether the person still
//     waits: what AWS did must be on the record, even while the process stops.
//  4. Put the outcome on the record. What AWS refused gives back what it certainly
//     did not use. If an order of an admin came meanwhile, or the outcome cannot be
//     recorded, what AWS issued is dropped: nobody has seen it.
//  5. Keep what came of it. An order that came since the last look may have missed
//     it, so it is asked once more.
//
// To show or use what is kept spends nothing: one Event before it is intent and outcome
// (recordUse). To take something away is no attempt.
type attempt struct {
	request Request
	claims  []claim
	act     event.Act // what is about to be asked of AWS
	// code says that AWS checks the code: a wrong one counts towards the lock-out.
	code bool
	// undone completes "The audit record cannot be written right now, so …".
	undone string
	// use is what became of the code before: spent where it has begun the MFA session
	// that signs; its zero value says that this attempt is the first.
	use   CodeUse
	again []prose.Part // how to try again when AWS was not asked; nil: in a minute
	// next is the attempt for which this one is made, if there is one: attempt_next.go.
	next *attempt
	start
	ask func(ctx context.Context) (Issued, error)
	// did is what AWS did; dropped, what became of it if that cannot be recorded.
	did, dropped string
	// keep does what follows, at the time of the outcome, and reports in Issued.Saved
	// whether a Grant is saved.
	keep func(ctx context.Context, issued Issued, at time.Time) (Issued, error)
}

// A claim is what one attempt uses once. Its functions may be nil, but for take.
type claim struct {
	take     func(ctx context.Context) error // nil: it is this attempt's
	giveBack func(ctx context.Context)       // if it is this attempt's: AWS did not use it
	// holds says that it is this attempt's by the record too, where the first intent has it.
	holds func(ctx context.Context) error
	// spent reports whether a failure of AWS leaves it used; nil: never.
	spent func(e *Error) bool
	// spend tells others that it is used for good.
	spend func(ctx context.Context)
}

// errClaimed is a claim's answer that another Request's holds what it wants, and that
// this may be served by what comes of it: nobody is refused.
var errClaimed = errors.New("another request holds it")

// perform does an attempt by the rules above, in sight of those who trace it.
func (b *attempts) perform(ctx context.Context, a *attempt) (issued Issued, err error) {
	ctx, span := watch.Step(ctx, "attempt", watch.Fact{Key: watch.FactAccount, Value: a.act.Account},
		watch.Fact{Key: watch.FactPurpose, Value: a.act.Purpose})
	defer func() { watch.Ended(span, err) }()
	if err := b.begin(ctx, a); err != nil {
		return Issued{}, err
	}
	issued, err = watch.Do(ctx, "attempt act", a.ask)
	served := false
	if err == nil && a.next != nil {
		defer func() {
			if !served {
				b.giveBack(ctx, a.next)
			}
		}()
		b.prepare(ctx, a.next, issued)
	}

	ctx, cancel := finishing(ctx)
	defer cancel()
	if err != nil {
		return Issued{}, onRecord(b.failed(ctx, a, err))
	}
	issued, err = b.succeeded(ctx, a, issued)
	served = err == nil
	return issued, onRecord(err)
}

// begin takes the claims and records the intent, unless an attempt before did. Where AWS is not
// asked then, a panic included, it gives back what it has claimed, and may have claimed.
func (b *attempts) begin(ctx context.Context, a *attempt) error {
	ready := false
	defer func() {
		if !ready {
			b.giveBack(ctx, a)
		}
	}()
	if a.refused != nil {
		return a.refused
	}
	if !a.intended {
		if err := b.takeAll(ctx, a); err != nil {
			return err
		}
		_, err := watch.Do(ctx, "attempt intent", func(ctx context.Context) (event.Receipt, error) { return b.recorder.Record(ctx, b.intent(a)) })
		if err != nil {
			return onRecord(b.notBegun(a, recordAway(err, a.undone)))
		}
	}
	err := stillHeld(ctx, a.claims)
	if err == nil && b.storeTooSlow(ctx, a.began) {
		err = storeSlow("AWS was not asked and " + a.undone)
	}
	if err != nil {
		return onRecord(b.notAsked(ctx, a, err))
	}
	ready = true
	return nil
}

// takeAll takes the claims.
func (b *attempts) takeAll(ctx context.Context, a *attempt) (err error) {
	ctx, span := watch.Step(ctx, "attempt claim")
	defer func() { watch.Ended(span, err) }()
	a.began = b.now()
	for _, c := range a.claims {
		a.claimed++
		switch err := c.take(ctx); {
		case errors.Is(err, errClaimed):
			return err
		case err != nil:
			return a.before(err)
		}
	}
	return nil
}

func (b *attempts) intent(a *attempt) event.Event {
	return b.event(a.request, event.IntentData{Act: a.act})
}

// stillHeld reports why a claim is not the attempt's, once the intent is on the record.
func stillHeld(ctx context.Context, claims []claim) error {
	for _, c := range claims {
		if c.holds == nil {
			continue
		}
		if err := c.holds(ctx); err != nil {
			return err
		}
	}
	return nil
}

// before is err of an attempt before AWS was asked.
func (a *attempt) before(err error) error {
	e := AsError(err, a.request.ID)
	if e.Use == UseNone {
		e.Use = a.use
	}
	return e
}

// notBegun is e of an attempt for which AWS was not asked, and may be later.
func (b *attempts) notBegun(a *attempt, e *Error) *Error {
	if a.again != nil {
		e.Hint = a.again
	}
	return b.unserved(a.request, a.before(e))
}

// giveBack gives claims back, the last first, whether or not the person waits.
func (b *attempts) giveBack(ctx context.Context, a *attempt) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	for _, c := range slices.Backward(a.claims[:a.claimed]) {
		if c.giveBack != nil {
			c.giveBack(ctx)
		}
	}
	a.claimed = 0
}

// spendAll marks claims as used for good.
func spendAll(ctx context.Context, claims []claim) {
	for _, c := range claims {
		if c.spend != nil {
			c.spend(ctx)
		}
	}
}

// notAsked ends an attempt that is on the record, and for which AWS is not asked.
func (b *attempts) notAsked(ctx context.Context, a *attempt, err error) error {
	e := b.notBegun(a, AsError(err, a.request.ID))
	b.recordFailure(ctx, a.request, a.act, e, e)
	return e
}

// failed ends an attempt that AWS did not serve, or of which nobody knows.
func (b *attempts) failed(ctx context.Context, a *attempt, err error) error {
	e := b.asError(a.request, a.before(err))
	for _, c := range slices.Backward(a.claims) {
		switch spent := c.spent != nil && c.spent(e); {
		case spent && c.spend != nil:
			c.spend(ctx)
		case !spent && c.giveBack != nil:
			c.giveBack(ctx)
		}
	}
	if a.code {
		b.usage.addNextCode(e)
		b.usage.codeRefused(ctx, a.request, a.act, e)
	}
	b.recordFailure(ctx, a.request, a.act, e, err)
	return e
}

// succeeded ends an attempt that AWS served.
func (b *attempts) succeeded(ctx context.Context, a *attempt, issued Issued) (Issued, error) {
	if a.code {
		b.usage.codeAccepted(ctx, a.request)
	}
	before := b.overtakenAlready
	if a.act.Purpose == string(PurposeKey) { // nothing looks again
		before = b.overtaken
	}
	if err := before(ctx, a.request, a.act, issued); err != nil {
		spendAll(ctx, a.claims)
		return Issued{}, err
	}
	issued.Grant.Approval, issued.Grant.BreakGlass, issued.Grant.MFASession = a.act.Approval, a.act.BreakGlass, a.act.MFASession
	outcome := b.event(a.request, a.outcome(issued.Grant))
	receipt, err := watch.Do(ctx, "attempt outcome", func(ctx context.Context) (event.Receipt, error) { return b.recordWithNext(ctx, a, outcome) })
	if err != nil || receipt.Late {
		spendAll(ctx, a.claims)
		return Issued{}, b.dropUnrecorded(ctx, a, issued, err)
	}
	issued.Grant.Entry = receipt.Number
	issued, err = watch.Do(ctx, "attempt keep", func(ctx context.Context) (Issued, error) { return a.keep(ctx, issued, outcome.Time) })
	if err == nil && (issued.Saved || a.act.Purpose != string(PurposeMFASession) && a.act.Purpose != string(PurposeKey)) {
		err = b.overtaken(ctx, a.request, a.act, issued)
	}
	if err != nil {
		return Issued{Later: issued.Later}, err
	}
	return issued, nil
}

// dropUnrecorded says that what AWS issued is neither kept nor shown: its outcome is not on
// the record, or came after somebody else's.
func (b *attempts) dropUnrecorded(ctx context.Context, a *attempt, issued Issued, err error) error {
	use := useAfter(a.request, a.act)
	if err != nil {
		return b.asError(a.request, unrecorded(err, a.did, a.dropped, use))
	}
	b.denyUnseen(ctx, a.request, a.act, issued)
	return b.asError(a.request, closedBefore(a.did, a.dropped, use))
}

// outcome is that AWS did it. Of a change of key there is only the call: the
// credentials that checked the code are thrown away.
func (a *attempt) outcome(g Grant) event.Payload {
	if a.act.Purpose == string(PurposeKey) {
		return event.KeyChangedData{Act: a.act, STSRequestID: g.STSRequestID}
	}
	return event.GrantedData{Act: a.act, Issued: g.issued()}
}

// recordFailure records e, which came of err, as the outcome of an intent.
func (b *attempts) recordFailure(ctx context.Context, r Request, act event.Act, e *Error, err error) {
	outcome := event.FailedData{Act: act, Failure: e.failure()}
	var answered *AWSFailure
	if errors.As(err, &answered) {
		outcome.STSRequestID = answered.RequestID
	}
	b.note(ctx, b.event(r, outcome))
}

// Two round trips to the store follow STS: the outcome, then the Grant with what is to be
// done later. A store that was slow before would be too slow for them, and there
// would be credentials that nobody could be shown. So AWS is not asked then.
const (
	// slowStore is what the claims and the intent may take together: no more than half
	// of what follows has.
	slowStore = afterwards / 2
	// timeForAWS is what must be left of a Request's own time when AWS is asked.
	timeForAWS = 4 * time.Second
)

// storeTooSlow reports whether AWS is not asked any more, since the store took too
// long since began, or the Request's time is over, or almost.
func (b *attempts) storeTooSlow(ctx context.Context, began time.Time) bool {
	// By the clock of the runtime, as the deadline is.
	by, bounded := ctx.Deadline()
	return b.now().Sub(began) > slowStore || bounded && time.Until(by) < timeForAWS || ctx.Err() != nil
}

// askSTS is STS's Issue with the Grant of what it issued.
func (b *attempts) askSTS(ctx context.Context, c Call) (Issued, error) {
	answer, err := b.aws.Issue(ctx, c)
	if err != nil {
		return Issued{}, err
	}
	return Issued{
		Account:     c.Account,
		Way:         prose.Say(c.Plan.Way, answer.Note),
		Credentials: answer.Credentials,
		Grant: Grant{
			ID:           c.Request.ID,
			User:         c.User.Slack,
			Account:      c.Account.Name,
			RoleARN:      c.Account.RoleARN,
			Principal:    answer.Principal,
			AccessKeyID:  answer.AccessKeyID,
			Purpose:      c.Request.Purpose,
			Method:       c.Plan.Method,
			MFA:          c.Plan.MFA,
			Issued:       b.now().UTC(),
			Expires:      answer.Expires,
			Reason:       c.Request.Reason,
			STSRequestID: answer.RequestID,
			STSRegion:    answer.Region,
			Unanswered:   answer.Unanswered,
		},
	}, nil
}
