package bot

import (
	"context"
	"slices"
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
	accounts, admin, err := to.broker.Explaining.Help(ctx, to.request(command.Command{}))
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
	line := b.voice.say
	first := line(broker.AssumeCmd(example, "123456"), "  AWS credentials that you alone see, with the code of your MFA device")
	if i := slices.IndexFunc(accounts, func(a broker.Account) bool { return a.Name == example && a.Approval != nil }); i >= 0 {
		first = line(broker.AssumeCmd(example, "because INC-42"), "  asks others to approve; the code comes after that")
	}
	lines := [][]blockkit.Span{
		first,
		line(broker.AssumeCmd(example, "123456 for "+broker.FormatDuration(long)+" as fish because INC-42"), "  how long, for which shell, and why"),
		line(broker.AssumeCmd(example, "123456 as console"), "  a link that signs you in to the AWS console"),
		line(broker.AssumeCmd(), "  a form that asks for all of it; ", broker.AssumeCmd("accounts"), "  what you may have"),
		line(broker.SessionsCmd(), "  what you have now, to show again, renew or end"),
	}
	const text = "How to ask for AWS credentials."
	if !more {
		m := blockkit.NewMessage(text, blockkit.Bullets(lines...))
		m.Blocks = append(m.Blocks, slack.NewActionBlock("", blockkit.Button(actMoreHelp, "More", "more")))
		return m
	}
	lines = append(lines, b.withSessionHelp(
		line(broker.BucketsCmd(example, "123456"), "  its S3 buckets; ", broker.BucketsCmd(example, "prefix logs-"), " narrows, without a code for some minutes"),
		line(broker.AssumeCmd(example, "123456 as console s3"), "  the link opens the console of one service"),
		line(broker.AssumeCmd("explain", example), "  whether you may have it, why, and how long"),
		line(broker.AssumeCmd("whoami", example), "  who AWS takes you for"),
		line(broker.AssumeCmd("key"), "  have your credentials encrypted to your age or SSH key"),
		line(broker.AssumeCmd("revoke", example), "  revokes what you have of it, if somebody else may have got it"),
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
