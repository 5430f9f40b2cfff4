package bot

import (
	"fmt"

	"github.com/assumebot/assumebot/broker"
)

// revokedAudit heads an Event about what was taken back.
func revokedAudit(e broker.Event) []span {
	head := []span{bold("Revoked"), plain(" what " + person(e) + " had of "), code(e.Account), plain(".")}
	switch {
	case e.DeniedAll:
		head = append(head, plain(" The role had no room for one more session: AWS refuses "), bold("everybody's"), plain(" that were issued before "), moment(e.DeniedBefore), plain("."))
	case !e.DeniedBefore.IsZero():
		head = append(head, plain(" AWS refuses this person's sessions that were issued before "), moment(e.DeniedBefore), plain("."))
	case e.Code == "":
		head = append(head, plain(" The bot has forgotten it; AWS was not told, copies work until they expire."))
	}
	if e.Code != "" {
		head = append(head, plain(" "), bold("Not complete: "), plain(e.Message))
	}
	return head
}

func revokedText(e broker.Event) string {
	return fmt.Sprintf("Revoked what %s had of %s. %s", person(e), e.Account, e.Message)
}
