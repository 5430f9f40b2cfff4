package message

import (
	"iter"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// Helps makes help, and keeps what it made: most people read the same. Its zero value is
// ready.
type Helps struct {
	mu   sync.Mutex
	kept map[help]blockkit.Message
}

// mostHelps is how many are kept, of up to 20 KB each.
const mostHelps = 64

// A help is all that one depends on.
type help struct {
	prefix          string // of the commands
	mfaSession      time.Duration
	example         string // an Account to show by
	long            time.Duration
	asks            bool   // others must approve the example
	approved, glass string // Accounts that others approve, and that can be had by break-glass; "": none
	admin, more     bool
}

// Help shows by example, with an account that this person may have: five
// lines, and a button for the rest. With more it is all of it. One Account of each kind
// that they may have will do.
func (hs *Helps) Help(v Voice, accounts iter.Seq[policy.Account], admin, more bool) blockkit.Message {
	h := helpFor(v, accounts, admin, more)
	hs.mu.Lock()
	defer hs.mu.Unlock()
	m, known := hs.kept[h]
	if !known {
		if m = h.message(v).Keep(); hs.kept == nil || len(hs.kept) >= mostHelps {
			hs.kept = map[help]blockkit.Message{}
		}
		hs.kept[h] = m
	}
	return m
}

func helpFor(v Voice, accounts iter.Seq[policy.Account], admin, more bool) help {
	example := bestExample(accounts)
	h := help{
		prefix:     v.Prefix,
		mfaSession: v.MFASession,
		example:    example.Name,
		long:       2 * time.Hour,
		asks:       example.Approval != nil,
		admin:      admin,
		more:       more,
	}
	if example.MaxDuration > 0 {
		h.long = min(h.long, example.MaxDuration)
	}
	if more {
		approved, _ := firstOf(accounts, func(a policy.Account) bool { return a.Approval != nil })
		glass, _ := firstOf(accounts, func(a policy.Account) bool { return len(a.BreakGlass) > 0 })
		h.approved, h.glass = approved.Name, glass.Name
	}
	return h
}

func (h help) message(v Voice) blockkit.Message {
	example, line := h.example, v.say
	first := line(prose.AssumeCmd(example, "123456"), "  AWS credentials that you alone see, with the code of your MFA device")
	if h.asks {
		first = line(prose.AssumeCmd(example, "because INC-42"), "  asks others to approve; the code comes after that")
	}
	lines := [][]blockkit.Span{
		first,
		line(prose.AssumeCmd(example, "123456 for "+text.FormatDuration(h.long)+" as fish because INC-42"), "  how long, for which shell, and why"),
		line(prose.AssumeCmd(example, "123456 as console"), "  a link that signs you in to the AWS console"),
		line(prose.AssumeCmd(), "  a form that asks for all of it; ", prose.AssumeCmd("accounts"), "  what you may have"),
		line(prose.SessionsCmd(), "  what you have now, to show again, renew or end"),
	}
	const text = "How to ask for AWS credentials."
	if !h.more {
		m := blockkit.NewMessage(text, blockkit.Bullets(lines...))
		m.Blocks = append(m.Blocks, slack.NewActionBlock("", blockkit.Button(ActMoreHelp, "More", "more")))
		return m
	}
	lines = append(lines, withSessionHelp(v,
		line(prose.BucketsCmd(example, "123456"), "  its S3 buckets; ", prose.BucketsCmd(example, "prefix logs-"), " narrows, without a code for some minutes"),
		line(prose.AssumeCmd(example, "123456 as console s3"), "  the link opens the console of one service"),
		line(prose.AssumeCmd("explain", example), "  whether you may have it, why, and how long"),
		line(prose.AssumeCmd("whoami", example), "  who AWS takes you for"),
		line(prose.AssumeCmd("receipt 4711"), "  the proof, for an auditor, that an entry is on the record: replies show its number"),
		line(prose.AssumeCmd("history"), "  what you did until now; ", prose.AssumeCmd("history", example, "refused since 7d"), " narrows it"),
		line(prose.AssumeCmd("key"), "  have your credentials encrypted to your age or SSH key"),
		line(prose.AssumeCmd("revoke", example), "  revokes what you have of it, if somebody else may have got it"),
	)...)
	elements := []slack.RichTextElement{
		blockkit.Bullets(append(lines, h.approvalHelp(v)...)...),
		blockkit.Paragraph("Formats: bash (also zsh and sh), fish, powershell, cmd, dotenv, profile, json, console. Every request is on the " +
			"audit record."),
	}
	if h.admin {
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
func (h help) approvalHelp(v Voice) [][]blockkit.Span {
	var lines [][]blockkit.Span
	if h.approved != "" {
		lines = append(lines, v.say(prose.AssumeCmd(h.approved, "for 30m because INC-42"),
			"  asks others to approve; the code comes after that. ", prose.AssumeCmd("cancel"), " cancels the request"))
	}
	if h.glass != "" {
		lines = append(lines, v.say(prose.AssumeCmd(h.glass, "123456 break-glass because REASON"),
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
			line(prose.AssumeCmd("history @PERSON"), "  what a person did; ", prose.AssumeCmd("history everybody break-glass since 7d"), " of everybody"),
			line(prose.AssumeCmd("revoke @PERSON ACCOUNT because REASON"), "  block a person and revoke what they have of it; without ACCOUNT, of every account"),
			line(prose.AssumeCmd("block @PERSON because REASON"), "  nothing for this person; ", prose.AssumeCmd("unblock @PERSON"), " ends it"),
			line(prose.AssumeCmd("unlock @PERSON"), "  end a lock-out after wrong codes"),
			line(prose.AssumeCmd("pause because REASON"), "  nothing for anybody; ", prose.AssumeCmd("resume"), " ends it"),
		),
	}
}
