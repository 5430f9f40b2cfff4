package command

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// A Verb is what a Command asks for.
type Verb string

// The verbs.
const (
	VerbAssume   Verb = "assume"
	VerbBuckets  Verb = "buckets"
	VerbForm     Verb = "form" // the form that asks for everything
	VerbSessions Verb = "sessions"
	VerbHelp     Verb = "help"
	VerbMoreHelp Verb = "help more"
	VerbAccounts Verb = "accounts"
	VerbWhoami   Verb = "whoami"
	VerbExplain  Verb = "explain"
)

// A Command is what a person typed, understood.
type Command struct {
	Verb     Verb
	Account  string // lower case, as policy.CheckAccountName wants it; "" where none was named
	Code     secret.TokenCode
	Duration time.Duration    // whole seconds; 0: not said
	Format   snippet.Format   // "": not said
	Service  string           // whose console snippet.Console opens; "": its home
	Reason   string           // one line, at most maxReason characters
	Prefix   string           // of bucket names, in the case it was typed in
	Key      secret.PublicKey // of KeySet
	Change   KeyAction        // of VerbKey
	// BreakGlass asks without the approval that the Account needs.
	BreakGlass bool
	Entry      int64  // number of the entry of VerbReceipt
	Target     string // Slack user ID of whom an admin acts upon
	Past       Past   // of VerbHistory
}

const (
	// MaxText bounds the work, in bytes as Slack sends them; with the longest
	// reason, escaped throughout, a command stays well below it.
	MaxText   = 4000
	maxReason = broker.MaxReason
)

// ParseAssume reads what follows /assume:
//
//	ACCOUNT CODE [for D] [as FORMAT] [break-glass] [because …] |
//	help | accounts | whoami [ACCOUNT] | key … | revoke ACCOUNT | cancel [ACCOUNT] | receipt N | history …,
//	and what parseAdmin reads
//
// in any order up to because. The text is as Slack sends it with should_escape.
// An error is a *broker.Error of CodeGrammar that holds no part of a code.
func ParseAssume(text string) (Command, error) {
	if isKeyCommand(text) {
		return parseKey(text)
	}
	if cmd, ok, err := parseAdmin(text); ok {
		return cmd, err
	}
	if cmd, ok, err := parseHistory(text); ok {
		return cmd, err
	}
	if cmd, ok, err := parseRevoke(text); ok {
		return cmd, err
	}
	if cmd, ok, err := parseCancel(text); ok {
		return cmd, err
	}
	if cmd, ok, err := parseReceipt(text); ok {
		return cmd, err
	}
	return parse(text, VerbAssume, "for", "as", breakGlass, "because")
}

// ParseBuckets reads what follows /buckets: ACCOUNT [CODE] [prefix P] | help.
// An error is as that of [ParseAssume].
func ParseBuckets(text string) (Command, error) {
	return parse(text, VerbBuckets, "prefix")
}

func parse(text string, verb Verb, keywords ...string) (Command, error) {
	switch {
	case snippet.HoldsPrivateKey(text):
		return Command{}, snippet.PrivateKeyError()
	case len(text) > MaxText:
		return Command{}, errTextTooLong()
	case !utf8.ValidString(text):
		return Command{}, errNotText()
	}
	p := parser{tokens: typed.Tokens(text), verb: verb, keywords: keywords, cmd: Command{Verb: verb}}
	for p.pos < len(p.tokens) {
		if err := p.step(); err != nil {
			return Command{}, err
		}
	}
	if err := p.finish(); err != nil {
		return Command{}, err
	}
	return p.cmd, nil
}

// A parser reads tokens from left to right into cmd.
type parser struct {
	tokens   []typed.Token
	pos      int
	verb     Verb // of the slash command
	keywords []string
	cmd      Command

	started  bool     // something was read that counts
	numbers  []string // digits of words that stand together are joined
	number   bool     // the last thing read was a number
	idNumber bool     // one word was a twelve-digit AWS account ID
	gave     []string // keywords so far
}

// step reads one word and what belongs to it.
func (p *parser) step() error {
	t := p.tokens[p.pos]
	p.pos++
	if t.Kind != typed.KindWord {
		if p.verb == VerbMFA {
			return errMFAMention()
		}
		if meant := VerbMeant(p.cmd.Account); p.verb == VerbAssume && meant != nil {
			return Error(quoted(p.cmd.Account)+" is read as an account, and no person belongs after it.", meant)
		}
		return errMention(t.Kind, p.cmd.Account == "")
	}
	if keyword, ok := p.keyword(t); ok {
		p.started, p.number = true, false
		return p.option(keyword)
	}
	word := t.Word()
	if p.brokenGlass(word) {
		p.started, p.number = true, false
		return p.option(breakGlass)
	}
	switch {
	case word == "":
		return nil
	case p.bareDuration(word) != 0:
		return p.errBareDuration(p.bareDuration(word))
	case typed.Digits(word) != "":
		p.addNumber(typed.Digits(word))
	case !p.started && p.isVerb(word):
		if p.cmd.Verb = Verb(word); p.cmd.Verb == VerbHelp {
			if AsksMoreHelp(p.tokens) {
				p.cmd.Verb = VerbMoreHelp
			}
			p.pos = len(p.tokens) // there is one help for everything
		}
	default:
		return p.name(word)
	}
	p.started = true
	return nil
}

// isVerb reports whether word, standing first, asks for something else than the
// slash command itself does.
func (p *parser) isVerb(word string) bool {
	switch Verb(word) {
	case VerbHelp:
		return true
	case VerbAccounts, VerbWhoami, VerbExplain:
		return p.verb == VerbAssume
	}
	return false
}

// keyword reads a keyword, and splits for=2h or for:2h behind it.
func (p *parser) keyword(t typed.Token) (string, bool) {
	word := t.Word()
	if slices.Contains(p.keywords, word) {
		return word, true
	}
	at := strings.IndexAny(t.Text, "=:")
	if at < 0 {
		return "", false
	}
	word = typed.Token{Text: t.Text[:at]}.Word()
	if !slices.Contains(p.keywords, word) {
		return "", false
	}
	p.tokens = slices.Insert(p.tokens, p.pos, typed.Token{Text: t.Text[at+1:], Glued: true})
	return word, true
}

const breakGlass = "break-glass"

// brokenGlass reads break glass and breakglass, which phones make of break-glass.
func (p *parser) brokenGlass(word string) bool {
	switch {
	case !slices.Contains(p.keywords, breakGlass) || p.cmd.Account == "":
		return false
	case word == "breakglass":
		return true
	case word == "break" && p.pos < len(p.tokens) && p.tokens[p.pos].Word() == "glass":
		p.pos++
		return true
	}
	return false
}

// addNumber takes digits: neighbours belong together (123 456).
func (p *parser) addNumber(d string) {
	p.idNumber = p.idNumber || len(d) == 12
	if p.number {
		p.numbers[len(p.numbers)-1] += d
	} else {
		p.numbers = append(p.numbers, d)
	}
	p.number = true
}

// name takes a word that is neither keyword nor number: the account, once.
func (p *parser) name(word string) error {
	if p.verb == VerbMFA {
		return p.mfaWord(word)
	}
	p.started, p.number = true, false
	word = strings.TrimPrefix(strings.TrimPrefix(word, "http://"), "https://")
	word = strings.TrimRight(word, "/.")
	switch {
	case p.cmd.Verb == VerbAccounts:
		return errAccountsTakesNothing()
	case p.cmd.Account != "":
		if len(p.numbers) == 0 && (nearlyCode(word) || nearlyCode(p.cmd.Account)) {
			return errLettersInCode()
		}
		return p.errUnknownWord(word)
	case strings.HasPrefix(word, "@"):
		return errMention(typed.KindUser, true)
	case strings.HasPrefix(word, "#"):
		return errMention(typed.KindChannel, true)
	case policy.CheckAccountName(word) != nil:
		return errAccountName(word)
	case secret.MayHoldCode(word):
		// No account is named so, and a refusal would put it on the record.
		return p.errNoSpace()
	}
	p.cmd.Account = word
	return nil
}

// nearlyCode reports whether a word is a code with a letter or two in it.
func nearlyCode(word string) bool {
	found := 0
	for _, r := range word {
		if r >= '0' && r <= '9' {
			found++
		}
	}
	length := utf8.RuneCountInString(word)
	return found >= 4 && length >= 5 && length <= 8 && length-found <= 2
}

// option reads what belongs to a keyword.
func (p *parser) option(keyword string) error {
	if slices.Contains(p.gave, keyword) {
		return errTwice(keyword)
	}
	p.gave = append(p.gave, keyword)
	switch keyword {
	case "for":
		return p.duration()
	case "as":
		return p.format()
	case "prefix":
		return p.prefix()
	case breakGlass:
		p.cmd.BreakGlass = true
		return nil
	}
	return p.reason()
}

func (p *parser) duration() error {
	var words []string
	for _, t := range p.tokens[p.pos:] {
		word := strings.ToLower(t.Value())
		if word == "" || slices.Contains(p.keywords, t.Word()) {
			break
		}
		words = append(words, word)
	}
	d, used, problem := readTyped(words)
	if problem != durationFine {
		return p.errDuration(problem, words)
	}
	p.cmd.Duration = d
	p.pos += used
	return nil
}

func (p *parser) format() error {
	word, ok := p.argument()
	if !ok {
		return errFormatMissing()
	}
	if p.cmd.Format, ok = snippet.ParseFormat(word.Word()); !ok {
		return errFormatUnknown(word.Word())
	}
	return p.service()
}

func (p *parser) prefix() error {
	t, ok := p.argument()
	if !ok {
		return errPrefixMissing()
	}
	// A prefix may well end with a dot.
	p.cmd.Prefix = strings.Trim(typed.Fold(t.Text), typed.Around)
	if !ValidPrefix(p.cmd.Prefix) {
		return errPrefix(p.cmd.Prefix)
	}
	return nil
}

// ValidPrefix accepts what bucket names are made of, those from before the
// rules of today included: 255 characters, capitals and underscores.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func ValidPrefix(s string) bool {
	const made = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
	return s != "" && len(s) <= 255 && strings.Trim(s, made) == ""
}

// argument takes the next word, if it is one and no keyword.
func (p *parser) argument() (typed.Token, bool) {
	if p.pos == len(p.tokens) {
		return typed.Token{}, false
	}
	t := p.tokens[p.pos]
	if t.Word() == "" || slices.Contains(p.keywords, t.Word()) {
		return typed.Token{}, false
	}
	p.pos++
	return t, true
}

// reason takes everything to the end.
func (p *parser) reason() error {
	rest := p.tokens[p.pos:]
	p.pos = len(p.tokens)
	var words strings.Builder
	for i, t := range rest {
		if i > 0 && !t.Glued {
			words.WriteByte(' ')
		}
		words.WriteString(t.Text)
	}
	reason, over := ReadReason(unquote(text.OneLine(words.String())))
	switch {
	case over > 0:
		return errReasonTooLong(over)
	case reason == "":
		return errReasonEmpty()
	}
	p.cmd.Reason = reason
	return nil
}

// unquote strips quotation marks around the whole of text, but not those of two
// quotations in it.
func unquote(text string) string {
	for _, marks := range []string{"\"“”„‟«»", "'‘’‚‛`´‹›"} {
		first, n := utf8.DecodeRuneInString(text)
		last, m := utf8.DecodeLastRuneInString(text)
		if len(text) < n+m || !strings.ContainsRune(marks, first) || !strings.ContainsRune(marks, last) {
			continue
		}
		if inner := text[n : len(text)-m]; !strings.ContainsAny(inner, marks) {
			return unquote(strings.TrimSpace(inner))
		}
	}
	return text
}
