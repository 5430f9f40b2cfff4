package message

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// Undelivered tells of credentials that did not, or may not, have
// reached the person.
func Undelivered(v Voice, issued broker.Issued, undelivered broker.Code, ref string) blockkit.Message {
	e := &broker.Error{
		Code: undelivered, Ref: ref,
		What: prose.Say("AWS issued credentials for " + issued.Account.Name + ", but Slack did not take the reply, so nobody has seen them."),
		Hint: prose.Say("Send your request again with a new code."),
	}
	if undelivered == broker.CodeDeliveryUnknown {
		e.What = prose.Say("AWS issued credentials for " + issued.Account.Name + ", but Slack did not say whether it showed them to you.")
		e.Hint = prose.Say("If you do not see them, send your request again with a new code.")
	}
	return noticeOf(v, e, issued)
}

// Stopped tells of credentials whose process ended before it knew whether
// they arrived.
func Stopped(v Voice, issued broker.Issued, ref string) blockkit.Message {
	return noticeOf(v, &broker.Error{
		Code: broker.CodeDeliveryUnknown, Ref: ref,
		What: prose.Say("AWS issued credentials for " + issued.Account.Name + ", but the bot was stopped before it knew whether Slack showed them to you."),
		Hint: prose.Say("If you do not see them, send your request again with a new code."),
	}, issued)
}

// UnknownOutcome tells of a Request of which nobody knows what came: its process ended, or
// could not record it.
func UnknownOutcome(v Voice, account string, purpose broker.Purpose, ref string) blockkit.Message {
	of := "for " + account
	hint := prose.Say("Send it again with a new code. If you fear that somebody has them, ", prose.AssumeCmd("revoke "+account), " takes them back.")
	switch purpose {
	case broker.PurposeMFASession:
		of, hint = "for an MFA session", prose.Say("Send it again with a new code. Nobody was shown credentials of it.")
	case broker.PurposeKey:
		of, hint = "to change your key", prose.Say(prose.AssumeCmd("key"), " shows which one is registered. Send it again with a new code if it is the wrong one.")
	}
	return v.Error(&broker.Error{
		Code: broker.CodeOutcomeUnknown, Ref: ref,
		What: prose.Say("Nobody knows what came of your request " + of +
			": AWS was about to be asked, and then the bot was stopped, or could not put the answer on the record. " +
			"Credentials may exist, which the bot showed to nobody."),
		Hint: hint,
	})
}

// noticeOf tells of credentials, with the button that shows them while they are
// kept.
func noticeOf(v Voice, e *broker.Error, issued broker.Issued) blockkit.Message {
	if issued.Saved {
		e.Hint = prose.Say("The button shows them to you alone, for " + text.FormatDuration(v.Reveal) + " after they were issued.")
	}
	m := v.Error(e)
	if issued.Saved {
		m.Blocks = append(m.Blocks, listedButtons(issued.Grant, true, issued.Account.Revoker != ""))
	}
	return m
}

// PlaceholderBlock names the block of a message that stands where credentials are
// about to be, with the Grant: by that it is found.
const PlaceholderBlock = "about_to_appear:"

// Placeholder stands where credentials are about to be.
func Placeholder(i broker.Issued) blockkit.Message {
	rest := " are about to appear here, for " + inMinutes(i.Account.DMLife) + "."
	m := blockkit.NewMessage("Your credentials for "+i.Account.Name+rest,
		blockkit.Paragraph("Your credentials for ", blockkit.Bold(i.Account.Name), rest))
	m.Blocks[0].(*slack.RichTextBlock).BlockID = PlaceholderBlock + i.Grant.ID
	return m
}

// Sent is the private answer to whoever gets credentials by direct
// message.
func Sent(i broker.Issued) blockkit.Message {
	rest := " by direct message; it is deleted in " + inMinutes(i.Account.DMLife) + "."
	return blockkit.NewMessage("I sent you the credentials for "+i.Account.Name+rest,
		blockkit.Paragraph("I sent you the credentials for ", blockkit.Bold(i.Account.Name), rest))
}

// WithDeadline adds when the message is deleted, if Slack has room for it.
func WithDeadline(m blockkit.Message, at time.Time) blockkit.Message {
	until := slack.NewRichTextBlock("", blockkit.Paragraph("This message will be deleted ", blockkit.Moment(at), "."))
	longer := blockkit.Message{Text: m.Text, Blocks: append(m.Blocks[:len(m.Blocks):len(m.Blocks)], until)}
	if !longer.Fits() {
		return m
	}
	return longer
}

// Removed stands in place of credentials that could only be taken out.
func Removed(g broker.Grant) blockkit.Message {
	text := "The credentials for " + g.Account + " that stood here were removed."
	return blockkit.NewMessage(text, blockkit.Paragraph(text))
}

// Undeleted tells a person that Slack keeps what was to be deleted.
func Undeleted(g broker.Grant, removed bool) blockkit.Message {
	first := "Slack does not let me delete my message with your credentials for " + g.Account + "."
	then := " I have taken them out of its text, but Slack may have kept the earlier one."
	if !removed {
		then = " They can still be read there."
	}
	return blockkit.NewMessage(first+then,
		blockkit.Paragraph(blockkit.Bold(first), then),
		blockkit.Paragraph(blockkit.Code(g.AccessKeyID), " works until ", blockkit.Moment(g.Expires), ". This is on the audit record."))
}

// Late says above an answer which request it is to.
func Late(m blockkit.Message, since time.Time) blockkit.Message {
	head := slack.NewRichTextBlock("", blockkit.Paragraph("Slack did not take this answer at once. You asked ", blockkit.Moment(since),
		"."))
	longer := blockkit.Message{Text: m.Text, Blocks: append([]slack.Block{head}, m.Blocks...)}
	if !longer.Fits() {
		return m
	}
	return longer
}
