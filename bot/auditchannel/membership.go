package auditchannel

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

// memberListLimit keeps a large change within what Slack takes in one message;
// all of it is on the record.
const memberListLimit = 50

// membershipAudit heads an Event about a changed user group. It names people by
// ID, without pinging them.
func membershipAudit(of event.Payload) []blockkit.Span {
	e, _ := of.(event.MembershipData)
	spans := blockkit.Line(blockkit.Bold("Members changed"), " of the user group ", blockkit.Code(e.Group), part(e.Piece)+":")
	for _, change := range []struct {
		what string
		ids  []string
	}{{" added ", e.Added}, {" removed ", e.Removed}} {
		if len(change.ids) > 0 {
			spans = blockkit.Line(spans, change.what, blockkit.Code(memberList(change.ids)), ".")
		}
	}
	return spans
}

func memberList(ids []string) string {
	if len(ids) <= memberListLimit {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:memberListLimit], ", "), len(ids)-memberListLimit)
}

func membershipText(of event.Payload) string {
	e, _ := of.(event.MembershipData)
	return fmt.Sprintf("Members of the user group %s changed: %d added, %d removed.", e.Group, len(e.Added), len(e.Removed))
}
