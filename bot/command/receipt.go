package command

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// VerbReceipt is /assume receipt.
const VerbReceipt Verb = "receipt"

// entryDigits is the most digits of the number of an entry: every reader of JSON has it exactly.
const entryDigits = 15

func usageReceipt() []prose.Part {
	return prose.Say("Write ", prose.AssumeCmd("receipt N"), ". N is the number that the reply shows: record N.")
}

// parseReceipt reads what follows /assume if its first word is receipt; ok is false if
// it is not.
//
//	receipt [record | entry] N
//
// N may be written as replies do and as people do: 4711, 4,711, #4711, 4 711.
func parseReceipt(text string) (cmd Command, ok bool, err error) {
	tokens := Words(text)
	if len(tokens) == 0 || tokens[0].Kind != typed.KindWord || tokens[0].Word() != string(VerbReceipt) {
		return Command{}, false, nil
	}
	rest := tokens[1:]
	if len(rest) > 0 && slices.Contains([]string{"record", "entry"}, rest[0].Word()) {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return Command{}, true, Error("Of which entry of the record?", usageReceipt())
	}
	var digits strings.Builder
	for i, t := range rest {
		found := entryNumber(t)
		if found == "" || i > 0 && len(found) != 3 { // what stands apart are thousands
			return Command{}, true, Error(orQuoted(t.Value(), "is not the number of an entry.", "That is not the number of an entry."), usageReceipt())
		}
		digits.WriteString(found)
	}
	number, err := strconv.ParseInt(digits.String(), 10, 64)
	if err != nil || digits.Len() > entryDigits {
		return Command{}, true, Error("The record has no entry of so large a number.", usageReceipt())
	}
	return Command{Verb: VerbReceipt, Entry: number}, true, nil
}

// entryNumber returns the digits of a word that is a number, or a part of one; "" of any other.
func entryNumber(t typed.Token) string {
	if t.Kind != typed.KindWord {
		return ""
	}
	return typed.Digits(strings.NewReplacer(",", "", "’", "", "`", "").Replace(strings.TrimPrefix(text.OneLine(t.Value()), "#")))
}
