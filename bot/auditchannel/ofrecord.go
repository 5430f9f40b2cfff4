package auditchannel

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

// recordAudit is an Event in which the record tells of itself; ok is false for any other.
func recordAudit(e told) (m blockkit.Message, ok bool) {
	switch p := e.Data.(type) {
	case event.UnknownData:
		return openMessage(openOf(e, e.Time)), true
	case event.NotActedData:
		return notActedAudit(e), true
	case event.OpenedData:
		return openedAudit(p), true
	case event.AlarmData:
		return alarmAudit(p), true
	case event.ForgottenData:
		return forgottenAudit(p), true
	case event.ReconciledData:
		return reconciledAudit(p), true
	case event.ImportedData:
		return importedAudit(e.Event), p.Part < 2 && !p.Last
	case event.Other:
		return otherAudit(e), true
	}
	return blockkit.Message{}, false
}

// notActedAudit tells that AWS was not asked, as nobody knew whether the record had it.
func notActedAudit(e told) blockkit.Message {
	spans := blockkit.Line(blockkit.Bold("Not asked"), " for "+person(e))
	if e.Account != "" {
		spans = blockkit.Line(spans, ", ", blockkit.Code(e.Account))
	}
	spans = blockkit.Line(spans, ": nobody knew whether the intent was on the record, so AWS was not asked.")
	return blockkit.NewMessage("AWS was not asked for "+person(e)+".", blockkit.Paragraph(spans), blockkit.Paragraph("request ", blockkit.Code(e.Request)))
}

// openedAudit tells of a new log, and above all of what an earlier one has lost.
func openedAudit(p event.OpenedData) blockkit.Message {
	elements := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold("The record begins"), ": ", blockkit.Code(p.Origin), ".")}
	if p.After != nil {
		elements = append(elements, blockkit.Paragraph("It goes on from ", blockkit.Code(p.After.Origin), ", of which "+entries(p.After.Lost)+" lost. ",
			orElse(p.After.AcceptedBy, "Somebody")+" accepted that."))
	}
	return blockkit.NewMessage("The record "+p.Origin+" begins.", elements...)
}

func entries(r event.Range) string {
	switch r.Count {
	case 0:
		return "no entry is"
	case 1:
		return fmt.Sprintf("the entry %d is", r.First)
	}
	return fmt.Sprintf("%d entries from %d on are", r.Count, r.First)
}

func forgottenAudit(p event.ForgottenData) blockkit.Message {
	what := fmt.Sprintf(" by %s: the words that people wrote in the entry %d of the record.", orElse(p.By, "an operator"), p.Entry)
	return blockkit.NewMessage("Erased"+what, blockkit.Paragraph(blockkit.Bold("Erased"), what))
}

// otherAudit tells of a kind that a later release writes.
func otherAudit(e told) blockkit.Message {
	what := fmt.Sprintf("An event of the kind %q is on the record, which this release does not know.", string(e.Kind))
	if e.Stop {
		what += " It restricts something."
	}
	return blockkit.NewMessage(what, blockkit.Paragraph(what))
}

// What people wrote can be erased from the record, and must be what was written.
const (
	erasedText  = "The text that stood here was erased from the record."
	alteredText = "The text that stands here on the record is not what was written: somebody changed it."
)

// words are a text of the record, or why it is not there.
func words(t event.Text) string {
	switch {
	case t.Erased():
		return erasedText
	case t.Altered():
		return alteredText
	}
	return t.String()
}

// quoted is a text that somebody wrote, under its head; nothing where there was none.
func quoted(head string, t event.Text) []slack.RichTextElement {
	if t.IsZero() {
		return nil
	}
	var elements []slack.RichTextElement
	if head != "" {
		elements = append(elements, blockkit.Paragraph(head))
	}
	if t.Erased() || t.Altered() { // nobody's words
		return append(elements, blockkit.Paragraph(blockkit.Bold(words(t))))
	}
	return append(elements, blockkit.Quote(t.String()))
}
