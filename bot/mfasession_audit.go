package bot

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// mfaAuditMessage is an Event about an MFA session as the audit channel shows
// it. It names no Account: one that it mentions is what the code was sent for.
func mfaAuditMessage(e broker.Event) (message, bool) {
	var (
		head []span
		text string
	)
	switch e.Kind {
	case broker.EventGranted:
		head = []span{bold("MFA session"), plain(" of " + person(e) + " begun, until "), moment(e.Expires)}
		if e.Account != "" {
			head = append(head, plain(", with a code for "), code(e.Account))
		}
		head = append(head, plain("."))
		text = fmt.Sprintf("MFA session of %s begun, until %s.", person(e), inUTC(e.Expires))
	case broker.EventEnded:
		head = []span{bold("MFA session"), plain(" of " + person(e) + " was ended by its owner.")}
		if !e.Expires.IsZero() {
			head = append(head, plain(" AWS would accept its credentials until "), moment(e.Expires), plain("; nobody has them."))
		}
		text = fmt.Sprintf("MFA session of %s was ended by its owner.", person(e))
	case broker.EventFailed, broker.EventRefused:
		word, whom := "Failed", " for "+person(e)
		if e.Kind == broker.EventRefused {
			word, whom = "Refused", " "+person(e)
		}
		head = []span{bold(word), plain(whom + ", MFA session")}
		if e.Account != "" {
			head = append(head, plain(" for "), code(e.Account))
		}
		head = append(head, timed(": "+e.Message, plains)...)
		text = fmt.Sprintf("%s%s, MFA session: %s", word, whom, e.Message)
	default:
		return message{}, false
	}
	elements := []slack.RichTextElement{paragraph(head...)}
	if e.Reason != "" {
		elements = append(elements, quote(e.Reason))
	}
	if details := auditDetails(e); len(details) > 0 {
		elements = append(elements, paragraph(details...))
	}
	return newMessage(text, elements...), true
}
