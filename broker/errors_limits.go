package broker

import (
	"time"

	"github.com/assumebot/assumebot/broker/text"
)

// Refusals by what the config allows at most, and AWS at least.

func tooLong(what string, most time.Duration) *Error {
	return &Error{
		Code: CodeTooLong,
		What: Say(what + " " + text.FormatDuration(most) + " at most."),
		Hint: Say("Ask for " + text.FormatDuration(most) + " or less."),
	}
}

func tooShort(what string) *Error {
	return &Error{Code: CodeTooShort, What: Say(what + " shorter than 15 minutes."), Hint: Say("Ask for 15m or more.")}
}

// tooMany is of what may be asked for again after wait.
func tooMany(code Code, what string, wait time.Duration, hint []Part) *Error {
	return &Error{Code: code, What: Say(what), Hint: Sentences(hint, Say("Try again in "+seconds(wait)+"."))}
}
