package bot

import (
	"strings"
	"unicode"

	"github.com/assumebot/assumebot/broker"
)

// meant says what to type in place of a word that has no keyword before it: a
// duration, a format, a time, a ticket; "" when it looks like none of them. rest
// are the words after it.
func (p *parser) meant(word string, rest []token) string {
	words := []string{word}
	for _, t := range rest {
		words = append(words, strings.ToLower(t.value()))
	}
	if d, _, problem := readDuration(words); problem == durationFine && p.takes("for") {
		return "Write for before how long you want it: for " + broker.FormatDuration(d) + "."
	}
	if f, ok := ParseFormat(word); ok && p.takes("as") {
		return "Write as before the format: as " + string(f) + "."
	}
	switch word {
	case "until", "untill", "till", "til": //nolint:misspell // as people type it
		if p.takes("for") {
			return "Write for how long, not until when: for 2h."
		}
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
