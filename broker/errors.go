package broker

import (
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// A Code names one kind of refusal or failure. The record and dashboards rely on it.
type Code string

// An Error is one value for two audiences. What and Hint are our own sentences for
// the person; they never hold upstream text. Err is the cause, for operators.
//
// One failure has one constructor: here, or beside what fails if nobody else does.
type Error struct {
	Code Code
	// Detail is the case of the Code, in one word, where What is not always the same.
	// It and the Facts are what the record has: from them a reader makes a sentence.
	Detail string
	Facts  event.Facts
	What   []prose.Part // what happened
	Use    CodeUse
	Hint   []prose.Part // what to do next
	Quote  string       // what a person wrote about it, shown as it is; in no sentence, fallback text or Event
	Err    error
	Rule   string // of the config, that denied; "" where none did
	Ref    string // what the person quotes and the operator's log carries; "" where nothing needs looking up

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

// newError is an Error without a cause.
func newError(code Code, what, hint []prose.Part) *Error {
	return &Error{Code: code, What: what, Hint: hint}
}

// Error implements error for operators.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s (%v)", e.Code, prose.Plain(e.What), e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, prose.Plain(e.What))
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrorType is the code, for those who watch.
func (e *Error) ErrorType() string { return string(e.Code) }

// Ours reports whether an operator has to mend it; otherwise the person can.
func (e *Error) Ours() bool { return audiences[e.Code] == operator }

// AsError returns err as an *Error: what is none failed on our side. Where an
// operator has to look it up it has a reference, from the ID of the Request.
func AsError(err error, requestID string) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{
			Code: CodeInternal, Err: err,
			What: prose.Say("Something failed on our side."),
			Hint: prose.Say("Try again; if it stays, quote the reference."),
		}
	}
	if e.Code == "" { // it would pass for none
		e.Code = CodeInternal
	}
	if e.Ours() && e.Ref == "" && requestID != "" {
		e.Ref = ShortRef(requestID)
	}
	return e
}

// codeOf is the Code of err; "" of nil alone.
func codeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err, "").Code
}

// detailed is e as that case of its Code.
func (e *Error) detailed(detail string) *Error {
	e.Detail = detail
	return e
}

// hinting is e with that hint.
func (e *Error) hinting(hint ...[]prose.Part) *Error {
	e.Hint = prose.Sentences(hint...)
	return e
}

// codeUse is use if r came with a code; of none there is nothing to say.
func (r Request) codeUse(use CodeUse) CodeUse {
	if r.Code.Empty() && !r.SentCode {
		return UseNone
	}
	return use
}

// inAMinute is the hint where nothing needs mending but time.
func inAMinute() []prose.Part { return prose.Say("Try again in a minute.") }

// tryAnew is inAMinute after the code, if there was one, was spent.
func tryAnew(use CodeUse) []prose.Part {
	if use == UseSpent || use == UseUnknown {
		return prose.Say("Try again in a minute with a new code.")
	}
	return inAMinute()
}

// AskOperator is the hint where only an operator can mend it.
const AskOperator = "Pass the reference to whoever runs the bot."

// Refusals by what the config allows at most, and AWS at least.

func tooLong(what string, most time.Duration) *Error {
	return &Error{
		Code: CodeTooLong, Facts: event.Facts{Limit: int64(most / time.Second)},
		What: prose.Say(what + " " + text.FormatDuration(most) + " at most."),
		Hint: prose.Say("Ask for " + text.FormatDuration(most) + " or less."),
	}
}

func tooShort(what string) *Error {
	return newError(CodeTooShort, prose.Say(what+" shorter than 15 minutes."), prose.Say("Ask for 15m or more."))
}

// tooMany is of what may be asked for again after wait.
func tooMany(code Code, what string, wait time.Duration, hint []prose.Part) *Error {
	return newError(code, prose.Say(what), prose.Sentences(hint, prose.Say("Try again in "+text.Seconds(wait)+".")))
}

// DetailClosedBefore is of a Request that the record has closed before its process did.
const DetailClosedBefore = "closed_before"

// recordAway is of a record that could not be written; so is what was not done then.
func recordAway(err error, so string) *Error {
	if errors.Is(err, ErrRecordStopped) {
		return &Error{
			Code: CodeRecord, Detail: "stopped", Err: err,
			What: prose.Say("The audit record is not what it was: somebody or something has changed it, or part of it is lost. So " + so + "."),
			Hint: prose.Say("Nothing is issued to anybody until whoever runs the bot has looked at it. " + AskOperator),
		}
	}
	if errors.Is(err, ErrInterrupted) {
		return &Error{
			Code: CodeRecord, Detail: DetailClosedBefore, Err: err,
			What: prose.Say("The bot stood still for so long that another copy of it has told you what came of this request, so here " + so + "."),
			Hint: prose.Say("Go by what that copy said."),
		}
	}
	return &Error{
		Code: CodeRecord, Err: err,
		What: prose.Say("The audit record cannot be written right now, so " + so + "."),
		Hint: inAMinute(),
	}
}

// closedBefore is of an attempt that was given up before AWS's answer was on the record.
func closedBefore(did, so string, use CodeUse) *Error {
	return &Error{
		Code: CodeRecord, Detail: DetailClosedBefore, Use: use,
		What: prose.Say(did + ", but so late that the record says already that nobody knows what came of it, so " + so + "."),
		Hint: tryAnew(use),
	}
}

// unrecorded is of a record that could not be written after AWS acted; so, of the result.
func unrecorded(err error, did, so string, use CodeUse) *Error {
	return &Error{
		Code: CodeRecord, Use: use, Err: err,
		What: prose.Say(did + ", but the audit record could not be written, so " + so + "."),
		Hint: tryAnew(use),
	}
}

// ErrStore is in the chain of an error of a People or a Directory that could not
// ask the bot's own store, which is not Slack's fault.
var ErrStore = errors.New("the store does not answer")

// ErrNewer is in the chain of an error of what a newer release of the bot keeps, and this
// one cannot read.
var ErrNewer = errors.New("a newer release wrote it")

// StoreAway is of the bot's own store that did not answer, or not so that this release
// understands it. so goes on after a comma and says what follows from that; "": nothing
// was begun.
func StoreAway(err error, so string) *Error {
	what, detail := "The bot's own store is not answering", ""
	if errors.Is(err, ErrNewer) {
		what, detail = "The bot is being updated, and the part of it that you reached cannot read what the new release keeps", "newer"
	}
	if so != "" {
		what += ", " + so
	}
	return &Error{Code: CodeStore, Detail: detail, Err: err, What: prose.Say(what + "."), Hint: inAMinute()}
}

func storeDown(err error) *Error { return StoreAway(err, "") }

// orderUnsure is of an order of which nobody knows whether the store took it.
func orderUnsure(err error, whether string) *Error {
	return StoreAway(err, "so nobody knows whether "+whether).detailed("unsure").
		hinting(prose.Say("Try again at once. While the store is away, nothing is issued to anybody."))
}

// mayBeKept is of a store that did not take everything back.
func mayBeKept(err error, what string, hint []prose.Part) *Error {
	return StoreAway(err, "so it may still keep "+what).detailed("may_be_kept").hinting(hint)
}

// notEnded is of what the store could not be told to end.
func notEnded(err error, so string) *Error {
	return StoreAway(err, so).detailed("not_ended").hinting(prose.Say("Try again in a minute, or tell whoever runs the bot."))
}

// storeSlow is of a store that took so long that nothing was begun; so is what.
func storeSlow(so string) *Error {
	return newError(CodeStore, prose.Say("The bot's own store is too slow right now, so "+so+"."), inAMinute()).detailed("slow")
}

// unstored is of what the store did not keep after AWS took the code.
func unstored(err error, what string) *Error {
	return &Error{Code: CodeStore, Detail: "not_kept", Use: UseSpent, Err: err, What: prose.Say(what), Hint: tryAnew(UseSpent)}
}

// storeCannotSay is of what the store alone knows: while it does not answer, no.
func storeCannotSay(err error, detail, what string) *Error {
	return cannotSay("The bot's own store", CodeStore, err, what).detailed(detail)
}

// slackCannotSay is of what Slack knows, and the store in between.
func slackCannotSay(err error, detail, what string) *Error {
	if errors.Is(err, ErrStore) {
		return storeCannotSay(err, detail, what)
	}
	return cannotSay("Slack", CodeDirectory, err, what).detailed(detail)
}

func cannotSay(who string, code Code, err error, what string) *Error {
	return &Error{Code: code, Err: err, What: prose.Say(who + " cannot say right now " + what + ", so the answer is no."), Hint: inAMinute()}
}

func ordersUnknown(err error) *Error {
	return storeCannotSay(err, "orders", "whether you are blocked or everything is paused")
}

func groupsUnknown(err error) *Error {
	return slackCannotSay(err, "groups", "which user groups you are in")
}

func standingUnknown(err error) *Error {
	return slackCannotSay(err, "standing", "whether you are a full member of this workspace")
}
