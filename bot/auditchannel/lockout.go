package auditchannel

import (
	"fmt"

	"github.com/assumebot/assumebot/bot/blockkit"
)

// lockedOutAudit heads an Event about wrong codes: the person's own, or those of
// somebody at their Slack.
func lockedOutAudit(e told) []blockkit.Span {
	return blockkit.Line(blockkit.Bold("Locked out"), ": "+person(e)+" sent too many wrong codes. No code of theirs goes to AWS until ",
		blockkit.Moment(e.Until.Time), ".")
}

func lockedOutText(e told) string {
	return fmt.Sprintf("Locked out: %s sent too many wrong codes.", person(e))
}
