package bot

import (
	"strings"

	"github.com/assumebot/assumebot/broker"
)

// finish judges the Command as a whole.
func (p *parser) finish() error {
	if !p.started {
		p.cmd.Verb = VerbHelp
	}
	switch p.cmd.Verb {
	case VerbHelp:
		p.cmd = Command{Verb: VerbHelp}
		return nil
	case VerbAccounts:
		if len(p.numbers)+len(p.gave) > 0 {
			return errAccountsTakesNothing()
		}
		return nil
	case VerbWhoami:
		if len(p.numbers)+len(p.gave) > 0 {
			return errWhoamiTakesAccount()
		}
		return nil
	}
	code, err := p.code()
	if err != nil {
		return err
	}
	switch {
	case p.cmd.Account == "":
		return p.errNoAccount(code != "")
	case code == "" && broker.MayHoldCode(p.cmd.Account), code != "" && strings.Contains(p.cmd.Account, code):
		return p.errNoSpace()
	case code == "" && endsWithCode(p.cmd.Reason):
		return errCodeInReason()
	case code != "" && repeatsCode(p.cmd.Reason, code):
		return errReasonRepeatsCode()
	}
	if code != "" {
		p.cmd.Code, _ = broker.ParseTokenCode(code)
	}
	return nil
}

// code returns the six digits, or "" where there were none.
func (p *parser) code() (string, error) {
	switch {
	case len(p.numbers) == 0:
		return "", nil
	case p.idNumber:
		return "", errAccountID()
	case len(p.numbers) > 1:
		return "", errTwoNumbers()
	case len(p.numbers[0]) != 6:
		return "", errCodeLength(len(p.numbers[0]))
	}
	return p.numbers[0], nil
}

// endsWithCode reports whether a reason ends with six digits that stand alone:
// a code that was typed behind because would go on the record.
func endsWithCode(reason string) bool {
	found := ""
	words := tokenizeReason(reason)
	for i := len(words) - 1; i >= 0 && digits(words[i]) != ""; i-- {
		found = digits(words[i]) + found
	}
	return len(found) == 6
}

// repeatsCode reports whether the reason holds the code that was given, for the
// record must hold none.
func repeatsCode(reason, code string) bool {
	var all strings.Builder
	for _, word := range tokenizeReason(reason) {
		if d := digits(word); d != "" {
			word = d
		}
		all.WriteString(word)
	}
	return strings.Contains(all.String(), code)
}

// tokenizeReason reads the words of a reason as the grammar would.
func tokenizeReason(reason string) []string {
	var words []string
	for word := range strings.FieldsSeq(reason) {
		words = append(words, token{text: word}.word())
	}
	return words
}
