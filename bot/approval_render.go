package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// approvalMessage is what the approvers see: what is asked, and how far that has
// come. It pings them only while it waits; Slack pings nobody for an update.
func approvalMessage(a broker.Approval, approvers []string) message {
	elements := append(wanted(a), paragraph(standing(a, approvers)...))
	if a.Comment != "" {
		elements = append(elements, quote(a.Comment))
	}
	m := newMessage(approvalText(a), elements...)
	if a.State != broker.ApprovalWaiting {
		return m
	}
	value := nameOf(a).String()
	buttons := []slack.BlockElement{styled(actAcknowledge, "Acknowledge", value, slack.StylePrimary)}
	if !a.Acknowledge {
		buttons = []slack.BlockElement{
			styled(actApprove, "Approve", value, slack.StylePrimary), styled(actDeny, "Deny", value, slack.StyleDanger),
		}
	}
	m.blocks = append(m.blocks, slack.NewActionBlock(approvalBlock+a.ID, buttons...))
	return m
}

// asker names who asked, without pinging.
func asker(a broker.Approval) string { return broker.Vote{User: a.User, Name: a.UserName}.String() }

// wanted is who, what, how long and why.
func wanted(a broker.Approval) []slack.RichTextElement {
	title, verb := "Approval wanted: ", " asks for "
	if a.State != broker.ApprovalWaiting {
		title, verb = "Approval: ", " asked for "
	}
	who := []span{plain(asker(a))}
	if a.State == broker.ApprovalWaiting && !a.Acknowledge { // a mention opens who they are
		if who = []span{member(a.User)}; a.UserName != "" {
			who = append(who, plain(" ("+a.UserName+")"))
		}
	}
	head := append([]span{bold(title)}, append(who, plain(verb), bold(a.Account), plain(" for "+broker.FormatDuration(a.Duration)+"."))...)
	if a.Acknowledge {
		head = append([]span{bold("Break-glass was used: ")}, append(who, plain(" got "), bold(a.Account),
			plain(" for "+broker.FormatDuration(a.Duration)+", without the approval that it needs."))...)
	}
	if a.RoleARN != "" {
		head = append(head, plain("\nAWS account "), code(a.RoleARN.AccountID()), plain(", role "), code(a.RoleARN.RoleName()))
	}
	head = append(head, askedFrom(a)...)
	if a.Reason == "" {
		return []slack.RichTextElement{paragraph(append(head, plain("\nNo reason was given."))...)}
	}
	return []slack.RichTextElement{paragraph(head...), quote(a.Reason)}
}

// askedFrom says where it was asked, and whether by somebody on call.
func askedFrom(a broker.Approval) []span {
	spans := []span{plain("\nAsked from ")}
	switch {
	case a.Channel == "":
		spans = append(spans, plain("Home or a shortcut, in no channel"))
	case a.Channel[0] == 'D':
		spans = append(spans, plain("a direct message"))
	default:
		spans = append(spans, slack.NewRichTextSectionChannelElement(a.Channel, nil))
	}
	switch a.OnCall {
	case broker.OnCallYes:
		spans = append(spans, plain(", "), bold("on call"))
	case broker.OnCallNo:
		spans = append(spans, plain(", not on call"))
	case broker.OnCallUnknown:
		spans = append(spans, plain("; Slack could not say whether they are on call"))
	}
	return append(spans, plain("."))
}

// standing is how far it has come, and by whom.
func standing(a broker.Approval, approvers []string) []span {
	switch a.State {
	case broker.ApprovalWaiting:
		if a.Quiet {
			return waitingSpans(a)
		}
		return append(waitingSpans(a), asked(approvers, a.User)...)
	case broker.ApprovalApproved:
		return []span{bold("Approved"), plain(" by " + votes(a) + ". It can be used once, by " + asker(a) + " alone, until "), moment(a.Expires), plain(".")}
	case broker.ApprovalUsed:
		return []span{bold("Approved"), plain(" by " + votes(a) + ", "), bold("and used"), plain(".")}
	case broker.ApprovalDenied:
		return []span{bold("Denied"), plain(" by " + a.EndedBy.String() + ".")}
	case broker.ApprovalCancelled:
		return []span{bold("Cancelled"), plain(" by " + a.EndedBy.String() + ".")}
	case broker.ApprovalAcknowledged:
		return []span{bold("Acknowledged"), plain(" by " + a.EndedBy.String() + ".")}
	}
	return []span{bold("Expired"), plain(": " + whyExpired(a))}
}

func waitingSpans(a broker.Approval) []span {
	if a.Acknowledge {
		return []span{bold("To be acknowledged"), plain(" by an approver, until "), moment(a.Expires), plain(".")}
	}
	needs := "One approval is needed"
	if a.Needs > 1 {
		needs = fmt.Sprintf("%d approvals are needed, of different people", a.Needs)
	}
	spans := []span{bold("Waiting"), plain(" until "), moment(a.Expires), plain(". " + needs)}
	if len(a.Votes) > 0 {
		return append(spans, plain("; "), bold("approved"), plain(" so far by "+votes(a)+"."))
	}
	return append(spans, plain("."))
}

func whyExpired(a broker.Approval) string {
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

// votes names who approved.
func votes(a broker.Approval) string {
	names := make([]string, len(a.Votes))
	for i, v := range a.Votes {
		names[i] = v.String()
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// mostAsked is how many a message pings: more would not fit it.
const mostAsked = 20

// asked pings the approvers: as user groups, which people can mute and Slack
// keeps up to date, and one by one only where there is none.
func asked(approvers []string, except string) []span {
	var groups, people []span
	for _, id := range approvers {
		switch {
		case id == except || id == "":
		case id[0] == 'S':
			groups = append(groups, group(id))
		case id[0] == 'U', id[0] == 'W':
			people = append(people, member(id))
		}
	}
	who := groups
	if len(who) == 0 {
		who = people
	}
	if len(who) == 0 {
		return nil
	}
	spans := []span{plain("\nAsked: ")}
	for i, s := range who[:min(len(who), mostAsked)] {
		if i > 0 {
			spans = append(spans, plain(", "))
		}
		spans = append(spans, s)
	}
	if len(who) > mostAsked {
		spans = append(spans, plain(fmt.Sprintf(" and %d more", len(who)-mostAsked)))
	}
	return append(spans, plain("."))
}

// approvalText is the fallback: nothing that a person typed.
func approvalText(a broker.Approval) string {
	what := fmt.Sprintf(": %s, %s, for %s.", asker(a), a.Account, broker.FormatDuration(a.Duration))
	switch {
	case a.Acknowledge && a.State == broker.ApprovalWaiting:
		return "Break-glass was used" + what
	case a.Acknowledge:
		return "Break-glass, " + string(a.State) + what
	case a.State == broker.ApprovalWaiting:
		return "Approval wanted" + what
	}
	return "Approval " + string(a.State) + what
}

// outcomeMessage is what who asked is told; tells is false where there is
// nothing that they do not know.
func (b *Bot) outcomeMessage(a broker.Approval, breakGlass bool) (m message, tells bool) {
	if a.Acknowledge {
		return message{}, false
	}
	what := []span{bold(a.Account), plain(" for " + broker.FormatDuration(a.Duration))}
	switch a.State {
	case broker.ApprovalApproved:
		return b.approvedMessage(a, false), true
	case broker.ApprovalDenied:
		elements := []slack.RichTextElement{paragraph(append(append([]span{bold("Denied: ")}, what...), plain(", by "+a.EndedBy.String()+"."))...)}
		if a.Comment != "" {
			elements = append(elements, quote(a.Comment))
		}
		return newMessage("Denied: "+a.Account+", by "+a.EndedBy.String()+".", elements...), true
	case broker.ApprovalExpired:
		again := codes(b.withPrefix("\nAsk again: `/assume " + a.Account + " for " + broker.FormatDuration(a.Duration) + " because REASON`"))
		spans := append(append([]span{bold("Expired: ")}, what...), plain(": "+whyExpired(a)))
		elements := []slack.RichTextElement{paragraph(append(spans, again...)...)}
		return newMessage("Expired: "+a.Account+".", append(elements, b.inEmergency(a, breakGlass)...)...), true
	}
	return message{}, false
}

// approvedMessage is for who asked: it opens the form for the code.
func (b *Bot) approvedMessage(a broker.Approval, sentCode bool) message {
	elements := []slack.RichTextElement{paragraph(
		bold("Approved: "), bold(a.Account), plain(" for "+broker.FormatDuration(a.Duration)+", by "+votes(a)+".\nIt is for you alone, is good for one request, and ends "),
		moment(a.Expires), plain("."))}
	if sentCode {
		elements = append(elements, paragraph(plain(codeDropped+" Enter a new one.")))
	}
	m := newMessage("Approved: "+a.Account+".", elements...)
	m.blocks = append(m.blocks, slack.NewActionBlock(approvalBlock+a.ID, styled(actEnterCode, "Enter code", a.ID, slack.StylePrimary)))
	return m
}

const codeDropped = "The code that you sent was neither used nor kept."

// inEmergency names break-glass to who may use it.
func (b *Bot) inEmergency(a broker.Approval, breakGlass bool) []slack.RichTextElement {
	if !breakGlass {
		return nil
	}
	return []slack.RichTextElement{paragraph(codes(b.withPrefix("In an emergency, without approval: `/assume " + a.Account + " 123456 break-glass because REASON`. Everybody is told."))...)}
}

// An asking is how somebody came to wait for an Approval.
type asking struct {
	again      bool // they had asked for the same before
	sentCode   bool
	breakGlass bool // they could have it without, in an emergency
}

// askedMessage says that it waits for others, and what became of a code.
func (b *Bot) askedMessage(a broker.Approval, approvers []string, how asking) message {
	first := "Asked for approval: "
	if how.again {
		first = "Already asked for approval: "
	}
	spans := []span{bold(first), bold(a.Account), plain(" for " + broker.FormatDuration(a.Duration) + ", until "), moment(a.Expires), plain(". ")}
	needs := "One of the approvers has to say yes; you are told by direct message."
	if a.Needs > 1 {
		needs = fmt.Sprintf("%d of the approvers have to say yes; you are told by direct message.", a.Needs)
	}
	spans = append(spans, plain(needs))
	if a.Quiet {
		spans = append(spans, plain("\n"), bold("The approvers were not pinged"),
			plain(": you asked a short time ago. The request is in their channel, without a direct message or a reminder; tell one of them."))
	} else {
		spans = append(spans, asked(approvers, a.User)...)
	}
	elements := []slack.RichTextElement{paragraph(spans...)}
	if how.again && a.Reason != "" { // which may not be the one just given
		elements = append(elements, quote(a.Reason))
	}
	elements = append(elements, paragraph(codes(b.withPrefix("`/assume cancel "+a.Account+"` cancels the request."))...))
	elements = append(elements, b.inEmergency(a, how.breakGlass)...)
	text := first + a.Account + "."
	if how.sentCode {
		elements = append(elements, paragraph(bold(codeDropped), plain(" Enter a new one once it is approved.")))
		text += " " + codeDropped
	}
	return newMessage(text, elements...)
}

// cancelledMessage says what was taken back.
func cancelledMessage(account string, cancelled []broker.Approval) message {
	if len(cancelled) == 0 {
		text := "Nothing that you asked for waits for approval."
		if account != "" {
			text = "Nothing that you asked of " + account + " waits for approval."
		}
		return newMessage(text, paragraph(plain(text)))
	}
	items := make([][]span, len(cancelled))
	for i, a := range cancelled {
		items[i] = []span{bold(a.Account), plain(" for " + broker.FormatDuration(a.Duration))}
	}
	return newMessage("Cancelled "+counted(len(cancelled), "request")+" for approval.",
		paragraph(bold("Cancelled"), plain(", and shown as such to the approvers:")), bullets(items...))
}

// approvalHelp is what help adds for who may have something that others approve.
func (b *Bot) approvalHelp(accounts []broker.Account) [][]span {
	var lines [][]span
	line := func(in func(broker.Account) bool, text string) {
		if i := slices.IndexFunc(accounts, in); i >= 0 {
			lines = append(lines, codes(b.withPrefix(strings.ReplaceAll(text, "ACCOUNT", accounts[i].Name))))
		}
	}
	line(func(a broker.Account) bool { return a.Approval != nil },
		"`/assume ACCOUNT for 30m because INC-42`  asks others to approve; the code comes after that. `/assume cancel` cancels the request")
	line(func(a broker.Account) bool { return len(a.BreakGlass) > 0 },
		"`/assume ACCOUNT 123456 break-glass because REASON`  in an emergency, if the config lets you: without approval, and everybody is told")
	return lines
}

// openApprovalBlocks lists what a person asked others to approve.
func openApprovalBlocks(open []broker.Approval) []slack.Block {
	var blocks []slack.Block
	for _, a := range open {
		what := []span{bold(a.Account), plain(" for " + broker.FormatDuration(a.Duration) + ": waits for approval until "), moment(a.Expires)}
		if a.State == broker.ApprovalApproved {
			what = []span{bold(a.Account), plain(" for " + broker.FormatDuration(a.Duration) + ": approved by " + votes(a) + ", to be used until "), moment(a.Expires)}
		}
		blocks = append(blocks, slack.NewRichTextBlock("", paragraph(what...)))
		if a.State == broker.ApprovalApproved {
			blocks = append(blocks, slack.NewActionBlock(approvalBlock+a.ID, styled(actEnterCode, "Enter code", a.ID, slack.StylePrimary)))
		}
	}
	return blocks
}
