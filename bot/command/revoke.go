package command

import (
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// VerbRevoke is /assume revoke.
const VerbRevoke Verb = "revoke"

func usageRevoke() []prose.Part {
	return prose.Say("Write ", prose.AssumeCmd("revoke ACCOUNT"), ", and after it, if you like: because REASON.")
}

// parseRevoke reads what follows /assume if its first word is revoke; ok is
// false if it is not. What is about another person is parseAdmin's.
//
//	revoke ACCOUNT [because …]
func parseRevoke(text string) (cmd Command, ok bool, err error) {
	tokens := Words(text)
	if len(tokens) == 0 || tokens[0].Kind != typed.KindWord || tokens[0].Word() != string(VerbRevoke) {
		return Command{}, false, nil
	}
	cmd = Command{Verb: VerbRevoke}
	switch rest := tokens[1:]; {
	case len(rest) == 0:
		return Command{}, true, Error("Of which account? Nothing was revoked.", usageRevoke(), " ", prose.SessionsCmd(), " shows what you have.")
	case len(rest) > 1 && rest[1].Word() != "because":
		return Command{}, true, Error(
			unknownWord(rest[1].Word(), "There is more than the name of an account.")+" One account at a time. Nothing was revoked.", usageRevoke())
	default:
		cmd.Account = rest[0].Word()
	}
	if policy.CheckAccountName(cmd.Account) != nil || secret.MayHoldCode(cmd.Account) {
		return Command{}, true, Error(
			orQuoted(cmd.Account, "is not the name of an account.",
				"That is not the name of an account.")+" Nothing was revoked.", usageRevoke(), " ", prose.SessionsCmd(), " shows what you have.")
	}
	if len(tokens) > 2 {
		if cmd.Reason, err = reasonWithoutCode(tokens[3:], " Nothing was revoked."); err != nil {
			return Command{}, true, err
		}
	}
	return cmd, true, nil
}
