package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
)

const (
	actHelp     = "help"
	actMoreHelp = "more_help"
)

// help answers with help, privately.
func (b *Bot) help(ctx context.Context, to conversation, more bool) {
	accounts, admin, err := b.broker().Help(ctx, to.request(command.Command{}))
	b.answer(ctx, to, err, func() blockkit.Message { return b.helpMessage(accounts, admin, more) })
}

// helpMessage shows by example, with an account that this person may have: five
// lines, and a button for the rest. With more it is all of it.
func (b *Bot) helpMessage(accounts []broker.Account, admin, more bool) blockkit.Message {
	example := "prod"
	if len(accounts) > 0 {
		example = accounts[0].Name
	}
	// The best example is one that can be had by oneself.
	if i := slices.IndexFunc(accounts, func(a broker.Account) bool { return a.Approval == nil }); i > 0 {
		example = accounts[i].Name
	}
	long := 2 * time.Hour
	if i := slices.IndexFunc(accounts, func(a broker.Account) bool { return a.Name == example && a.MaxDuration > 0 }); i >= 0 {
		long = min(long, accounts[i].MaxDuration)
	}
	line := func(s string) []blockkit.Span {
		return blockkit.Codes(b.withPrefix(strings.ReplaceAll(s, "ACCOUNT", example)))
	}
	first := "`/assume ACCOUNT 123456`  AWS credentials that you alone see, with the code of your MFA device"
	if i := slices.IndexFunc(accounts, func(a broker.Account) bool { return a.Name == example && a.Approval != nil }); i >= 0 {
		first = "`/assume ACCOUNT because INC-42`  asks others to approve; the code comes after that"
	}
	lines := [][]blockkit.Span{
		line(first),
		line("`/assume ACCOUNT 123456 for " + broker.FormatDuration(long) + " as fish because INC-42`  how long, for which shell, and why"),
		line("`/assume ACCOUNT 123456 as console`  a link that signs you in to the AWS console"),
		line("`/assume`  a form that asks for all of it; `/assume accounts`  what you may have"),
		line("`/sessions`  what you have now, to show again, renew or end"),
	}
	const text = "How to ask for AWS credentials."
	if !more {
		m := blockkit.NewMessage(text, blockkit.Bullets(lines...))
		m.Blocks = append(m.Blocks, slack.NewActionBlock("", blockkit.Button(actMoreHelp, "More", "more")))
		return m
	}
	lines = append(lines, b.withSessionHelp(
		line("`/buckets ACCOUNT 123456`  its S3 buckets; `/buckets ACCOUNT prefix logs-` narrows, without a code for some minutes"),
		line("`/assume ACCOUNT 123456 as console s3`  the link opens the console of one service"),
		line("`/assume explain ACCOUNT`  whether you may have it, why, and how long"),
		line("`/assume whoami ACCOUNT`  who AWS takes you for"),
		line("`/assume key`  have your credentials encrypted to your age or SSH key"),
		line("`/assume revoke ACCOUNT`  revokes what you have of it, if somebody else may have got it"),
	)...)
	elements := []slack.RichTextElement{
		blockkit.Bullets(append(lines, b.approvalHelp(accounts)...)...),
		blockkit.Paragraph(blockkit.Plain("Formats: bash (also zsh and sh), fish, powershell, cmd, dotenv, profile, json, console. Every request is on the " +
			"audit record.")),
	}
	if admin {
		elements = append(elements, b.adminHelp()...)
	}
	return blockkit.NewMessage(text, elements...)
}
