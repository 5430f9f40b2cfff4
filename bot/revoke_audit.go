package bot

import (
	"fmt"

	"github.com/assumebot/assumebot/broker"
)

// revokedAudit heads an Event about what was taken back.
func revokedAudit(e broker.Event) []span {
	head := []span{bold("Revoked"), plain(" what " + revokedFrom(e) + " had")}
	if e.Account != "" {
		head = append(head, plain(" of "), code(e.Account))
	}
	if e.Target != "" {
		head = append(head, plain(", by "+person(e)))
	}
	head = append(head, plain("."))
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
	if e.Account == "" {
		return fmt.Sprintf("Revoked what %s had. %s", revokedFrom(e), e.Message)
	}
	return fmt.Sprintf("Revoked what %s had of %s. %s", revokedFrom(e), e.Account, e.Message)
}

// revokedFrom is whose it was: a person's own, or another's whom an admin acted
// upon.
func revokedFrom(e broker.Event) string {
	if e.Target != "" {
		return target(e)
	}
	return person(e)
}
