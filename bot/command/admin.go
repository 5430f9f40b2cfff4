package command

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// The verbs of admins; VerbRevoke with a Target is one too.
const (
	VerbWho     Verb = "who"
	VerbStatus  Verb = "status"
	VerbUnlock  Verb = "unlock"
	VerbBlock   Verb = "block"
	VerbUnblock Verb = "unblock"
	VerbPause   Verb = "pause"
	VerbResume  Verb = "resume"
)

const (
	// nothingDone ends each message about a command of an admin that was not
	// understood.
	nothingDone = " Nothing was done."
)

// Words splits text for a command whose first word says what it is; nil for what
// parse refuses.
func Words(text string) []typed.Token {
	if len(text) > MaxText || !utf8.ValidString(text) {
		return nil
	}
	return slices.DeleteFunc(typed.Tokens(text), func(t typed.Token) bool { return t.Kind == typed.KindWord && t.Word() == "" })
}

// parseAdmin reads what follows /assume if its first word is one of admins; ok is
// false if it is not.
//
//	who | status | resume | pause [because …] | unlock @P | unblock @P | block @P [because …] | revoke @P [ACCOUNT] [because …]
//
// A person is only who Slack resolved: anybody can be called @bob.
func parseAdmin(text string) (cmd Command, ok bool, err error) {
	tokens := Words(text)
	if len(tokens) == 0 || tokens[0].Kind != typed.KindWord {
		return Command{}, false, nil
	}
	cmd.Verb = Verb(tokens[0].Word())
	rest := tokens[1:]
	switch cmd.Verb {
	case VerbWho, VerbStatus, VerbResume, VerbPause:
	case VerbRevoke:
		if len(rest) == 0 || rest[0].Kind == typed.KindWord && !strings.HasPrefix(rest[0].Word(), "@") {
			return Command{}, false, nil // one's own
		}
		fallthrough
	case VerbUnlock, VerbBlock, VerbUnblock:
		if cmd.Target, err = targetOf(cmd.Verb, rest); err != nil {
			return Command{}, true, err
		}
		rest = rest[1:]
	default:
		return Command{}, false, nil
	}
	if cmd.Verb == VerbRevoke && len(rest) > 0 && rest[0].Word() != "because" {
		if cmd.Account = rest[0].Word(); policy.CheckAccountName(cmd.Account) != nil || secret.MayHoldCode(cmd.Account) {
			return Command{}, true, Error(
				orQuoted(cmd.Account, "is not the name of an account.", "After the person belongs the name of an account.")+nothingDone, usageAdmin(VerbRevoke))
		}
		rest = rest[1:]
	}
	takesReason := cmd.Verb != VerbWho && cmd.Verb != VerbStatus
	switch {
	case len(rest) == 0:
		return cmd, true, nil
	case !takesReason || rest[0].Word() != "because":
		return Command{}, true, Error(unknownWord(rest[0].Word(), "I do not understand all of that.")+nothingDone, usageAdmin(cmd.Verb))
	}
	if cmd.Reason, err = reasonWithoutCode(rest[1:], nothingDone); err != nil {
		return Command{}, true, err
	}
	return cmd, true, nil
}

// AsksStatus reports whether the words that the bot is sent are status alone.
func AsksStatus(tokens []typed.Token) bool {
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(t typed.Token) bool { return t.Kind == typed.KindUser }) // who is mentioned
	return len(tokens) == 1 && tokens[0].Word() == string(VerbStatus)
}

// targetOf is the person that a command of an admin is about.
func targetOf(verb Verb, rest []typed.Token) (string, error) {
	const choose = "Type @ and the first letters of the name, choose the person from the list that Slack shows, and send it again."
	switch {
	case len(rest) == 0:
		return "", Error("Whom?"+nothingDone, usageAdmin(verb))
	case rest[0].Kind == typed.KindUser:
		return rest[0].ID, nil
	case rest[0].Kind != typed.KindWord:
		return "", Error("One person at a time: that is not a person."+nothingDone, usageAdmin(verb))
	case strings.HasPrefix(rest[0].Word(), "@"):
		who := "that"
		if q := quoted(rest[0].Word()); q != "" {
			who = q
		}
		return "", Error("Slack does not say who "+who+" is: anybody can use that name."+nothingDone, choose)
	}
	return "", Error(orQuoted(rest[0].Word(), "is not a mention of a person.", "That is not a mention of a person.")+nothingDone, choose)
}

func usageAdmin(verb Verb) []prose.Part {
	switch verb {
	case VerbRevoke:
		return prose.Say("Write ", prose.AssumeCmd("revoke @PERSON"), ", and after it, if you like: an ACCOUNT, because REASON.")
	case VerbPause, VerbResume:
		return prose.Say("Write ", prose.AssumeCmd(string(verb)), ", and after it, if you like: because REASON.")
	case VerbBlock, VerbUnlock, VerbUnblock:
		return prose.Say("Write ", prose.AssumeCmd(string(verb), "@PERSON"), ", and after it, if you like: because REASON.")
	}
	return prose.Say("Write ", prose.AssumeCmd(string(verb)), ".")
}

// reasonWithoutCode reads the reason of a command that takes no code: six digits in
// it are a code that the person need not have typed.
func reasonWithoutCode(tokens []typed.Token, nothing string) (string, error) {
	p := parser{tokens: tokens}
	if err := p.reason(); err != nil {
		return "", err
	}
	if MayHoldCode(p.cmd.Reason) {
		return "", Error("The reason holds six digits that look like your code."+nothing, "It goes on the record, and this takes no code: leave them out.")
	}
	return p.cmd.Reason, nil
}
