package bot

import (
	"github.com/assumebot/assumebot/broker"
)

// revokedAudit heads an Event about what was taken back. It says "revoked" only
// where AWS was told.
func revokedAudit(e broker.Event) []span {
	what, rest := revokedHeadline(e)
	head := []span{bold(what), plain(rest)}
	switch {
	case e.DeniedAll:
		head = append(head, plain(" AWS refuses "), bold("everybody's"), plain(" sessions of the role that were issued before "), moment(e.DeniedBefore),
			plain(": its policy had no room for one more session name."))
	case !e.DeniedBefore.IsZero():
		head = append(head, plain(" AWS refuses this person's sessions that were issued before "), moment(e.DeniedBefore), plain("."))
	case !e.Expires.IsZero():
		head = append(head, plain(" The bot has forgotten its own; copies work until "), moment(e.Expires), plain("."))
	}
	if e.Code != "" {
		head = append(head, plain(" "), bold("Not complete: "), plain(e.Message))
	}
	return head
}

func revokedText(e broker.Event) string {
	what, rest := revokedHeadline(e)
	return what + rest
}

func revokedHeadline(e broker.Event) (what, rest string) {
	of := revokedFrom(e)
	if e.Account != "" {
		of = e.Account + " of " + of
	}
	if e.Target != "" {
		of += ", by " + person(e)
	}
	switch {
	case !e.DeniedBefore.IsZero():
		return "Revoked", " " + of + "."
	case e.Code != "" || !e.Expires.IsZero():
		return "Not revoked in AWS", ": " + of + "."
	}
	return "No credentials were live", ": " + of + "."
}

// revokedFrom is whose it was: a person's own, or another's whom an admin acted
// upon.
func revokedFrom(e broker.Event) string {
	if e.Target != "" {
		return target(e)
	}
	return person(e)
}
