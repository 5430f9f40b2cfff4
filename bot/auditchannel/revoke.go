package auditchannel

import (
	"github.com/assumebot/assumebot/bot/blockkit"
)

// revokedAudit heads an Event about what was taken back. It says "revoked" only
// where AWS was told.
func revokedAudit(e told) []blockkit.Span {
	what, rest := revokedHeadline(e)
	head := blockkit.Line(blockkit.Bold(what), rest)
	switch {
	case e.DeniedAll:
		head = blockkit.Line(head, " AWS refuses ", blockkit.Bold("everybody's"), " sessions of the role that were issued before ",
			blockkit.Moment(e.DeniedBefore.Time), ": its policy had no room for one more session name.")
	case !e.DeniedBefore.IsZero():
		head = blockkit.Line(head, " AWS refuses this person's sessions that were issued before ", blockkit.Moment(e.DeniedBefore.Time), ".")
	case !e.Expires.IsZero():
		head = blockkit.Line(head, " The bot has forgotten its own; copies work until ", blockkit.Moment(e.Expires.Time), ".")
	}
	if e.Code != "" {
		head = blockkit.Line(head, " ", blockkit.Bold("Not complete: "), sentence(e))
	}
	return head
}

func revokedText(e told) string {
	what, rest := revokedHeadline(e)
	return what + rest
}

func revokedHeadline(e told) (what, rest string) {
	of := revokedFrom(e)
	if e.Account != "" {
		of = e.Account + " of " + of
	}
	if e.Target.ID != "" {
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
func revokedFrom(e told) string {
	if e.Target.ID != "" {
		return target(e)
	}
	return person(e)
}
