package message

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// Blocked says that nothing is issued to a person any more.
func Blocked(v Voice, target, whom string, before *broker.Order) blockkit.Message {
	m := blockkit.NewMessage("Blocked "+whom+".",
		blockkit.Paragraph(blockkit.Bold("Blocked"),
			" "+whom+": from now on nothing is issued or shown to them, on every replica. They cannot approve anything or change a key.",
			replacedSpans("They were blocked", before)),
		blockkit.Paragraph(v.say("Credentials that they have still work until they expire. ", prose.AssumeCmd("revoke @PERSON"), " revokes them.")))
	m.Blocks = append(m.Blocks, unblockButton(target))
	return m
}

// Unblocked says that a block has ended, if there was one.
func Unblocked(whom string, was bool) blockkit.Message {
	if !was {
		return blockkit.NewMessage(whom+" is not blocked.", blockkit.Paragraph(blockkit.Bold(whom), " is not blocked, so there is nothing to end."))
	}
	return blockkit.NewMessage("Unblocked "+whom+".", blockkit.Paragraph(blockkit.Bold("Unblocked"), " "+whom+"."))
}

// Unlocked says that a lock-out has ended, if there was one.
func Unlocked(whom string, was bool) blockkit.Message {
	if !was {
		return blockkit.NewMessage(whom+" is not locked out.",
			blockkit.Paragraph(blockkit.Bold(whom), " is not locked out. Their wrong codes until now are forgotten."))
	}
	return blockkit.NewMessage("Unlocked "+whom+".",
		blockkit.Paragraph(blockkit.Bold("Unlocked"), " "+whom+": their codes go to AWS again, and the wrong ones until now are forgotten."))
}

// Paused says that nothing is issued to anybody.
func Paused(v Voice, before *broker.Order) blockkit.Message {
	said := blockkit.Line(blockkit.Bold("Paused"), ": nothing is issued, shown again, approved or changed, for anybody and on every replica.")
	said = append(said, replacedSpans("It was paused", before)...)
	return blockkit.NewMessage("Paused: nothing is issued to anybody.",
		blockkit.Paragraph(said),
		blockkit.Paragraph(v.say("Credentials that were issued before still work until they expire. ", prose.AssumeCmd("resume"), " ends the pause.")))
}

// replacedSpans tells of the order whose place a new one takes; nothing when there
// was none.
func replacedSpans(was string, before *broker.Order) []blockkit.Span {
	if before == nil {
		return nil
	}
	spans := blockkit.Line(" "+was+" already, since ", blockkit.Moment(before.At), " by "+blockkit.Named(before.ByName, before.By))
	if before.Reason != "" {
		spans = blockkit.Line(spans, ": “"+blockkit.Shortened(before.Reason, whoReason)+"”")
	}
	return blockkit.Line(spans, ". Your order replaces that one.")
}

// Resumed says that the pause has ended, if there was one.
func Resumed(was bool) blockkit.Message {
	if !was {
		return blockkit.NewMessage("The bot is not paused.",
			blockkit.Paragraph(blockkit.Bold("The bot is not paused"), ", so there is nothing to resume."))
	}
	return blockkit.NewMessage("Resumed.", blockkit.Paragraph(blockkit.Bold("Resumed"), ": the bot issues again."))
}

const (
	// WhoMost is how many Grants Who shows at most.
	WhoMost   = 60
	whoReason = 80 // characters of a reason
)

// Who lists everybody's live Grants, as many as Slack takes.
func Who(v Voice, all broker.Everybody) blockkit.Message {
	live := all.Grants
	if len(live) == 0 && !all.More {
		return blockkit.NewMessage("Nobody has live credentials.",
			blockkit.Paragraph(blockkit.Bold("Nobody has live credentials"), " from this bot."))
	}
	items := make([][]blockkit.Span, 0, len(live))
	for _, h := range live {
		items = append(items, heldSpans(v, h))
	}
	head := blockkit.Counted(len(live), "set") + " of live credentials"
	if all.More {
		head += ", of who holds some the longest"
	}
	for n := len(items); ; n-- {
		said := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold(head + ":"))}
		if n > 0 {
			said = append(said, blockkit.Bullets(items[:n]...))
		}
		switch more := len(live) - n; {
		case all.More:
			said = append(said, blockkit.Paragraph("and more: the record has them."))
		case more > 0:
			said = append(said, blockkit.Paragraph(fmt.Sprintf("and %d more: the record has them.", more)))
		}
		if m := blockkit.NewMessage(head+".", said...); n == 0 || m.Fits() {
			return m
		}
	}
}

func heldSpans(v Voice, h broker.LiveGrant) []blockkit.Span {
	spans := blockkit.Line(blockkit.Bold(blockkit.Named(h.Name, h.User)), "  ", blockkit.Code(h.Account), " until ", blockkit.Moment(h.Expires),
		" ("+blockkit.TimeLeft(h.Expires.Sub(v.Now()))+" left)  ", blockkit.Code(h.AccessKeyID))
	if !h.MFA {
		spans = blockkit.Line(spans, "  ", blockkit.Bold("no MFA"))
	}
	if h.Reason != "" {
		spans = blockkit.Line(spans, "  “"+blockkit.Shortened(h.Reason, whoReason)+"”")
	}
	return spans
}
