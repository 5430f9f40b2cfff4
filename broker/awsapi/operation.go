package awsapi

import (
	"context"
	"errors"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// An operation is one call to STS as the sentences about its failure need it: what
// it was to do, and what it takes to do it once more. Only a call with a code speaks
// of the code, and only one that may have issued something says that nobody knows.
type operation struct {
	does      deed
	account   string           // as the sentences call it
	region    string           // whose STS is asked
	code      secret.TokenCode // in the call; Empty when there is none
	signer    signer
	sessionOK bool // the MFA session that signs serves again, without a code
	begun     bool // by the Request's own code
}

type deed int

const (
	issues      deed = iota
	startsMFA        // an MFA session
	changesKey       // checks a code before a registered key is changed
	asksForName      // GetCallerIdentity
)

type signer int

const (
	byLongTermKey signer = iota
	byMFASession
	byTemporary // credentials that somebody gave
)

func (c *Client) operationOf(call broker.Call) operation {
	op := operation{account: call.Account.Name, region: c.config.Region, sessionOK: call.SessionSaved, begun: call.Plan.Begins}
	if call.Plan.SendsCode() {
		op.code = call.Request.Code
	}
	switch call.Request.Purpose {
	case broker.PurposeKey:
		op.does = changesKey
	case broker.PurposeMFASession:
		op.does = startsMFA
	}
	switch {
	case call.Plan.Chained:
		op.signer = byMFASession
	case !call.Signer.SessionToken.Empty():
		op.signer = byTemporary
	}
	return op
}

// asking is GetCallerIdentity by c.
func (c *Client) asking(by secret.Credentials) operation {
	op := operation{does: asksForName, region: c.config.Region}
	if !by.SessionToken.Empty() {
		op.signer = byTemporary
	}
	return op
}

// again says how to ask once more after AWS may have looked at the code.
func (o operation) again() string {
	switch {
	case o.signer == byMFASession && o.sessionOK:
		return "Send it again without a code: your MFA session is enough."
	case o.signer == byMFASession, !o.code.Empty():
		return "Send it again with a new code."
	case o.does == asksForName:
		return "Try again in a minute."
	}
	return "Send it again."
}

// soon says what to do in a minute; it is no whole sentence.
func (o operation) soon() string {
	switch {
	case o.signer == byMFASession && o.sessionOK:
		return "Try again in a minute; you need no new code while your MFA session lives"
	case o.signer == byMFASession:
		return "Try again in a minute with a new code"
	}
	return "Try again in a minute"
}

// undone begins a hint with what did not happen because AWS refused.
func (o operation) undone() string {
	switch o.does {
	case changesKey:
		return "Your key was not changed. "
	case startsMFA:
		return "No MFA session was started. "
	case asksForName:
		return ""
	}
	return "Nothing was issued. "
}

// use is u where the call carried a code.
func (o operation) use(u broker.CodeUse) broker.CodeUse {
	if o.code.Empty() {
		return broker.UseNone
	}
	return u
}

// tooLate is of a call that was not begun.
func (o operation) tooLate() *broker.Error {
	const what = "There was too little time left to ask AWS, so it was not asked."
	e := detailed(failed(broker.CodeCannotReachAWS, what, o.soon()+".", errTooLate), "too_late", stsName)
	e.Use = o.use(broker.UseUnused)
	return e
}

var errTooLate = errors.New("the answer is due")

// unanswered is of a call that went out and of which nobody knows what AWS did.
func (o operation) unanswered(err, failure error) *broker.Error {
	detail, what := "lost", "The bot asked AWS, but the answer was lost on the way"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		detail, what = "timeout", "AWS did not answer in time"
	case statusOf(err) >= 500:
		detail, what = "not_working", "AWS, or something on the way to it, is not working right now"
	}
	code := broker.CodeOutcomeUnknown
	switch o.does {
	case asksForName:
		code, what = broker.CodeCannotReachAWS, what+"."
	case changesKey:
		what += ", so nobody knows whether it accepted your code. Your key was not changed."
	case startsMFA:
		what += ", so nobody knows whether an MFA session was started. If it was, nobody has it."
	case issues:
		what += ", so nobody knows whether credentials were issued. If they were, nobody has them."
	}
	e := detailed(failed(code, what, o.again(), failure), detail, stsName)
	e.Use, e.Facts.Region = o.use(broker.UseUnknown), o.region
	return e
}
