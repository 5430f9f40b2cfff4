package message

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// ReceiptFile is what a receipt is saved as. https://c2sp.org/tlog-proof
const ReceiptFile = "receipt.tlog-proof"

// Receipt holds the proof as text to copy, which is of characters that no client changes; the
// public key; and how to check it. Nothing of it is cut: what Slack does not take whole is an
// error.
//
// It is a reply and no file: that one sees alone whoever asked, the bot needs no more rights
// for it, and a whole message can be copied on a phone, from which the proof can still be read.
func Receipt(r broker.Receipt) (blockkit.Message, error) {
	name := blockkit.EntryName(r.Number)
	elements := []slack.RichTextElement{
		blockkit.Paragraph(blockkit.Bold("Receipt of "+name), "\n", receiptHead(r)),
		blockkit.Preformatted(strings.TrimSuffix(r.Proof, "\n")),
		blockkit.Paragraph("The public key that checks it. An auditor should have it from whoever runs the bot, not from you:"),
		blockkit.Preformatted(strings.Join(r.Keys, "\n")),
		blockkit.Paragraph("Save the first as ", blockkit.Code(ReceiptFile), ", or this whole message, and check it with ",
			blockkit.Code("assumebot record verify-proof "+ReceiptFile+" --key KEY"),
			". The guide to the record shows how without assumebot. A reason is in it as its digest alone."),
	}
	m := blockkit.NewMessage("Receipt of "+name+": the proof that it is on the record.", elements...)
	if !m.Fits() {
		return blockkit.Message{}, &broker.Error{
			Code: broker.CodeTooLarge,
			What: prose.Say("This receipt is too large for one Slack message, and it is of use only whole."),
			Hint: prose.Say("Whoever runs the bot can make it: assumebot record prove prints it."),
		}
	}
	return m, nil
}

// receiptHead says what the entry tells, and who signed.
func receiptHead(r broker.Receipt) []blockkit.Span {
	var head []blockkit.Span
	if e, err := event.Decode(r.Leaf, nil); err == nil {
		who := "the bot"
		if e.Actor.User != "" {
			who = event.Person{ID: e.Actor.User, Name: e.Actor.Name}.String()
		}
		head = blockkit.Line(blockkit.Code(string(e.Kind)), " by "+who+", ", blockkit.Moment(e.Time), ". ")
	}
	head = blockkit.Line(head, "Signed as one of the first "+strconv.FormatInt(r.Size, 10)+" entries of "+r.Origin)
	if len(r.Cosigned) > 0 {
		head = blockkit.Line(head, ", cosigned by "+blockkit.List(r.Cosigned))
	}
	head = blockkit.Line(head, ".")
	if len(r.Lacking) > 0 {
		head = blockkit.Line(head, " Not cosigned yet by "+blockkit.List(r.Lacking)+": ask again later for a receipt that is.")
	}
	return head
}
