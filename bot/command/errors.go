package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// The sentences that a person reads whose command was not understood. No example
// holds digits, so that none can be taken for the person's own code.

// Error is a refusal of what was typed: it is of CodeGrammar.
func Error(what string, hint ...any) error {
	return &broker.Error{Code: broker.CodeGrammar, What: prose.Say(what), Hint: prose.Say(hint...)}
}

// unusedError is Error where what was typed holds a code, or what is meant as one.
func unusedError(what string, hint ...any) error {
	return &broker.Error{Code: broker.CodeGrammar, Use: broker.UseUnused, What: prose.Say(what), Hint: prose.Say(hint...)}
}

func (p *parser) usage() []prose.Part {
	switch p.verb {
	case VerbBuckets:
		return prose.Say("Write ", prose.BucketsCmd("ACCOUNT"), ", and after it, if you like: the CODE of your MFA device, prefix P.")
	case VerbMFA:
		return usageMFA()
	}
	return prose.Say("Write ", prose.AssumeCmd("ACCOUNT CODE"), ", and after it, if you like: for 2h, as fish, because REASON.")
}

func accountsListed() []prose.Part {
	return prose.Say(prose.AssumeCmd("accounts"), " lists those that you may have.")
}

func errTextTooLong() error {
	return Error("That is more text than I read: a command has at most 4,000 bytes.", "Shorten the reason, or keep it in a ticket and name the ticket.")
}

func errNotText() error {
	return Error("That is not readable text.", "Type the command anew instead of pasting it.")
}

// errMention answers a mention where a name or an option should be.
func errMention(kind typed.Kind, accountMissing bool) error {
	what := "a user group"
	switch kind {
	case typed.KindUser:
		what = "a person"
	case typed.KindChannel:
		what = "a channel"
	case typed.KindBroadcast:
		what = "a mention of everybody"
	}
	if accountMissing {
		return Error("The name of an account belongs here, but this is "+what+".", accountsListed())
	}
	return Error("I do not know what to do with "+what+" there.", "A mention can stand only in the reason, after the word because.")
}

// verbs are the words that may stand first after /assume.
var verbs = []string{
	"accounts", "block", "cancel", "explain", "help", "history", "key", "pause", "receipt", "resume", "revoke", "status", "unblock", "unlock", "whoami",
}

// VerbMeant tells who wrote a duration, or misspelt a verb, where it reads as an
// account, what to type; nil when it looks like neither.
func VerbMeant(account string) []prose.Part {
	if hint := timeMeant([]string{account}); hint != "" {
		return prose.Say(hint)
	}
	if strings.HasPrefix(account, "appr") {
		return prose.Say("Approvers press Approve on the message that asks them.")
	}
	if meant := text.Nearest(account, verbs); len(account) > 3 && meant != "" && meant != account {
		return prose.Say("Did you mean ", prose.AssumeCmd(meant), "?")
	}
	return nil
}

// AboutTheCode says that a code was not used, where one was sent.
func AboutTheCode(err error, sent bool) error {
	var e *broker.Error
	if errors.As(err, &e) && sent {
		e.Use = broker.UseUnused
	}
	return err
}

// unknownWord says that a word means nothing where it stands, or other where that
// word is better not repeated.
func unknownWord(word, other string) string {
	if q := quoted(word); q != "" {
		return "I do not know the word " + q + " there."
	}
	return other
}

// orQuoted is a sentence that begins with the word that it is about, or other
// where that word is better not repeated.
func orQuoted(word, sentence, other string) string {
	if q := quoted(word); q != "" {
		return q + " " + sentence
	}
	return other
}

func (p *parser) errUnknownWord(word string) error {
	message := unknownWord(word, "There is a word that I do not know.")
	if meant := VerbMeant(p.cmd.Account); p.verb == VerbAssume && meant != nil {
		if q := quoted(p.cmd.Account); q != "" {
			message = q + " is read as an account. " + message
		}
		return Error(message, meant)
	}
	if hint := p.meant(word, p.tokens[p.pos:]); hint != "" {
		return Error(message, hint)
	}
	if meant := text.Nearest(word, p.keywords); meant != "" {
		return Error(message, "Did you mean “"+meant+"”? ", p.usage())
	}
	if hint := p.prefixMeant(); hint != "" {
		return Error(message, hint)
	}
	if f, ok := snippet.ParseFormat(p.cmd.Account); ok && p.takes("as") {
		return Error(orQuoted(p.cmd.Account, "is read as an account.", "A format is read as an account.")+" "+message,
			"Write as before the format: as "+string(f)+".")
	}
	return Error(message, "Leave it out, or write because before it if it is the reason. Another account needs a command of its own. ", p.usage())
}

func errAccountName(word string) error {
	return Error(orQuoted(word, "cannot be the name of an account.", "That cannot be the name of an account."),
		"Names are made of letters, digits, dots, dashes and underscores; ", accountsListed())
}

func errAccountsTakesNothing() error {
	return Error("Nothing else goes with the word accounts.", "Write ", prose.AssumeCmd("accounts"), ".")
}

func errWhoamiTakesAccount() error {
	return Error("whoami takes the name of an account and nothing else.", "Write ", prose.AssumeCmd("whoami"), " or ", prose.AssumeCmd("whoami ACCOUNT"), ".")
}

func (p *parser) errNoAccount(code bool) error {
	example := prose.AssumeCmd("ACCOUNT CODE")
	if p.verb == VerbBuckets {
		example = prose.BucketsCmd("ACCOUNT CODE")
	}
	if code {
		return unusedError("There is a code, but the account is missing.", "For example: ", example, ". ", accountsListed())
	}
	return Error("The account is missing.", "For example: ", example, ". ", accountsListed())
}

func (p *parser) errNoSpace() error {
	return Error("The account and the code run together.", "Leave a space between them. ", p.usage())
}

func errAccountID() error {
	return Error("Twelve digits are the number of an AWS account; I know accounts by name.", accountsListed())
}

func errTwoNumbers() error {
	return Error("There are two numbers, and I cannot tell which is the code.",
		"Write the six digits of your MFA device once; a duration needs its unit, as in for 2h.")
}

func errCodeLength(n int) error {
	names := smallNumbers()
	has := "more than twelve"
	if n < len(names) {
		has = names[n]
	}
	return unusedError("A code has six digits; this one has "+has+".", "Read the code from your MFA device again.")
}

func errLettersInCode() error {
	return unusedError("A code has six digits and no letters.",
		"Read the code from your MFA device again: zero and one are easily taken for letters.")
}

func errTwice(keyword string) error {
	return Error("The word "+keyword+" is there twice.", "Say it once; after because, everything is the reason.")
}

// errDuration says what is wrong with the words after for.
func (p *parser) errDuration(problem durationProblem, words []string) error {
	typed := durationTyped(words)
	hint := "Write for 90m, for 2h or for 1h30m."
	if slices.Contains(p.keywords, "because") {
		hint += " A reason goes after because."
	}
	switch problem {
	case durationMissing:
		return Error("After for, the duration is missing.", hint)
	case durationUnitless:
		return Error("Is that minutes or hours? "+orQuoted(typed, "needs a unit.", "A duration needs a unit."), hint)
	case durationZero:
		return Error(orQuoted(typed, "must be more than zero.", "A duration must be more than zero."), hint)
	case durationNegative:
		return Error(orQuoted(typed, "is negative; a duration must be more than zero.", "A duration cannot be negative."), hint)
	case durationTooLong:
		return Error(orQuoted(typed, "is longer than AWS ever gives credentials for.", "That is longer than AWS ever gives credentials for."),
			"AWS gives 36 hours at the very most, and most accounts allow less. "+hint)
	}
	if q := quoted(typed); q != "" {
		return Error("I cannot read "+q+" as a duration.", hint)
	}
	return Error("I cannot read a duration after for.", hint)
}

func errFormatMissing() error {
	return Error("After as, the format is missing.", "I can write "+snippet.FormatList()+".")
}

func errFormatUnknown(word string) error {
	message := "I do not know that format."
	if q := quoted(word); q != "" {
		message = "I do not know the format " + q + "."
	}
	var names []string
	for _, f := range snippet.AllFormats() {
		names = append(names, string(f))
	}
	hint := "I can write " + snippet.FormatList() + "."
	if meant := text.Nearest(word, names); meant != "" {
		hint = "Did you mean “" + meant + "”? " + hint
	}
	return Error(message, hint)
}

func errPrefixMissing() error {
	return Error("After prefix, the beginning of the bucket names is missing.", "Write ", prose.BucketsCmd("ACCOUNT prefix logs-"))
}

func errPrefix(typed string) error {
	message := "No bucket name begins like that."
	if q := quoted(typed); q != "" {
		message = "No bucket name begins with " + q + "."
	}
	return Error(message, "Bucket names are made of letters, digits, dots and dashes: ", prose.BucketsCmd("ACCOUNT prefix logs-"))
}

func errReasonEmpty() error {
	return Error("After because, the reason is missing.", "Everything after because is the reason, to the end: because INC-42 failover.")
}

func errReasonTooLong(n int) error {
	return Error(fmt.Sprintf("A reason has at most %d characters; this one has %s.", maxReason, text.FormatNumber(n)),
		"Shorten it, or keep it in a ticket and name the ticket. It was not cut.")
}

func errBreakGlassReason() error {
	return Error("break-glass needs a reason.", "Add it at the end: break-glass because all of prod is down.")
}

func errCodeInReason() error {
	return Error("The reason ends with six digits that look like your code.",
		"Everything after because is the reason and goes on the record: put the code before because. If it is a ticket, write its letters too, as in INC-42.")
}

func errReasonRepeatsCode() error {
	return unusedError("The reason repeats your code.", "The reason goes on the record, where no code may be. Leave the code out of it.")
}

// maxQuoted is enough to recognise one's own word by.
const maxQuoted = 24

// quoted returns a word of the person's between quotation marks, "" when it is
// better not repeated: when nothing readable is left, or when it holds digits
// that might be a code. What it returns can neither format nor ping nor link.
func quoted(word string) string {
	letters, found := 0, 0
	var kept []rune
	for _, r := range text.OneLine(word[:min(len(word), MaxText)]) {
		switch {
		case unicode.IsDigit(r):
			found++
		case unicode.IsLetter(r):
			letters++
		case !strings.ContainsRune("-_./ ", r):
			continue
		}
		kept = append(kept, r)
	}
	if found >= 4 || letters+found == 0 {
		return ""
	}
	if len(kept) > maxQuoted {
		kept = append(kept[:maxQuoted], '…')
	}
	return "“" + strings.Trim(string(kept), "_ ") + "”"
}
