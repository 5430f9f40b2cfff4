package command

import (
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/history"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// VerbHistory is /assume history.
const VerbHistory Verb = "history"

// A Past is what history asks for, beside an Account and a person.
type Past struct {
	Everybody bool
	What      history.What
	Since     time.Duration // before now, whole minutes; 0: as far back as there is anything
}

// maxSince is how far back history goes at most.
const maxSince = 10 * 366 * day

const (
	day       = 24 * time.Hour
	everybody = "everybody"
	since     = "since"
)

// whatWords are the words that choose, as people may write them.
var whatWords = map[string]history.What{
	"granted": history.Granted, "grants": history.Granted, "issued": history.Granted,
	"refused": history.Refused, "refusals": history.Refused, "failed": history.Refused, "failures": history.Refused,
	"revoked": history.Revoked, "revocations": history.Revoked, "ended": history.Revoked,
	"approvals": history.Approvals, "approval": history.Approvals, "approved": history.Approvals, "denied": history.Approvals,
	"break-glass": history.BreakGlass, "breakglass": history.BreakGlass,
	"console": history.Console, "sign-ins": history.Console, "sign-in": history.Console, "signin": history.Console,
	"orders": history.Orders, "blocks": history.Orders, "blocked": history.Orders, "locked": history.Orders, "lockouts": history.Orders,
}

func usageHistory() []prose.Part {
	return prose.Say("Write ", prose.AssumeCmd("history"), ", and after it, if you like: an ACCOUNT, @PERSON or everybody, since 7d, and one of ",
		whatList()+".")
}

func whatList() string {
	var names []string
	for _, w := range history.Whats() {
		names = append(names, string(w))
	}
	return strings.Join(names, ", ")
}

// parseHistory reads what follows /assume if its first word is history; ok is false if it
// is not.
//
//	history [ACCOUNT] [@P | everybody] [granted | refused | …] [since 7d], in any order
//
// A word of the grammar is that word, whatever accounts are called.
func parseHistory(text string) (cmd Command, ok bool, err error) {
	tokens := Words(text)
	if len(tokens) == 0 || tokens[0].Kind != typed.KindWord || tokens[0].Word() != string(VerbHistory) {
		return Command{}, false, nil
	}
	if CarriesCode(text) {
		return Command{}, true, unusedError("There are six digits that look like your code. history takes no code.", usageHistory())
	}
	h := historyReader{cmd: Command{Verb: VerbHistory}, rest: tokens[1:]}
	for len(h.rest) > 0 {
		if err := h.step(); err != nil {
			return Command{}, true, err
		}
	}
	return h.cmd, true, nil
}

type historyReader struct {
	cmd  Command
	rest []typed.Token
}

// step reads one word and what belongs to it.
func (h *historyReader) step() error {
	t := h.rest[0]
	h.rest = h.rest[1:]
	if t.Kind != typed.KindWord || strings.HasPrefix(t.Word(), "@") {
		return h.person(t)
	}
	word := t.Word()
	if word == "break" && len(h.rest) > 0 && h.rest[0].Word() == "glass" {
		word, h.rest = breakGlass, h.rest[1:]
	}
	if what, known := whatWords[word]; known {
		if h.cmd.Past.What != "" && h.cmd.Past.What != what {
			return Error("One kind at a time: there are "+string(h.cmd.Past.What)+" and "+string(what)+".", usageHistory())
		}
		h.cmd.Past.What = what
		return nil
	}
	switch word {
	case since:
		return h.since()
	case everybody, "everyone", "all":
		if h.cmd.Target != "" {
			return errOfWhom()
		}
		h.cmd.Past.Everybody = true
		return nil
	}
	return h.account(word)
}

func (h *historyReader) person(t typed.Token) error {
	target, err := targetOf(VerbHistory, []typed.Token{t})
	if err != nil {
		return err
	}
	if h.cmd.Past.Everybody || h.cmd.Target != "" && h.cmd.Target != target {
		return errOfWhom()
	}
	h.cmd.Target = target
	return nil
}

func errOfWhom() error {
	return Error("Of one person or of everybody, not both: I cannot tell whose history you want.", usageHistory())
}

func (h *historyReader) account(word string) error {
	switch {
	case policy.CheckAccountName(word) != nil || secret.MayHoldCode(word):
		return Error(orQuoted(word, "is not the name of an account.", "That is not the name of an account."), usageHistory())
	case h.cmd.Account != "" && h.cmd.Account != word:
		hint := usageHistory()
		if meant := text.Nearest(word, append(strings.Split(whatList(), ", "), since, everybody)); meant != "" {
			hint = prose.Say("Did you mean “"+meant+"”? ", hint)
		}
		return Error(unknownWord(word, "There is a word that I do not know.")+" One account at a time.", hint)
	}
	h.cmd.Account = word
	return nil
}

// since reads 7d, 7 days, 2w, 12h or 90m.
func (h *historyReader) since() error {
	hint := prose.Say("Write since 12h, since 7d or since 4w.")
	if len(h.rest) == 0 {
		return Error("After since, the time is missing.", hint)
	}
	if h.cmd.Past.Since != 0 {
		return errTwice(since)
	}
	word := strings.ToLower(h.rest[0].Value())
	number := strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyz")
	one := pastUnit(word[len(number):])
	h.rest = h.rest[1:]
	if one == 0 && number == word && len(h.rest) > 0 {
		one = pastUnit(h.rest[0].Word())
		h.rest = h.rest[1:]
	}
	n, err := strconv.ParseInt(number, 10, 32)
	switch {
	case err != nil || one == 0 || n <= 0:
		return Error(orQuoted(word, "is no time that I can read.", "I cannot read a time after since."), hint)
	case n > int64(maxSince/one):
		return Error("That is longer ago than ten years.", hint)
	}
	h.cmd.Past.Since = time.Duration(n) * one
	return nil
}

func pastUnit(word string) time.Duration {
	switch word {
	case "w", "week", "weeks":
		return 7 * day
	}
	if one, known := unit(word); known && one >= time.Minute {
		return one
	}
	return 0
}

// HistoryValue is what a button holds that goes on from an entry: what ReadHistory reads.
func HistoryValue(c Command, before int64) string {
	words := []string{strconv.FormatInt(before, 10), string(VerbHistory)}
	if c.Account != "" {
		words = append(words, c.Account)
	}
	if c.Target != "" {
		words = append(words, "<@"+c.Target+">")
	}
	if c.Past.Everybody {
		words = append(words, everybody)
	}
	if c.Past.What != "" {
		words = append(words, string(c.Past.What))
	}
	if c.Past.Since > 0 {
		words = append(words, since, strconv.FormatInt(int64(c.Past.Since/time.Minute), 10)+"m")
	}
	return strings.Join(words, " ")
}

// maxBefore is more than any entry's number: the largest that JSON has exactly.
const maxBefore = 1<<53 - 1

// ReadHistory reads the value of a button: the number of the entry before which to go on,
// 0 for the newest, and what is read as if it had been typed.
func ReadHistory(value string) (c Command, before int64, err error) {
	number, rest, _ := strings.Cut(value, " ")
	before, wrong := strconv.ParseInt(number, 10, 64)
	c, ok, err := parseHistory(rest)
	if wrong != nil || before < 0 || before > maxBefore || !ok || err != nil {
		return Command{}, 0, Error("The bot cannot read what this button holds, so nothing was looked up.", "Type ", prose.AssumeCmd("history"), " instead.")
	}
	return c, before, nil
}
