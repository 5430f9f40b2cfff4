package message

import (
	"iter"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// Help shows by example, with an account that this person may have: five
// lines, and a button for the rest. With more it is all of it. One Account of each kind
// that they may have will do.
func Help(v Voice, accounts iter.Seq[policy.Account], admin, more bool) blockkit.Message {
	shown := bestExample(accounts)
	example, long, line := shown.Name, 2*time.Hour, v.say
	if shown.MaxDuration > 0 {
		long = min(long, shown.MaxDuration)
	}
	first := line(prose.AssumeCmd(example, "123456"), "  AWS credentials that you alone see, with the code of your MFA device")
	if shown.Approval != nil {
		first = line(prose.AssumeCmd(example, "because INC-42"), "  asks others to approve; the code comes after that")
	}
	lines := [][]blockkit.Span{
		first,
		line(prose.AssumeCmd(example, "123456 for "+text.FormatDuration(long)+" as fish because INC-42"), "  how long, for which shell, and why"),
		line(prose.AssumeCmd(example, "123456 as console"), "  a link that signs you in to the AWS console"),
		line(prose.AssumeCmd(), "  a form that asks for all of it; ", prose.AssumeCmd("accounts"), "  what you may have"),
		line(prose.SessionsCmd(), "  what you have now, to show again, renew or end"),
	}
	const text = "How to ask for AWS credentials."
	if !more {
		m := blockkit.NewMessage(text, blockkit.Bullets(lines...))
		m.Blocks = append(m.Blocks, slack.NewActionBlock("", blockkit.Button(ActMoreHelp, "More", "more")))
		return m
	}
	lines = append(lines, withSessionHelp(v,
		line(prose.BucketsCmd(example, "123456"), "  its S3 buckets; ", prose.BucketsCmd(example, "prefix logs-"), " narrows, without a code for some minutes"),
		line(prose.AssumeCmd(example, "123456 as console s3"), "  the link opens the console of one service"),
		line(prose.AssumeCmd("explain", example), "  whether you may have it, why, and how long"),
		line(prose.AssumeCmd("whoami", example), "  who AWS takes you for"),
		line(prose.AssumeCmd("key"), "  have your credentials encrypted to your age or SSH key"),
		line(prose.AssumeCmd("revoke", example), "  revokes what you have of it, if somebody else may have got it"),
	)...)
	elements := []slack.RichTextElement{
		blockkit.Bullets(append(lines, approvalHelp(v, accounts)...)...),
		blockkit.Paragraph("Formats: bash (also zsh and sh), fish, powershell, cmd, dotenv, profile, json, console. Every request is on the " +
			"audit record."),
	}
	if admin {
		elements = append(elements, adminHelp(v)...)
	}
	return blockkit.NewMessage(text, elements...)
}

// bestExample is the best example: one that can be had by oneself, else the first.
func bestExample(accounts iter.Seq[policy.Account]) policy.Account {
	if a, ok := firstOf(accounts, func(a policy.Account) bool { return a.Approval == nil }); ok {
		return a
	}
	if a, ok := firstOf(accounts, func(policy.Account) bool { return true }); ok {
		return a
	}
	return policy.Account{Name: "prod"}
}

func firstOf(accounts iter.Seq[policy.Account], is func(policy.Account) bool) (policy.Account, bool) {
	for a := range accounts {
		if is(a) {
			return a, true
		}
	}
	return policy.Account{}, false
}

// withSessionHelp adds what MFA sessions do to the lines of help, where there
// are any.
func withSessionHelp(v Voice, lines ...[]blockkit.Span) [][]blockkit.Span {
	if v.MFASession == 0 {
		return lines
	}
	life := text.FormatDuration(v.MFASession.Round(time.Second))
	return append(lines, v.say(prose.MFACmd("123456"), "  one code for "+life+" of requests; ",
		prose.MFACmd(), " shows how long it lasts, ", prose.MFACmd("end"), " ends it"))
}

// approvalHelp is what help adds for who may have something that others approve.
func approvalHelp(v Voice, accounts iter.Seq[policy.Account]) [][]blockkit.Span {
	var lines [][]blockkit.Span
	if a, ok := firstOf(accounts, func(a policy.Account) bool { return a.Approval != nil }); ok {
		lines = append(lines, v.say(prose.AssumeCmd(a.Name, "for 30m because INC-42"),
			"  asks others to approve; the code comes after that. ", prose.AssumeCmd("cancel"), " cancels the request"))
	}
	if a, ok := firstOf(accounts, func(a policy.Account) bool { return len(a.BreakGlass) > 0 }); ok {
		lines = append(lines, v.say(prose.AssumeCmd(a.Name, "123456 break-glass because REASON"),
			"  in an emergency, if the config lets you: without approval, and everybody is told"))
	}
	return lines
}

// adminHelp is what help adds for admins alone.
func adminHelp(v Voice) []slack.RichTextElement {
	line := v.say
	return []slack.RichTextElement{
		blockkit.Paragraph(blockkit.Bold("For admins")),
		blockkit.Bullets(
			line(prose.AssumeCmd("status"), "  how the bot does; what is wrong comes first"),
			line(prose.AssumeCmd("who"), "  everybody's live credentials"),
			line(prose.AssumeCmd("revoke @PERSON ACCOUNT because REASON"), "  block a person and revoke what they have of it; without ACCOUNT, of every account"),
			line(prose.AssumeCmd("block @PERSON because REASON"), "  nothing for this person; ", prose.AssumeCmd("unblock @PERSON"), " ends it"),
			line(prose.AssumeCmd("unlock @PERSON"), "  end a lock-out after wrong codes"),
			line(prose.AssumeCmd("pause because REASON"), "  nothing for anybody; ", prose.AssumeCmd("resume"), " ends it"),
		),
	}
}
