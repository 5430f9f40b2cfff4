package message

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
)

// How many Grants a list shows with their buttons: what Home and one message
// have room for.
const (
	homeGrants    = 15
	sessionGrants = 8
)

// A Holding is what a person has now.
type Holding struct {
	Grants    []broker.Grant // oldest first
	Session   *broker.Session
	Order     *broker.Error       // why nothing is issued to them now
	Approvals []approval.Approval // that wait, or can be used
	// Revocable are the Grants whose end AWS is told of, by ID.
	Revocable map[string]bool
}

// holdingBlocks says what stands in the person's way, and lists the MFA session
// and live Grants, the newest first, each with its buttons.
func holdingBlocks(v Voice, has Holding, most int) []slack.Block {
	grants := has.Grants
	var blocks []slack.Block
	if has.Order != nil {
		blocks = v.Error(has.Order).Blocks
	}
	blocks = append(blocks, openApprovalBlocks(has.Approvals)...)
	if len(grants) == 0 && has.Session == nil {
		return append(blocks, slack.NewRichTextBlock("",
			blockkit.Paragraph("You have no live credentials. Those that you get are listed here until they expire.")))
	}
	if has.Session != nil {
		end := blockkit.Button(ActEndSession, "End MFA session", "mfa")
		end.Style = slack.StyleDanger
		blocks = append(blocks,
			slack.NewRichTextBlock("", blockkit.Paragraph(blockkit.Bold("Your MFA session"), " runs until ",
				blockkit.Moment(has.Session.Expires), " ("+blockkit.TimeLeft(has.Session.Expires.Sub(v.Now()))+" left)")),
			slack.NewActionBlock("", end))
	}
	for i := len(grants) - 1; i >= max(0, len(grants)-most); i-- {
		g := grants[i]
		spans := blockkit.Line(blockkit.Bold(g.Account), " until ", blockkit.Moment(g.Expires),
			" ("+blockkit.TimeLeft(g.Expires.Sub(v.Now()))+" left)  ", blockkit.Code(g.AccessKeyID))
		if !g.MFA {
			spans = blockkit.Line(spans, "  ", blockkit.Bold("no MFA"))
		}
		blocks = append(blocks, slack.NewRichTextBlock("", blockkit.Paragraph(spans)),
			listedButtons(g, v.Now().Sub(g.Issued) < v.Reveal, has.Revocable[g.ID]))
	}
	if more := len(grants) - most; more > 0 {
		blocks = append(blocks, slack.NewRichTextBlock("", blockkit.Paragraph("and "+blockkit.Counted(more, "older one")+".")))
	}
	return blocks
}

// Sessions is what the person has now.
func Sessions(v Voice, has Holding) blockkit.Message {
	text := "You have " + blockkit.Counted(len(has.Grants), "set") + " of live credentials"
	if len(has.Grants) == 0 {
		text = "You have no live credentials"
	}
	if has.Session != nil {
		text += "; your MFA session runs"
	}
	text += "."
	if has.Order != nil {
		text = v.text(has.Order.What) + " " + text
	}
	return blockkit.Message{Text: text, Blocks: holdingBlocks(v, has, sessionGrants)}
}

// Again offers what the person has already in place of a new Grant.
func Again(v Voice, g broker.Grant, c command.Command, revocable bool) blockkit.Message {
	left := blockkit.TimeLeft(g.Expires.Sub(v.Now()))
	spans := blockkit.Line("You have ", blockkit.Bold(g.Account), " until ", blockkit.Moment(g.Expires), ", "+left+" left.  ",
		blockkit.Code(g.AccessKeyID), "\nNothing new was issued. Show again shows these credentials; Renew gets new ones.")
	show := blockkit.Button(ActShow, "Show again", g.ID)
	elements := []slack.BlockElement{show}
	if g.RoleARN != "" {
		elements = append(elements, blockkit.Button(ActConsole, "AWS console", g.ID))
	}
	if c.Format == snippet.Console && len(elements) > 1 {
		elements[0], elements[1] = elements[1], elements[0]
	} else {
		show.Style = slack.StylePrimary
	}
	renew := g.Account
	if c.Duration > 0 { // as long as was asked, not as long as before
		renew += " " + c.Duration.String()
	}
	elements = append(elements, blockkit.Button(ActRenew, "Renew", renew), endButton(g, revocable))
	m := blockkit.NewMessage("You have "+g.Account+", "+left+" left. Nothing new was issued.", blockkit.Paragraph(spans))
	m.Blocks = append(m.Blocks, slack.NewActionBlock(GrantBlock+g.ID, elements...))
	return m
}

// Reminder says that a Grant ends soon, with what can be done about it.
func Reminder(v Voice, g broker.Grant, revocable bool) blockkit.Message {
	ends := " ends in " + inMinutes(g.Expires.Sub(v.Now()))
	return blockkit.Message{
		Text: g.Account + ends + ".",
		Blocks: []slack.Block{
			slack.NewRichTextBlock("", blockkit.Paragraph(blockkit.Bold(g.Account), ends+", ", blockkit.Moment(g.Expires), ".  ",
				blockkit.Code(g.AccessKeyID))),
			listedButtons(g, false, revocable),
		},
	}
}

// inMinutes writes a short time out: 5 minutes.
func inMinutes(d time.Duration) string {
	d = d.Round(time.Minute)
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d%time.Hour == 0:
		return blockkit.Counted(int(d/time.Hour), "hour")
	}
	return blockkit.Counted(int(d/time.Minute), "minute")
}

// WhoAmI says who AWS takes the person for.
func WhoAmI(w broker.WhoAmI) blockkit.Message {
	elements := []slack.RichTextElement{blockkit.Paragraph("Your own key is ", blockkit.Code(w.Own.ARN), " in account ",
		blockkit.Code(w.Own.Account), ".")}
	switch {
	case w.Live != nil:
		elements = append(elements, blockkit.Paragraph("Your live credentials for ", blockkit.Bold(w.Account), " are ",
			blockkit.Code(w.Live.ARN), " (", blockkit.Code(w.Live.UserID), ") until ", blockkit.Moment(w.Grant.Expires), "."))
	case w.Account != "":
		elements = append(elements, blockkit.Paragraph("The bot holds no live credentials of yours for ", blockkit.Bold(w.Account),
			" that it could ask with."))
	}
	if w.Session != nil {
		elements = append(elements, blockkit.Paragraph(mfaSpans(*w.Session)))
	}
	return blockkit.NewMessage("Who AWS takes you for.", elements...)
}

// Ended says honestly what ending a Grant did.
func Ended(v Voice, ended broker.Ending) blockkit.Message {
	if ended.Revoked != nil {
		return Revoked(v, *ended.Revoked)
	}
	g := ended.Grant
	return blockkit.NewMessage("Ended: the bot has forgotten the credentials for "+g.Account+".",
		blockkit.Paragraph(blockkit.Bold("Ended"), ": the bot has forgotten the credentials for ", blockkit.Bold(g.Account), " ",
			blockkit.Code(g.AccessKeyID), sessionEnded(ended.Session)+". AWS keeps them valid until ", blockkit.Moment(g.Expires), ", wherever they were pasted."))
}

func sessionEnded(was bool) string {
	if was {
		return " and ended your MFA session"
	}
	return ""
}
