// Package patience bounds calls to AWS by the time that a person waits for an answer,
// and says what waits behind nobody.
package patience

import (
	"context"
	"time"
)

// Who asked is answered within 15 s, whatever AWS does. Of these AWS may have
// forPerson, all calls for one command together; the record, the store and Slack
// have the rest. What runs without a person who waits, such as a revocation that
// must end, has forCall for each call.
const (
	forPerson = 12 * time.Second
	forCall   = 15 * time.Second
	// leastForCall is what must be left to begin a call: a code that is sent with
	// less is spent on an answer that nobody waits for.
	leastForCall = 2 * time.Second
)

type (
	key      struct{}
	firstKey struct{}
)

// With has all calls to AWS under ctx end in time for an answer to who asked at
// began.
func With(ctx context.Context, began time.Time) context.Context {
	return context.WithValue(ctx, key{}, began.Add(forPerson))
}

// ForAWS bounds calls to AWS, connecting and retries included.
func ForAWS(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(forCall)
	if until, ok := ctx.Value(key{}).(time.Time); ok && until.Before(end) {
		end = until
	}
	return context.WithDeadline(ctx, end)
}

// TooLate reports whether no call to AWS should be begun any more.
func TooLate(ctx context.Context) bool {
	until, ok := ctx.Value(key{}).(time.Time)
	return ok && time.Until(until) < leastForCall
}

// First has what is asked under the returned context go first: it finishes what was
// begun, and does not wait for a connection behind those who begin.
func First(ctx context.Context) context.Context { return context.WithValue(ctx, firstKey{}, true) }

// GoesFirst reports whether ctx is one of [First].
func GoesFirst(ctx context.Context) bool {
	first, _ := ctx.Value(firstKey{}).(bool)
	return first
}
