package bot

import (
	"fmt"

	"github.com/assumebot/assumebot/broker"
)

// undeletedAudit heads an Event about credentials that Slack keeps.
func undeletedAudit(e broker.Event) []span {
	return []span{bold("Not deleted"), plain(": the direct message to " + person(e) + " with credentials for "), code(e.Account),
		plain(", live until "), moment(e.Expires), plain(". Slack refuses. " + e.Message)}
}

func undeletedText(e broker.Event) string {
	return fmt.Sprintf("Not deleted: the direct message to %s with credentials for %s. %s", person(e), e.Account, e.Message)
}
