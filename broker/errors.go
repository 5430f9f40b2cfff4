package broker

import (
	"errors"
	"fmt"
)

// A Code names one kind of refusal or failure. It is stable: it is on the
// record, and dashboards count by it.
type Code string

// An Error is one value for two audiences. What and Hint are our own sentences for
// the person; they never hold upstream text. Err is the cause, for operators.
//
// One failure has one constructor. Those that several use cases share are in the
// files named errors_…; the others stand beside what fails.
type Error struct {
	Code  Code
	What  []Part // what happened
	Use   CodeUse
	Hint  []Part // what to do next
	Quote string // what a person wrote about it, shown as it is; in no sentence, fallback text or Event
	Err   error
	Rule  string // of the config, that denied; "" where none did
	Ref   string // what the person quotes and the operator's log carries; "" where nothing needs looking up

	recorded bool // an Event tells of it already
	question bool // it asks for what is missing, and refuses nothing
}

// A CodeUse says what became of the MFA code that came with what failed. No
// sentence of ours says it, so that it is said once, in one way.
type CodeUse int

// The uses.
const (
	UseNone    CodeUse = iota // there was none, or it does not matter
	UseUnused                 // AWS certainly never looked at it: the same one can be sent again
	UseSpent                  // AWS accepted it, or refused with it at hand
	UseUnknown                // nobody knows; it counts as used
)

// Error implements error for operators.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s (%v)", e.Code, Plain(e.What), e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, Plain(e.What))
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Ours reports whether an operator has to mend it; otherwise the person can.
func (e *Error) Ours() bool { return audiences[e.Code] == operator }

// AsError returns err as an *Error: what is none failed on our side. Where an
// operator has to look it up it has a reference, from the ID of the Request.
func AsError(err error, requestID string) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{
			Code: CodeInternal, Err: err,
			What: Say("Something failed on our side."),
			Hint: Say("Try again; if it stays, quote the reference."),
		}
	}
	if e.Ours() && e.Ref == "" && requestID != "" {
		e.Ref = ShortRef(requestID)
	}
	return e
}

// codeUse is use for a Request that came with a code; without one there is
// nothing to say.
func (r Request) codeUse(use CodeUse) CodeUse {
	if r.Code.Empty() && !r.SentCode {
		return UseNone
	}
	return use
}

// inAMinute is the hint where nothing needs mending but time.
func inAMinute() []Part { return Say("Try again in a minute.") }

// tryAnew is inAMinute after the code, if there was one, was spent.
func tryAnew(use CodeUse) []Part {
	if use == UseSpent || use == UseUnknown {
		return Say("Try again in a minute with a new code.")
	}
	return inAMinute()
}

// AskOperator is the hint where only an operator can mend it.
const AskOperator = "Pass the reference to whoever runs the bot."
