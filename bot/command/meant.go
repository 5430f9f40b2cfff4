package command

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/text"
)

// meant says what to type in place of a word that has no keyword before it: a
// duration, a format, a time, a ticket; "" when it looks like none of them. rest
// are the words after it.
func (p *parser) meant(word string, rest []typed.Token) string {
	words := []string{word}
	for _, t := range rest {
		words = append(words, strings.ToLower(t.Value()))
	}
	if p.takes("for") {
		if hint := timeMeant(words); hint != "" {
			return hint
		}
	}
	if f, ok := snippet.ParseFormat(word); ok && p.takes("as") {
		return "Write as before the format: as " + string(f) + "."
	}
	if p.takes("because") && isTicket(word) {
		if q := quoted(word); q != "" {
			return "Write because before the reason, as the last of all: because " + strings.ToUpper(strings.Trim(q, "“”")) + "."
		}
		return "Write because before the reason, as the last of all: because REASON."
	}
	return ""
}

// takes reports whether a keyword may still come in this command.
func (p *parser) takes(keyword string) bool {
	switch p.cmd.Verb {
	case VerbWhoami, VerbAccounts:
		return false
	case VerbExplain:
		return keyword == "for"
	}
	for _, known := range p.keywords {
		if known == keyword {
			return true
		}
	}
	return false
}

// isTicket reports whether word looks like the name of a ticket: letters, a dash
// and digits.
func isTicket(word string) bool {
	letters, number, ok := strings.Cut(word, "-")
	return ok && letters != "" && number != "" && strings.Trim(number, "0123456789") == "" &&
		!strings.ContainsFunc(letters, func(r rune) bool { return !unicode.IsLetter(r) })
}

// timeMeant says what to type in place of a duration or a time without for; ""
// when words, which are lower case, begin with neither.
func timeMeant(words []string) string {
	if d, _, problem := readTyped(words); problem == durationFine {
		return forMeant(d)
	}
	switch words[0] {
	case "until", "untill", "till", "til": //nolint:misspell // as people type it
		return "Write for how long, not until when: for 2h."
	}
	return ""
}

func forMeant(d time.Duration) string {
	return "Write for before how long you want it: for " + text.FormatDuration(d) + "."
}

// bareDuration is the duration that begins with the number which was read last
// and a unit after it (2 hours); 0 when there is none, or when the digits may
// belong to a code.
func (p *parser) bareDuration(word string) time.Duration {
	codeOpen := p.number && len(p.numbers[len(p.numbers)-1]) < 6
	if codeOpen || !p.takes("for") || len(word) > 3 || typed.Digits(word) != word || p.pos == len(p.tokens) {
		return 0
	}
	words := []string{word}
	for _, t := range p.tokens[p.pos:] {
		words = append(words, strings.ToLower(t.Value()))
	}
	if _, known := unit(words[1]); !known {
		return 0
	}
	d, _, problem := readTyped(words)
	if problem != durationFine {
		return 0
	}
	return d
}

func (p *parser) errBareDuration(d time.Duration) error {
	return Error("There is a duration without the word for.", forMeant(d))
}

// prefixMeant says what to type in place of the beginning of bucket names without
// prefix; "" where none is taken.
func (p *parser) prefixMeant() string {
	typed := strings.Trim(typed.Fold(p.tokens[p.pos-1].Text), typed.Around)
	switch {
	case !p.takes("prefix") || slices.Contains([]string{"for", "as", "because", breakGlass}, p.tokens[p.pos-1].Word()):
		return ""
	case !ValidPrefix(typed) || len(typed) > maxQuoted || quoted(typed) == "":
		typed = "P"
	}
	return "Another account needs a command of its own. If the names of the buckets begin so, write: prefix " + typed
}

// durationTyped is the part of a duration that is quoted when it cannot be read:
// its first word, and the unit after it. Digits that may be of a code are not.
func durationTyped(words []string) string {
	switch {
	case len(words) == 0:
		return ""
	case len(words) > 1:
		if _, known := unit(words[1]); known {
			return words[0] + " " + words[1]
		}
	}
	if d := typed.Digits(words[0]); d != "" && mayBeCode(words) {
		return ""
	}
	return words[0]
}
