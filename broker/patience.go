package broker

import (
	"context"
	"errors"
	"time"
)

// Who asked is answered within 15 s, whatever AWS does. Of these AWS may have
// what awsPatience says, all calls for one command together; the record, the
// store and Slack have the rest. What runs without a person who waits, such as a
// revocation that must end, has awsTimeout for each call.
const (
	awsPatience = 12 * time.Second
	// leastForCall is what must be left to begin a call: a code that is sent with
	// less is spent on an answer that nobody waits for.
	leastForCall = 2 * time.Second
)

var errTooLate = errors.New("the answer is due")

type patienceKey struct{}

// WithPatience has all calls to AWS under ctx end in time for an answer to who
// asked at began.
func WithPatience(ctx context.Context, began time.Time) context.Context {
	return context.WithValue(ctx, patienceKey{}, began.Add(awsPatience))
}

// forAWS bounds calls to AWS, connecting and retries included.
func forAWS(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(awsTimeout)
	if until, ok := ctx.Value(patienceKey{}).(time.Time); ok && until.Before(end) {
		end = until
	}
	return context.WithDeadline(ctx, end)
}

// tooLate reports whether no call to AWS should be begun any more.
func tooLate(ctx context.Context) bool {
	until, ok := ctx.Value(patienceKey{}).(time.Time)
	return ok && time.Until(until) < leastForCall
}

// tooLateError is of a call that was not begun.
func tooLateError(c call) *Error {
	return &Error{
		Code: CodeCannotReachAWS,
		Err:  errTooLate,
		What: Say("There was too little time left to ask AWS, so it was not asked."),
		Hint: Say(c.unused() + "Try again in a minute."),
	}
}
