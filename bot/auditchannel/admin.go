package auditchannel

import (
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// adminAudit heads an Event about what an admin did, and says it in a sentence;
// ok is false for any other.
func adminAudit(e told) (head []blockkit.Span, text string, ok bool) {
	what, rest := "", ""
	whom := target(e)
	switch e.Kind {
	case event.Blocked:
		what, rest = "Blocked", " "+whom+": nothing for them until they are unblocked. By "+person(e)+"."
	case event.Unblocked:
		what, rest = "Unblocked", " "+whom+", by "+person(e)+"."
	case event.Unlocked:
		what, rest = "Unlocked", " "+whom+" after wrong codes, by "+person(e)+"."
	case event.Paused:
		what, rest = "Paused", ": nothing for anybody until it is resumed. By "+person(e)+"."
	case event.Resumed:
		what, rest = "Resumed", " by "+person(e)+"."
	case event.Who:
		what, rest = "Looked at", " by "+person(e)+": everybody's live credentials."
	case event.Status:
		what, rest = "Looked at", " by "+person(e)+": how the bot does."
	case event.History:
		what, rest = "Looked at", " by "+person(e)+": "+lookedAt(e)+"."
	default:
		return nil, "", false
	}
	if broker.Code(e.Code) == broker.CodeNotEnded && e.Kind == event.Unlocked {
		what, rest = "Not locked out", ": "+whom+", whose wrong codes until now are forgotten. By "+person(e)+"."
	} else if broker.Code(e.Code) == broker.CodeNotEnded {
		what, rest = "Not "+strings.ToLower(what), rest+" It had ended already, or a newer order stands."
	}
	head = blockkit.Line(blockkit.Bold(what), rest)
	if e.Kind == event.Paused && !e.Until.IsZero() {
		const until = " It ends by itself: "
		return append(head, blockkit.Line(until, blockkit.Moment(e.Until.Time), ".")...), what + rest + until + blockkit.UTC(e.Until.Time) + ".", true
	}
	return head, what + rest, true
}

// lookedAt is what of the record an admin saw.
func lookedAt(e told) string {
	p, _ := e.Data.(event.HistoryData)
	said := "everybody's history"
	if p.Target.ID != "" {
		said = "the history of " + p.Target.String()
	}
	if p.Account != "" {
		said += " in " + p.Account
	}
	if p.What != "" {
		said += ", of the kind " + p.What
	}
	if !p.Since.IsZero() {
		said += ", since " + p.Since.UTC().Format(time.DateOnly)
	}
	if p.Before > 0 {
		said += ", before " + blockkit.EntryName(p.Before)
	}
	return said
}
