package auditchannel

import "github.com/assumebot/assumebot/broker/event"

// givenUp says which list an entry was of, and why nobody works on it any more.
func givenUp(of event.Payload) string {
	p, _ := of.(event.SetAsideData)
	why := map[string]string{
		"unreadable":   "it does not open, since it was changed, an older release wrote it, or its seal key is gone",
		"too_often":    "it was worked on again and again, and no time ended",
		"panics":       "working on it panics",
		"no_reminder":  "it is no reminder",
		"no_approval":  "it is about no approval",
		"no_approver":  "it is about no approver",
		"no_answer":    "it is no answer",
		"not_writable": "it cannot be written again",
		"no_message":   "it names no direct message to delete",
	}[p.Why]
	return "An entry of the list of " + p.List + " was set aside: " + orElse(why, p.Why) + "."
}
