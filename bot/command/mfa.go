package command

import (
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// The verbs of /mfa.
const (
	VerbMFA       Verb = "mfa" // begin an MFA session
	VerbMFAStatus Verb = "mfa status"
	VerbMFAEnd    Verb = "end"
)

// mfaStatus is how [VerbMFAStatus] is typed.
const mfaStatus = "status"

func usageMFA() []prose.Part {
	return prose.Say("Write ", prose.MFACmd("CODE"), ", and after it, if you like, for 8h. ",
		prose.MFACmd(), " alone shows your MFA session, and ", prose.MFACmd("end"), " ends it.")
}

// ParseMFA reads what follows /mfa: CODE [for D] | status | end | help; nothing
// is status. An error is as that of [ParseAssume].
func ParseMFA(text string) (Command, error) {
	return parse(text, VerbMFA, "for")
}

// mfaWord takes a word that is neither keyword nor number: at most one, and
// alone. Whoever wants to end an MFA session is in a hurry, so other words for
// it will do.
func (p *parser) mfaWord(word string) error {
	verb := Verb("")
	switch word {
	case "end", "stop", "off", "cancel":
		verb = VerbMFAEnd
	case mfaStatus, "show":
		verb = VerbMFAStatus
	}
	switch {
	case verb != "" && (p.started || len(p.numbers) > 0):
		return errMFAWordAlone(verb)
	case verb != "":
		p.started, p.number, p.cmd.Verb = true, false, verb
		return nil
	case len(p.numbers) == 0 && nearlyCode(word):
		return errLettersInCode()
	}
	message := unknownWord(word, "There is a word that I do not know.")
	if hint := p.meant(word, p.tokens[p.pos:]); hint != "" {
		return Error(message, hint)
	}
	if meant := text.Nearest(word, []string{"for", string(VerbMFAEnd), mfaStatus, string(VerbHelp)}); meant != "" {
		return Error(message, "Did you mean “"+meant+"”? ", usageMFA())
	}
	return Error(message, "An MFA session is for all accounts alike. ", usageMFA())
}

// finishMFA judges the Command of /mfa as a whole.
func (p *parser) finishMFA() error {
	switch p.cmd.Verb {
	case VerbHelp, VerbMoreHelp:
		p.cmd = Command{Verb: p.cmd.Verb}
		return nil
	case VerbMFAEnd, VerbMFAStatus:
		if len(p.numbers)+len(p.gave) > 0 {
			return errMFAWordAlone(p.cmd.Verb)
		}
		return nil
	}
	code, err := p.code()
	switch {
	case err != nil:
		return err
	case code == "" && len(p.gave) > 0:
		return Error("There is a duration, but the code is missing.", usageMFA())
	case code == "":
		p.cmd.Verb = VerbMFAStatus
		return nil
	}
	p.cmd.Code, _ = secret.ParseTokenCode(code)
	return nil
}

func errMFAWordAlone(verb Verb) error {
	word := string(verb)
	if verb == VerbMFAStatus {
		word = mfaStatus
	}
	return Error("Nothing else goes with the word "+word+".", "Write ", prose.MFACmd(word), ".")
}

func errMFAMention() error {
	return Error("I do not know what to do with a mention there.", "An MFA session is your own. ", usageMFA())
}
