package auditchannel

import (
	"fmt"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// undeletedAudit heads an Event about credentials that Slack keeps.
func undeletedAudit(e broker.Event) []blockkit.Span {
	return blockkit.Line(blockkit.Bold("Not deleted"), ": the direct message to "+person(e)+" with credentials for ", blockkit.Code(e.Account),
		", live until ", blockkit.Moment(e.Expires), ". Slack refuses. "+e.Message)
}

func undeletedText(e broker.Event) string {
	return fmt.Sprintf("Not deleted: the direct message to %s with credentials for %s. %s", person(e), e.Account, e.Message)
}
