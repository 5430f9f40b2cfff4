package auditchannel

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// mfaAuditMessage is an Event about an MFA session as the audit channel shows
// it. It names no Account: one that it mentions is what the code was sent for.
func mfaAuditMessage(e broker.Event) (blockkit.Message, bool) {
	var (
		head []blockkit.Span
		text string
	)
	switch e.Kind {
	case broker.EventGranted:
		head = []blockkit.Span{blockkit.Bold("MFA session"), blockkit.Plain(" of " + person(e) + " begun, until "), blockkit.Moment(e.Expires)}
		if e.Account != "" {
			head = append(head, blockkit.Plain(", with a code for "), blockkit.Code(e.Account))
		}
		head = append(head, blockkit.Plain("."))
		text = fmt.Sprintf("MFA session of %s begun, until %s.", person(e), blockkit.UTC(e.Expires))
	case broker.EventEnded:
		head = []blockkit.Span{blockkit.Bold("MFA session"), blockkit.Plain(" of " + person(e) + " was ended by its owner.")}
		if !e.Expires.IsZero() {
			head = append(head, blockkit.Plain(" AWS would accept its credentials until "), blockkit.Moment(e.Expires), blockkit.Plain("; nobody has them."))
		}
		text = fmt.Sprintf("MFA session of %s was ended by its owner.", person(e))
	case broker.EventFailed, broker.EventRefused:
		word, whom := "Failed", " for "+person(e)
		if e.Kind == broker.EventRefused {
			word, whom = "Refused", " "+person(e)
		}
		head = []blockkit.Span{blockkit.Bold(word), blockkit.Plain(whom + ", MFA session")}
		if e.Account != "" {
			head = append(head, blockkit.Plain(" for "), blockkit.Code(e.Account))
		}
		head = append(head, blockkit.Plain(": "+e.Message))
		text = fmt.Sprintf("%s%s, MFA session: %s", word, whom, e.Message)
	default:
		return blockkit.Message{}, false
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(head...)}
	if e.Reason != "" {
		elements = append(elements, blockkit.Quote(e.Reason))
	}
	if details := detailsOf(e); len(details) > 0 {
		elements = append(elements, blockkit.Paragraph(details...))
	}
	return blockkit.NewMessage(text, elements...), true
}
