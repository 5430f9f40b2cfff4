package auditchannel

import (
	"strings"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// adminAudit heads an Event about what an admin did, and says it in a sentence;
// ok is false for any other.
func adminAudit(e broker.Event) (head []blockkit.Span, text string, ok bool) {
	what, rest := "", ""
	whom := target(e)
	switch e.Kind {
	case broker.EventBlocked:
		what, rest = "Blocked", " "+whom+": nothing for them until they are unblocked. By "+person(e)+"."
	case broker.EventUnblocked:
		what, rest = "Unblocked", " "+whom+", by "+person(e)+"."
	case broker.EventUnlocked:
		what, rest = "Unlocked", " "+whom+" after wrong codes, by "+person(e)+"."
	case broker.EventPaused:
		what, rest = "Paused", ": nothing for anybody until it is resumed. By "+person(e)+"."
	case broker.EventResumed:
		what, rest = "Resumed", " by "+person(e)+"."
	case broker.EventWho:
		what, rest = "Looked at", " by "+person(e)+": everybody's live credentials."
	default:
		return nil, "", false
	}
	if e.Code == broker.CodeNotEnded && e.Kind == broker.EventUnlocked {
		what, rest = "Not locked out", ": "+whom+", whose wrong codes until now are forgotten. By "+person(e)+"."
	} else if e.Code == broker.CodeNotEnded {
		what, rest = "Not "+strings.ToLower(what), rest+" It had ended already, or a newer order stands."
	}
	return blockkit.Line(blockkit.Bold(what), rest), what + rest, true
}
