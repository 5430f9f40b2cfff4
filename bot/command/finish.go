package command

import (
	"strings"

	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/secret"
)

// finish judges the Command as a whole.
func (p *parser) finish() error {
	if p.verb == VerbMFA {
		return p.finishMFA()
	}
	if !p.started {
		p.cmd.Verb = VerbHelp
		if p.verb == VerbAssume && len(p.tokens) == 0 {
			p.cmd.Verb = VerbForm
		}
	}
	switch p.cmd.Verb {
	case VerbHelp, VerbMoreHelp, VerbForm:
		p.cmd = Command{Verb: p.cmd.Verb}
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
	case VerbExplain:
		return p.finishExplain()
	}
	code, err := p.code()
	if err != nil {
		return err
	}
	switch {
	case p.cmd.Account == "":
		return p.errNoAccount(code != "")
	case p.cmd.BreakGlass && p.cmd.Reason == "":
		return errBreakGlassReason()
	case code != "" && strings.Contains(p.cmd.Account, code):
		return p.errNoSpace()
	case code == "" && MayHoldCode(p.cmd.Reason):
		return errCodeInReason()
	case code != "" && repeatsCode(p.cmd.Reason, code):
		return errReasonRepeatsCode()
	}
	if code != "" {
		p.cmd.Code, _ = secret.ParseTokenCode(code)
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

// MayHoldCode reports whether six digits stand alone somewhere in a reason, in
// any of the spellings of a code: one that was typed behind because would go on
// the record.
func MayHoldCode(reason string) bool {
	found := 0
	for _, word := range tokenizeReason(reason) {
		n := len(typed.Digits(word))
		if n == 0 {
			if found == 6 {
				return true
			}
			found = 0
			continue
		}
		if n == 6 {
			return true
		}
		found += n
	}
	return found == 6
}

// CarriesCode reports whether a command may hold a code, before it is parsed.
func CarriesCode(text string) bool {
	var words []string
	for _, t := range typed.Tokens(text[:min(len(text), MaxText)]) {
		words = append(words, t.Value())
	}
	return MayHoldCode(strings.Join(words, " "))
}

// repeatsCode reports whether the reason holds the code that was given, for the
// record must hold none.
func repeatsCode(reason, code string) bool {
	var all strings.Builder
	for _, word := range tokenizeReason(reason) {
		if d := typed.Digits(word); d != "" {
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
		words = append(words, typed.Token{Text: word}.Word())
	}
	return words
}

// AsksMoreHelp reports whether words that begin with help go on with more.
func AsksMoreHelp(tokens []typed.Token) bool {
	for i, t := range tokens {
		if t.Word() == string(VerbHelp) {
			return i+1 < len(tokens) && tokens[i+1].Word() == "more"
		}
	}
	return false
}
