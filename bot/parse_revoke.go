package bot

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker"
)

// VerbRevoke is /assume revoke.
const VerbRevoke Verb = "revoke"

const usageRevoke = "Write /assume revoke ACCOUNT, and after it, if you like: because REASON."

// parseRevoke reads what follows /assume if its first word is revoke; ok is
// false if it is not.
//
//	revoke ACCOUNT [because …]
func parseRevoke(text string) (cmd Command, ok bool, err error) {
	if len(text) > maxText || !utf8.ValidString(text) {
		return Command{}, false, nil
	}
	tokens := slices.DeleteFunc(tokenize(text), func(t token) bool { return t.kind == tokenWord && t.word() == "" })
	if len(tokens) == 0 || tokens[0].kind != tokenWord || tokens[0].word() != string(VerbRevoke) {
		return Command{}, false, nil
	}
	cmd = Command{Verb: VerbRevoke}
	switch rest := tokens[1:]; {
	case len(rest) == 0:
		return Command{}, true, grammarError("Of which account? Nothing was revoked.", usageRevoke+" `/sessions` shows what you have.")
	case rest[0].kind != tokenWord:
		return Command{}, true, grammarError("You can revoke what you have yourself. Nothing was revoked.", usageRevoke)
	case len(rest) > 1 && !strings.EqualFold(rest[1].word(), "because"):
		return Command{}, true, grammarError("One account at a time: there is more than its name. Nothing was revoked.", usageRevoke)
	default:
		cmd.Account = rest[0].word()
	}
	if broker.CheckAccountName(cmd.Account) != nil || broker.MayHoldCode(cmd.Account) {
		return Command{}, true, grammarError("That is not the name of an account. Nothing was revoked.", usageRevoke+" `/sessions` shows what you have.")
	}
	if len(tokens) > 2 {
		p := parser{tokens: tokens, pos: 3}
		if err := p.reason(); err != nil {
			return Command{}, true, err
		}
		if mayHoldCode(p.cmd.Reason) {
			return Command{}, true, grammarError("The reason holds six digits that look like your code. Nothing was revoked.", "It goes on the record, and revoking takes no code: leave them out.")
		}
		cmd.Reason = p.cmd.Reason
	}
	return cmd, true, nil
}
