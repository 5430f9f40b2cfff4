package broker

import "fmt"

// A Code names one kind of refusal or failure. It is stable: it is on the
// record, and dashboards count by it.
type Code string

// A CodeUse says what became of the MFA code that came with what failed.
type CodeUse int

// The uses.
const (
	UseNone    CodeUse = iota // there was none, or it does not matter
	UseUnused                 // AWS certainly never looked at it: the same one can be sent again
	UseSpent                  // AWS refused with it at hand
	UseUnknown                // nobody knows; it counts as used
)

// An Error is one value for two audiences. What and Hint are our own fixed
// sentences for the person; they never hold upstream text. Err is the cause, for
// operators.
type Error struct {
	Code  Code
	What  []Part // what happened
	Use   CodeUse
	Hint  []Part // what to do next
	Quote string // what a person wrote about it, shown as it is; in no sentence, fallback text or Event
	Err   error
	Rule  string // of the config, that denied; "" where none did
	Ref   string // what the person quotes and the operator's log carries; "" where nothing needs looking up
}

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
