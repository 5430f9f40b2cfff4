package broker

import (
	"context"
	"errors"
)

// purposeIdentity is that of GetCallerIdentity, which no Request has: it carries
// no code and issues nothing.
const purposeIdentity Purpose = "identity"

// unused begins a hint where AWS certainly did not look at the code.
func (c call) unused() string {
	if !c.plan.sendsCode() {
		return ""
	}
	return "Your code was not used. "
}

// again says how to send the Request once more after AWS may have looked at the
// code.
func (c call) again() string {
	switch {
	case c.plan.sendsCode():
		return "Send it again with a new code."
	case c.request.Purpose == purposeIdentity:
		return "Try again in a minute."
	}
	return "Send it again."
}

// undone begins a hint with what did not happen because AWS refused.
func (c call) undone() string {
	switch c.request.Purpose {
	case PurposeKey:
		return "Your key was not changed. "
	case PurposeMFASession:
		return "No MFA session was started. "
	case purposeIdentity:
		return ""
	}
	return "Nothing was issued. "
}

// unanswered is a call that went out and of which nobody knows what AWS did.
func (c call) unanswered(err, failure error) *Error {
	what := "The bot asked AWS, but the answer was lost on the way"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		what = "AWS did not answer in time"
	case statusOf(err) >= 500:
		what = "AWS, or something on the way to it, is not working right now"
	}
	e := &Error{Code: CodeOutcomeUnknown, Err: failure, Hint: Say(c.again())}
	if c.plan.sendsCode() {
		e.Hint = Say("Your code counts as used. Send it again with a new one.")
	}
	switch c.request.Purpose {
	case purposeIdentity:
		e.Code, e.What = CodeCannotReachAWS, Say(what+".")
	case PurposeKey:
		e.What = Say(what + ", so nobody knows whether it accepted your code. Your key was not changed.")
	case PurposeMFASession:
		e.What = Say(what + ", so nobody knows whether an MFA session was started. If it was, nobody has it.")
	default:
		e.What = Say(what + ", so nobody knows whether credentials were issued. If they were, nobody has them.")
	}
	return e
}
