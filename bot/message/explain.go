package message

import (
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// Accounts lists what a person may have; where it is not complete, it says so.
func Accounts(mine policy.Mine) blockkit.Message {
	count := mine.Len()
	if count == 0 && mine.Complete {
		return blockkit.NewMessage("You may not have any account yet.",
			blockkit.Paragraph(blockkit.Bold("You may not have any account yet."), " Ask whoever runs the bot to add you."))
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold("You may have:"))}
	const most = 40
	var items [][]blockkit.Span
	for a := range mine.All() {
		if len(items) == most {
			break
		}
		items = append(items, accountSpans(a))
	}
	if len(items) > 0 {
		elements = append(elements, blockkit.Bullets(items...))
	}
	if count > most {
		elements = append(elements, blockkit.Paragraph(fmt.Sprintf("and %d more.", count-most)))
	}
	if !mine.Complete {
		elements = append(elements, blockkit.Paragraph("Slack cannot say right now which user groups you are in; there may be more."))
	}
	return blockkit.NewMessage("You may have "+blockkit.Counted(count, "account")+".", elements...)
}

func accountSpans(a policy.Account) []blockkit.Span {
	spans := []blockkit.Span{blockkit.Code(a.Name)}
	if a.HasRole() {
		spans = blockkit.Line(spans, "  "+a.RoleARN.RoleName()+" in "+a.RoleARN.AccountID())
	} else {
		spans = blockkit.Line(spans, "  your own IAM user")
	}
	spans = blockkit.Line(spans, ", up to "+text.FormatDuration(a.MaxDuration))
	if a.Approval != nil {
		spans = blockkit.Line(spans, ", with approval")
	}
	if a.MFA == policy.MFANone {
		spans = blockkit.Line(spans, ", ", blockkit.Bold("no MFA"))
	}
	if !a.HasRole() {
		spans = blockkit.Line(spans, ". It can assume every role that trusts it, outside of the bot's rules.")
	}
	return spans
}

// Explanation says what would become of a request, and why.
func Explanation(v Voice, e broker.Explanation) blockkit.Message {
	name := e.Account.Name
	if e.Decision.Effect == policy.Deny {
		return explainDenied(v, e)
	}
	headline := "You may have " + name + "."
	if len(e.Unmet) > 0 {
		headline = "You may have " + name + ", but not right now."
	}
	if e.Decision.Effect == policy.NeedApproval {
		headline = "You may have " + name + " once somebody else approves."
	}
	if e.Approved != nil {
		headline = "You may have " + name + " now: others have approved."
	}
	head := append(blockkit.Line(blockkit.Bold(headline), " "), allowedBy(e.Decision)...)
	items := [][]blockkit.Span{accountSpans(e.Account)}
	switch {
	case e.Approved != nil:
		items = append(items, blockkit.Line("Approved by ", Voters(*e.Approved), ", for "+text.FormatDuration(e.Approved.Duration)+
			" and one request, until ", blockkit.Moment(e.Approved.Expires), "."))
	case e.Decision.Effect == policy.NeedApproval:
		items = append(items, approvalSpans(e.Account.Approval))
	}
	for _, unmet := range e.Unmet {
		items = append(items, append([]blockkit.Span{blockkit.Bold("Not right now: ")}, v.errorLine(unmet)...))
	}
	if e.BreakGlass {
		items = append(items, v.spans(blockkit.Plain, byBreakGlass(name)))
	}
	if e.Problem != nil {
		items = append(items, append(blockkit.Line("But for that long it would be refused: "), v.errorLine(e.Problem)...))
		headline += " But not for that long."
	} else {
		items = append(items, howItWouldGo(v, e)...)
	}
	if e.Account.MFA == policy.MFANone {
		headline += " No MFA is asked for."
	}
	return blockkit.NewMessage(headline,
		blockkit.Paragraph(head),
		blockkit.Bullets(items...),
		blockkit.Paragraph("Nothing was issued: AWS was not asked."))
}

// explainDenied tells which rule denies and nothing else of the Account.
func explainDenied(v Voice, e broker.Explanation) blockkit.Message {
	text := "You may not have " + e.Account.Name + "."
	why := blockkit.Line(" Default deny: no rule allows you. ")
	if by := e.Decision.By; by.Yes {
		why = blockkit.Line(" The config denies you, by ", blockkit.Code(by.String()), ", whatever else it allows. ")
	}
	if e.Decision.Err != nil {
		why = blockkit.Line(" Membership unknown: Slack cannot say right now which user groups you are in, and what is unknown is denied. Try " +
			"again in a minute. ")
	}
	if e.BreakGlass {
		text = "You may have " + e.Account.Name + " by break-glass alone."
		why = v.say(" ", byBreakGlass(e.Account.Name), " ")
	}
	why = append(why, v.spans(blockkit.Plain, e.Contact)...)
	return blockkit.NewMessage(text, blockkit.Paragraph(append([]blockkit.Span{blockkit.Bold(text)}, why...)))
}

// allowedBy names the entry of allow that matched. A user group is named by its
// ID: its handle would need a lookup, and can change.
func allowedBy(d policy.Decision) []blockkit.Span {
	entry := d.By.Entry
	switch {
	case d.OnCall:
		return blockkit.Line("The config allows the user group ", blockkit.Code(d.By.String()), ", which is on call, and you are in it.")
	case d.By.Group != "":
		return blockkit.Line("The config allows its group ", blockkit.Code(entry), ", and you are in it, by the user group ", blockkit.Code(d.By.Group), ".")
	case entry != "" && entry[0] >= 'a' && entry[0] <= 'z':
		return blockkit.Line("The config allows its group ", blockkit.Code(entry), ", and you are in it.")
	case entry == "*":
		return blockkit.Line("The config allows every user, by ", blockkit.Code(`"*"`), ".")
	case policy.IsUserGroup(entry):
		return blockkit.Line("The config allows the user group ", blockkit.Code(entry), ", and you are in it.")
	}
	return blockkit.Line("The config allows you yourself, as ", blockkit.Code(entry), ".")
}

func byBreakGlass(account string) []prose.Part {
	return prose.Say("In an emergency: ", prose.AssumeCmd(account, "123456 break-glass because REASON"), ", without approval, and told to everybody.")
}

// approvalSpans says who decides. The answer is private, so that this pings
// nobody.
func approvalSpans(p *policy.ApprovalPolicy) []blockkit.Span {
	spans := blockkit.Line(blockkit.Counted(p.Count, "approval") + " of ")
	for i, who := range p.Approvers {
		if i > 0 {
			spans = blockkit.Line(spans, ", ")
		}
		spans = append(spans, decides(who))
	}
	return blockkit.Line(spans, ", not your own, within "+text.FormatDuration(p.Expires)+" of your asking; then you have "+
		text.FormatDuration(policy.ApprovalUse)+" to use it, once. No code is needed to ask.")
}

// decides is one of the approvers, or a group of them by its name in the config.
func decides(who string) blockkit.Span {
	switch {
	case who == "":
		return blockkit.Plain("")
	case who[0] == 'S':
		return blockkit.Group(who)
	case who[0] == 'U', who[0] == 'W':
		return blockkit.Member(who)
	}
	return blockkit.Code(who)
}

// howItWouldGo is the planner's way, the code and the duration.
func howItWouldGo(v Voice, e broker.Explanation) [][]blockkit.Span {
	way := prose.Say(e.Way, ".")
	switch {
	case e.NeedsCode == nil:
		way = prose.Sentences(way, prose.Say("No code is needed."))
	case errors.Is(e.NeedsCode, broker.ErrMFASessionNotEnough): // else the way says it all
		way = prose.Sentences(way, e.NeedsCode.What)
	}
	lasting := prose.Say("It would last " + text.FormatDuration(e.Duration) + ".")
	if e.Duration != e.Account.DefaultDuration && e.Approved == nil {
		lasting = prose.Say("It would last "+text.FormatDuration(e.Duration)+"; "+text.FormatDuration(e.Account.DefaultDuration)+" without ",
			prose.Literal("for"), ".")
	}
	lines := [][]blockkit.Span{v.spans(blockkit.Plain, way), v.spans(blockkit.Plain, lasting)}
	if slices.ContainsFunc(e.Unmet, func(unmet *broker.Error) bool { return unmet.Code != broker.CodeReason }) {
		return lines // what one could send would be refused
	}
	return append(lines, v.say("Send ", exampleOf(e), "."))
}

// exampleOf is what to send.
func exampleOf(e broker.Explanation) prose.Part {
	words := []string{e.Account.Name}
	if e.NeedsCode != nil && (e.Decision.Effect == policy.Allow || e.Approved != nil) {
		words = append(words, "123456")
	}
	if e.Approved != nil {
		return prose.AssumeCmd(words...)
	}
	if e.Duration != e.Account.DefaultDuration {
		words = append(words, "for", text.FormatDuration(e.Duration))
	}
	if e.Account.Reason.Required || e.Decision.Effect == policy.NeedApproval {
		words = append(words, "because REASON")
	}
	return prose.AssumeCmd(words...)
}
