package command

import (
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// service reads the service whose console is wanted, if its name follows as
// console. Before the account is named, the next word is the account.
func (p *parser) service() error {
	if p.cmd.Format != snippet.Console || p.cmd.Account == "" {
		return nil
	}
	if p.pos < len(p.tokens) && typed.Digits(p.tokens[p.pos].Word()) != "" {
		return nil // the code
	}
	t, ok := p.argument()
	if !ok {
		return nil
	}
	word := t.Word()
	switch {
	case len(p.numbers) == 0 && nearlyCode(word):
		return errLettersInCode()
	case secret.MayHoldCode(word):
		return p.errNoSpace()
	case policy.CheckConsoleService(word) != nil:
		return errService(word)
	}
	p.cmd.Service = word
	return nil
}

// finishExplain judges explain ACCOUNT [for D].
func (p *parser) finishExplain() error {
	switch {
	case len(p.numbers) > 0 || secret.MayHoldCode(p.cmd.Account):
		return unusedError("explain needs no code.", usageExplain())
	case len(p.gave) > 1 || len(p.gave) == 1 && p.gave[0] != "for":
		return Error("explain takes the name of an account and a duration, and nothing else.", usageExplain())
	case p.cmd.Account == "":
		return Error("The account is missing.", usageExplain())
	}
	p.cmd = Command{Verb: VerbExplain, Account: p.cmd.Account, Duration: p.cmd.Duration}
	return nil
}

func usageExplain() []prose.Part {
	return prose.Say("Write ", prose.AssumeCmd("explain ACCOUNT"), " or ", prose.AssumeCmd("explain ACCOUNT for 2h"), ".")
}

func errService(word string) error {
	return Error(orQuoted(word, "cannot be the name of an AWS service.", "That cannot be the name of an AWS service."),
		"Write it as in the address of its console: as console ec2, or as console alone.")
}
