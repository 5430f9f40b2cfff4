package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// An attempt may be made for another: a code begins an MFA session, for the credentials that
// are then issued from it. The next one begins with the outcome of the first, which saves a
// trip to the store between two calls of AWS: its claims are taken before, and its intent
// goes on the record beside that outcome. Where that cannot be, what was claimed is given
// back and the outcome goes there alone; the next one then says why, or begins by itself.

// A start is how far an attempt has come before AWS is asked.
type start struct {
	began    time.Time
	claimed  int   // how many claims are its own, or may be
	refused  error // why one is not, where it was to begin with the outcome of the one before
	ready    bool  // all are, and its intent may go on the record with that
	intended bool  // it has
}

// prepare takes the claims of an attempt that uses what was issued, for whoever still waits.
func (b *attempts) prepare(ctx context.Context, next *attempt, issued Issued) {
	next.act.MFASession = issued.Grant.AccessKeyID
	next.refused = b.takeAll(ctx, next)
	if next.ready = next.refused == nil && ctx.Err() == nil; !next.ready {
		b.giveBack(ctx, next)
	}
}

// recordWithNext records the outcome of an attempt, and the intent of the next one if that is ready.
func (b *attempts) recordWithNext(ctx context.Context, a *attempt, outcome event.Event) (event.Receipt, error) {
	next := a.next
	if next == nil || !next.ready {
		return b.recorder.Record(ctx, outcome)
	}
	receipt, err := b.recorder.Record(ctx, outcome, b.intent(next))
	switch {
	case errors.Is(err, ErrRecordHeld): // what AWS did is told all the same
		b.giveBack(ctx, next)
		return b.recorder.Record(ctx, outcome)
	case err == nil && receipt.Late:
		e := closedBefore(a.did, a.dropped, useAfter(a.request, a.act))
		b.recordFailure(ctx, next.request, next.act, e, e)
	case err == nil:
		next.intended = true
	}
	return receipt, err
}
