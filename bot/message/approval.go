package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// An ApprovalName is how a button names an Approval.
type ApprovalName struct{ User, ID string }

func (n ApprovalName) String() string { return n.User + "/" + n.ID }

// NameOf is how buttons name a.
func NameOf(a approval.Approval) ApprovalName { return ApprovalName{a.User, a.ID} }

// Approval is what the approvers see: what is asked, and how far that has
// come. It pings them only while it waits; Slack pings nobody for an update.
func Approval(a approval.Approval, approvers []string) blockkit.Message {
	elements := append(Wanted(a), blockkit.Paragraph(standing(a, approvers)))
	if a.Comment != "" {
		elements = append(elements, blockkit.Quote(a.Comment))
	}
	m := blockkit.NewMessage(approvalText(a), elements...)
	if a.State != approval.Waiting {
		return m
	}
	value := NameOf(a).String()
	buttons := []slack.BlockElement{blockkit.StyledButton(ActAcknowledge, "Acknowledge", value, slack.StylePrimary)}
	if !a.Acknowledge {
		buttons = []slack.BlockElement{
			blockkit.StyledButton(ActApprove, "Approve", value, slack.StylePrimary), blockkit.StyledButton(ActDeny, "Deny", value, slack.StyleDanger),
		}
	}
	m.Blocks = append(m.Blocks, slack.NewActionBlock(approvalBlock+a.ID, buttons...))
	return m
}

// asker names who asked, without pinging.
func asker(a approval.Approval) string { return approval.Vote{User: a.User, Name: a.UserName}.String() }

// Wanted is who, what, how long and why.
func Wanted(a approval.Approval) []slack.RichTextElement {
	title, verb := "Approval wanted: ", " asks for "
	if a.State != approval.Waiting {
		title, verb = "Approval: ", " asked for "
	}
	who := blockkit.Line(asker(a))
	if a.State == approval.Waiting && !a.Acknowledge { // a mention opens who they are
		if who = []blockkit.Span{blockkit.Member(a.User)}; a.UserName != "" {
			who = append(who, blockkit.Plain(" ("+a.UserName+")"))
		}
	}
	head := append([]blockkit.Span{blockkit.Bold(title)},
		append(who, blockkit.Plain(verb), blockkit.Bold(a.Account), blockkit.Plain(" for "+text.FormatDuration(a.Duration)+"."))...)
	if a.Acknowledge {
		head = append([]blockkit.Span{blockkit.Bold("Break-glass was used: ")}, append(who, blockkit.Plain(" got "), blockkit.Bold(a.Account),
			blockkit.Plain(" for "+text.FormatDuration(a.Duration)+", without the approval that it needs."))...)
	}
	if a.RoleARN != "" {
		head = blockkit.Line(head, "\nAWS account ", blockkit.Code(a.RoleARN.AccountID()), ", role ", blockkit.Code(a.RoleARN.RoleName()))
	}
	head = append(head, askedFrom(a)...)
	if a.Reason == "" {
		return []slack.RichTextElement{blockkit.Paragraph(head, "\nNo reason was given.")}
	}
	return []slack.RichTextElement{blockkit.Paragraph(head), blockkit.Quote(a.Reason)}
}

// askedFrom says where it was asked, and whether by somebody on call.
func askedFrom(a approval.Approval) []blockkit.Span {
	spans := blockkit.Line("\nAsked from ")
	switch {
	case a.Channel == "":
		spans = blockkit.Line(spans, "Home or a shortcut, in no channel")
	case a.Channel[0] == 'D':
		spans = blockkit.Line(spans, "a direct message")
	default:
		spans = append(spans, slack.NewRichTextSectionChannelElement(a.Channel, nil))
	}
	switch a.OnCall {
	case approval.OnCallYes:
		spans = blockkit.Line(spans, ", ", blockkit.Bold("on call"))
	case approval.OnCallNo:
		spans = blockkit.Line(spans, ", not on call")
	case approval.OnCallUnknown:
		spans = blockkit.Line(spans, "; Slack could not say whether they are on call")
	}
	return blockkit.Line(spans, ".")
}

// standing is how far it has come, and by whom.
func standing(a approval.Approval, approvers []string) []blockkit.Span {
	switch a.State {
	case approval.Waiting:
		if a.Quiet {
			return waitingSpans(a)
		}
		return append(waitingSpans(a), asked(approvers, a.User)...)
	case approval.Approved:
		return blockkit.Line(blockkit.Bold("Approved"), " by "+votes(a)+". It can be used once, by "+asker(a)+" alone, until ",
			blockkit.Moment(a.Expires), ".")
	case approval.Used:
		return blockkit.Line(blockkit.Bold("Approved"), " by "+votes(a)+", ", blockkit.Bold("and used"), ".")
	case approval.Denied:
		return blockkit.Line(blockkit.Bold("Denied"), " by "+a.EndedBy.String()+".")
	case approval.Cancelled:
		return blockkit.Line(blockkit.Bold("Cancelled"), " by "+a.EndedBy.String()+".")
	case approval.Acknowledged:
		return blockkit.Line(blockkit.Bold("Acknowledged"), " by "+a.EndedBy.String()+".")
	}
	return blockkit.Line(blockkit.Bold("Expired"), ": "+whyExpired(a))
}

func waitingSpans(a approval.Approval) []blockkit.Span {
	if a.Acknowledge {
		return blockkit.Line(blockkit.Bold("To be acknowledged"), " by an approver, until ", blockkit.Moment(a.Expires), ".")
	}
	needs := "One approval is needed"
	if a.Needs > 1 {
		needs = fmt.Sprintf("%d approvals are needed, of different people", a.Needs)
	}
	spans := blockkit.Line(blockkit.Bold("Waiting"), " until ", blockkit.Moment(a.Expires), ". "+needs)
	if len(a.Votes) > 0 {
		return blockkit.Line(spans, "; ", blockkit.Bold("approved"), " so far by "+votes(a)+".")
	}
	return blockkit.Line(spans, ".")
}

func whyExpired(a approval.Approval) string {
	switch {
	case a.Acknowledge:
		return "nobody acknowledged it in time."
	case len(a.Votes) >= a.Needs && a.Needs > 0:
		return "approved by " + votes(a) + ", but not used in time."
	case len(a.Votes) > 0:
		return fmt.Sprintf("%d of %d approved in time, %s.", len(a.Votes), a.Needs, votes(a))
	}
	return "nobody decided in time."
}

// Voters names who approved to who asked: by a mention where the bot has no name, which
// in the approvers' own channel would ping them.
func Voters(a approval.Approval) []blockkit.Span {
	if len(a.Votes) == 0 {
		return blockkit.Line("nobody")
	}
	var who []blockkit.Span
	for i, v := range a.Votes {
		if i > 0 {
			who = append(who, blockkit.Plain(", "))
		}
		who = append(who, voter(v))
	}
	return who
}

func voter(v approval.Vote) blockkit.Span {
	if name := v.String(); name != v.User || !isPerson(name) {
		return blockkit.Plain(name)
	}
	return blockkit.Member(v.User)
}

// isPerson reports whether a Slack id is that of a person.
func isPerson(id string) bool { return id != "" && (id[0] == 'U' || id[0] == 'W') }

// votes names who approved, without pinging them.
func votes(a approval.Approval) string {
	names := make([]string, len(a.Votes))
	for i, v := range a.Votes {
		names[i] = v.String()
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// MostAsked is how many a message pings: more would not fit it.
const MostAsked = 20

// asked pings the approvers: as user groups, which people can mute and Slack
// keeps up to date, and one by one only where there is none.
func asked(approvers []string, except string) []blockkit.Span {
	var groups, people []blockkit.Span
	for _, id := range approvers {
		switch {
		case id == except || id == "":
		case id[0] == 'S':
			groups = append(groups, blockkit.Group(id))
		case isPerson(id):
			people = append(people, blockkit.Member(id))
		}
	}
	who := groups
	if len(who) == 0 {
		who = people
	}
	if len(who) == 0 {
		return nil
	}
	spans := blockkit.Line("\nAsked: ")
	for i, s := range who[:min(len(who), MostAsked)] {
		if i > 0 {
			spans = blockkit.Line(spans, ", ")
		}
		spans = append(spans, s)
	}
	if len(who) > MostAsked {
		spans = blockkit.Line(spans, fmt.Sprintf(" and %d more", len(who)-MostAsked))
	}
	return blockkit.Line(spans, ".")
}

// approvalText is the fallback: nothing that a person typed.
func approvalText(a approval.Approval) string {
	what := fmt.Sprintf(": %s, %s, for %s.", asker(a), a.Account, text.FormatDuration(a.Duration))
	switch {
	case a.Acknowledge && a.State == approval.Waiting:
		return "Break-glass was used" + what
	case a.Acknowledge:
		return "Break-glass, " + string(a.State) + what
	case a.State == approval.Waiting:
		return "Approval wanted" + what
	}
	return "Approval " + string(a.State) + what
}

// Outcome is what who asked is told; tells is false where there is
// nothing that they do not know.
func Outcome(v Voice, a approval.Approval, breakGlass bool) (m blockkit.Message, tells bool) {
	if a.Acknowledge {
		return blockkit.Message{}, false
	}
	what := blockkit.Line(blockkit.Bold(a.Account), " for "+text.FormatDuration(a.Duration))
	switch a.State {
	case approval.Approved:
		return Approved(a, false), true
	case approval.Denied:
		elements := []slack.RichTextElement{blockkit.Paragraph(append([]blockkit.Span{blockkit.Bold("Denied: ")}, what...),
			", by ", voter(a.EndedBy), ".")}
		if a.Comment != "" {
			elements = append(elements, blockkit.Quote(a.Comment))
		}
		return blockkit.NewMessage("Denied: "+a.Account+", by "+a.EndedBy.String()+".", elements...), true
	case approval.Expired:
		again := v.say("\nAsk again: ", prose.AssumeCmd(a.Account, "for", text.FormatDuration(a.Duration), "because REASON"))
		spans := blockkit.Line(append([]blockkit.Span{blockkit.Bold("Expired: ")}, what...), ": "+whyExpired(a))
		elements := []slack.RichTextElement{blockkit.Paragraph(append(spans, again...))}
		return blockkit.NewMessage("Expired: "+a.Account+".", append(elements, inEmergency(v, a, breakGlass)...)...), true
	}
	return blockkit.Message{}, false
}

// Approved is for who asked: it opens the form for the code.
func Approved(a approval.Approval, sentCode bool) blockkit.Message {
	elements := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold("Approved: "), blockkit.Bold(a.Account),
		" for "+text.FormatDuration(a.Duration)+", by ", Voters(a), ".\nIt is for you alone, "+
			"is good for one request, and ends ", blockkit.Moment(a.Expires), ".")}
	if sentCode {
		elements = append(elements, blockkit.Paragraph(codeDropped+" Enter a new one."))
	}
	m := blockkit.NewMessage("Approved: "+a.Account+".", elements...)
	m.Blocks = append(m.Blocks, slack.NewActionBlock(approvalBlock+a.ID, blockkit.StyledButton(ActEnterCode, "Enter code", a.ID, slack.StylePrimary)))
	return m
}

const codeDropped = "The code that you sent was neither used nor kept."

// inEmergency names break-glass to who may use it.
func inEmergency(v Voice, a approval.Approval, breakGlass bool) []slack.RichTextElement {
	if !breakGlass {
		return nil
	}
	return []slack.RichTextElement{blockkit.Paragraph(v.say("In an emergency, without approval: ",
		prose.AssumeCmd(a.Account, "123456 break-glass because REASON"), ". Everybody is told."))}
}

// An Asking is how somebody came to wait for an Approval.
type Asking struct {
	Again      bool // they had asked for the same before
	SentCode   bool
	BreakGlass bool // they could have it without, in an emergency
}

// Asked says that it waits for others, and what became of a code.
func Asked(v Voice, a approval.Approval, approvers []string, how Asking) blockkit.Message {
	first := "Asked for approval: "
	if how.Again {
		first = "Already asked for approval: "
	}
	spans := blockkit.Line(blockkit.Bold(first), blockkit.Bold(a.Account), " for "+text.FormatDuration(a.Duration)+", until ",
		blockkit.Moment(a.Expires), ". ")
	needs := "One of the approvers has to say yes; you are told by direct message."
	if a.Needs > 1 {
		needs = fmt.Sprintf("%d of the approvers have to say yes; you are told by direct message.", a.Needs)
	}
	spans = blockkit.Line(spans, needs)
	if a.Quiet {
		spans = blockkit.Line(spans, "\n", blockkit.Bold("The approvers were not pinged"),
			": you asked a short time ago. The request is in their channel, without a direct message or a reminder; tell one of them.")
	} else {
		spans = append(spans, asked(approvers, a.User)...)
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(spans)}
	if how.Again && a.Reason != "" { // which may not be the one just given
		elements = append(elements, blockkit.Quote(a.Reason))
	}
	elements = append(elements, blockkit.Paragraph(v.say(prose.AssumeCmd("cancel", a.Account), " cancels the request.")))
	elements = append(elements, inEmergency(v, a, how.BreakGlass)...)
	text := first + a.Account + "."
	if how.SentCode {
		elements = append(elements, blockkit.Paragraph(blockkit.Bold(codeDropped), " Enter a new one once it is approved."))
		text += " " + codeDropped
	}
	return blockkit.NewMessage(text, elements...)
}

// Cancelled says what was taken back.
func Cancelled(account string, cancelled []approval.Approval) blockkit.Message {
	if len(cancelled) == 0 {
		text := "Nothing that you asked for waits for approval."
		if account != "" {
			text = "Nothing that you asked of " + account + " waits for approval."
		}
		return blockkit.NewMessage(text, blockkit.Paragraph(text))
	}
	items := make([][]blockkit.Span, len(cancelled))
	for i, a := range cancelled {
		items[i] = blockkit.Line(blockkit.Bold(a.Account), " for "+text.FormatDuration(a.Duration))
	}
	return blockkit.NewMessage("Cancelled "+blockkit.Counted(len(cancelled), "request")+" for approval.",
		blockkit.Paragraph(blockkit.Bold("Cancelled"), ", and shown as such to the approvers:"), blockkit.Bullets(items...))
}

// openApprovalBlocks lists what a person asked others to approve.
func openApprovalBlocks(open []approval.Approval) []slack.Block {
	var blocks []slack.Block
	for _, a := range open {
		what := blockkit.Line(blockkit.Bold(a.Account), " for "+text.FormatDuration(a.Duration)+": waits for approval until ", blockkit.Moment(a.Expires))
		if a.State == approval.Approved {
			what = blockkit.Line(blockkit.Bold(a.Account), " for "+text.FormatDuration(a.Duration)+": approved by ", Voters(a), ", to be used until ",
				blockkit.Moment(a.Expires))
		}
		blocks = append(blocks, slack.NewRichTextBlock("", blockkit.Paragraph(what)))
		if a.State == approval.Approved {
			blocks = append(blocks, slack.NewActionBlock(approvalBlock+a.ID, blockkit.StyledButton(ActEnterCode, "Enter code", a.ID, slack.StylePrimary)))
		}
	}
	return blocks
}

// ApprovalReminder recalls what still waits.
func ApprovalReminder(a approval.Approval, approvers []string) blockkit.Message {
	spans := blockkit.Line(blockkit.Bold("Still waiting: "), asker(a)+" asks for ", blockkit.Bold(a.Account), " until ", blockkit.Moment(a.Expires),
		". The buttons are above.")
	return blockkit.NewMessage("Still waiting for an approval: "+asker(a)+", "+a.Account+".", blockkit.Paragraph(append(spans, asked(approvers, a.User)...)))
}

// Loud makes a message one that everybody who is there is told of.
func Loud(m blockkit.Message) blockkit.Message {
	here := slack.NewRichTextBlock("", blockkit.Paragraph(slack.NewRichTextSectionBroadcastElement("here")))
	m.Blocks = slices.Insert(slices.Clone(m.Blocks), 0, slack.Block(here))
	return m
}
