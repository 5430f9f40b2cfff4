package command

import (
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// VerbCancel is /assume cancel.
const VerbCancel Verb = "cancel"

func usageCancel() []prose.Part {
	return prose.Say("Write ", prose.AssumeCmd("cancel"), ", or ", prose.AssumeCmd("cancel ACCOUNT"), ".")
}

// parseCancel reads what follows /assume if its first word is cancel; ok is false
// if it is not.
//
//	cancel [ACCOUNT]
func parseCancel(text string) (cmd Command, ok bool, err error) {
	tokens := Words(text)
	if len(tokens) == 0 || tokens[0].Kind != typed.KindWord || tokens[0].Word() != string(VerbCancel) {
		return Command{}, false, nil
	}
	cmd = Command{Verb: VerbCancel}
	switch rest := tokens[1:]; {
	case len(rest) == 0:
		return cmd, true, nil
	case rest[0].Kind != typed.KindWord:
		return Command{}, true, Error("You can cancel what you asked for yourself. Nothing was cancelled.", usageCancel())
	case len(rest) > 1:
		return Command{}, true, Error(unknownWord(rest[1].Word(), "There is more than the name of an account.")+" Nothing was cancelled.", usageCancel())
	default:
		cmd.Account = rest[0].Word()
	}
	if policy.CheckAccountName(cmd.Account) != nil || secret.MayHoldCode(cmd.Account) {
		return Command{}, true, Error(
			orQuoted(cmd.Account, "is not the name of an account.", "That is not the name of an account.")+" Nothing was cancelled.",
			usageCancel())
	}
	return cmd, true, nil
}
