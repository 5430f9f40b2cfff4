package auditchannel

import (
	"fmt"

	"github.com/assumebot/assumebot/bot/blockkit"
)

// undeletedAudit heads an Event about credentials that Slack keeps.
func undeletedAudit(e told) []blockkit.Span {
	return blockkit.Line(blockkit.Bold("Not deleted"), ": the direct message to "+person(e)+" with credentials for ", blockkit.Code(e.Account),
		", live until ", blockkit.Moment(e.Expires.Time), ". Slack refuses. "+whatIsLeft(e))
}

func undeletedText(e told) string {
	return fmt.Sprintf("Not deleted: the direct message to %s with credentials for %s. %s", person(e), e.Account, whatIsLeft(e))
}

// whatIsLeft says what of the credentials can still be read.
func whatIsLeft(e told) string {
	if e.Removed {
		return "The credentials were taken out of its text; Slack may have kept the earlier one."
	}
	return "The credentials can still be read there."
}
