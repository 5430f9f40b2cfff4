package command

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// What forms and buttons hold is read by the readers of what is typed, with the
// same bounds: a client can send any value, whatever the bot once put there.

// maxValue is more than any name of an account or a role.
const maxValue = 100

// ReadAccount reads the name of an Account.
func ReadAccount(word string) (string, error) {
	if len(word) > MaxText || policy.CheckAccountName(word) != nil || secret.MayHoldCode(word) {
		return "", errAccountName(word)
	}
	return word, nil
}

// ReadReason reads a reason or comment; "" is one that says nothing. over is how
// many characters one has that is too long, which is then not returned.
func ReadReason(s string) (reason string, over int) {
	if reason = text.OneLine(s); !text.SaysSomething(reason) {
		return "", 0
	}
	if n := utf8.RuneCountInString(reason); n > maxReason {
		return "", n
	}
	return reason, 0
}

// FormatValue is what ReadFormat reads.
func FormatValue(f snippet.Format, service string) string {
	return strings.TrimSpace(string(f) + " " + service)
}

// ReadFormat reads the value of a format's option; "" says nothing.
func ReadFormat(value string) (f snippet.Format, service string, err error) {
	if value == "" {
		return "", "", nil
	}
	name, service, _ := strings.Cut(value, " ")
	f, ok := snippet.ParseFormat(name[:min(len(name), maxValue)])
	switch {
	case !ok || len(name) > maxValue:
		return "", "", errFormatUnknown(strings.ToValidUTF8(name[:min(len(name), maxValue)], ""))
	case service == "":
		return f, "", nil
	case f != snippet.Console || policy.CheckConsoleService(service) != nil || secret.MayHoldCode(service):
		return "", "", errService(service)
	}
	return f, service, nil
}

// ReadDuration reads the value of a duration's option. The Account's own,
// "default", is none.
func ReadDuration(value string) (time.Duration, error) {
	if value == "" || value == "default" {
		return 0, nil
	}
	if len(value) > maxValue {
		return 0, new(parser).errDuration(durationUnreadable, nil)
	}
	d, used, problem := readTyped([]string{value})
	if problem == durationFine && used != 1 {
		problem = durationUnreadable
	}
	if problem != durationFine {
		return 0, new(parser).errDuration(problem, []string{value})
	}
	return d, nil
}

// ReadCode reads a code in any spelling. None at all is fine, and empty.
func ReadCode(s string) (code secret.TokenCode, ok bool) {
	if len(s) > MaxText {
		return secret.TokenCode{}, false
	}
	s = strings.Join(strings.Fields(text.OneLine(typed.Fold(s))), "")
	if s == "" {
		return secret.TokenCode{}, true
	}
	return secret.ParseTokenCode(typed.Digits(s))
}

// NoAccount answers a form without one.
func NoAccount() error { return new(parser).errNoAccount(false) }

// ReasonHoldsCode reports whether a reason, which goes on the record, holds the
// code that came with it, or one where none came.
func ReasonHoldsCode(reason string, code secret.TokenCode) bool {
	if code.Empty() {
		return MayHoldCode(reason)
	}
	return repeatsCode(reason, code.Reveal())
}

// ReadPrefix reads the beginning of bucket names kindly: phones begin with a
// capital. What no bucket is named stays in it, for [ValidPrefix] to refuse.
func ReadPrefix(s string) string {
	return strings.ToLower(strings.TrimSpace(text.OneLine(typed.Fold(s[:min(len(s), MaxText)]))))
}
