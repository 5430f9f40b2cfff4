package auditchannel

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

// mfaAuditMessage is an Event about an MFA session as the audit channel shows
// it. It names no Account: one that it mentions is what the code was sent for.
func mfaAuditMessage(e told) (blockkit.Message, bool) {
	var (
		head []blockkit.Span
		text string
	)
	switch e.Kind {
	case event.Granted:
		head = blockkit.Line(blockkit.Bold("MFA session"), " of "+person(e)+" begun, until ", blockkit.Moment(e.Expires.Time))
		if e.Account != "" {
			head = blockkit.Line(head, ", with a code for ", blockkit.Code(e.Account))
		}
		head = blockkit.Line(head, ".")
		text = fmt.Sprintf("MFA session of %s begun, until %s.", person(e), blockkit.UTC(e.Expires.Time))
	case event.Ended:
		head = blockkit.Line(blockkit.Bold("MFA session"), " of "+person(e)+" was ended by its owner.")
		if !e.Expires.IsZero() {
			head = blockkit.Line(head, " AWS would accept its credentials until ", blockkit.Moment(e.Expires.Time), "; nobody has them.")
		}
		text = fmt.Sprintf("MFA session of %s was ended by its owner.", person(e))
	case event.Failed, event.Refused:
		word, whom := "Failed", " for "+person(e)
		if e.Kind == event.Refused {
			word, whom = "Refused", " "+person(e)
		}
		head = blockkit.Line(blockkit.Bold(word), whom+", MFA session")
		if e.Account != "" {
			head = blockkit.Line(head, " for ", blockkit.Code(e.Account))
		}
		head = blockkit.Line(head, ": "+sentence(e))
		text = fmt.Sprintf("%s%s, MFA session: %s", word, whom, sentence(e))
	default:
		return blockkit.Message{}, false
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(head)}
	elements = append(elements, quoted("", e.Reason)...)
	if details := detailsOf(e); len(details) > 0 {
		elements = append(elements, blockkit.Paragraph(details))
	}
	return blockkit.NewMessage(text, elements...), true
}
