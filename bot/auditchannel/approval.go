package auditchannel

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

// isQuestion reports whether a refusal is only the question for an approval,
// which has a message of its own.
func isQuestion(e told) bool {
	return e.Kind == event.Refused && broker.Code(e.Code) == broker.CodeNeedsApproval && !e.is(broker.PurposeBuckets)
}

// approvalAudit heads an Event about what became of an Approval; nil for one that
// only waits, which has a message of its own.
func approvalAudit(e told) []blockkit.Span {
	what := blockkit.Line(" what "+target(e)+" asked for, ", blockkit.Code(e.Account))
	switch approval.State(e.State) {
	case approval.Approved:
		return blockkit.Line(blockkit.Bold("Approved"), what, ", by "+people(e.ApprovedBy)+".")
	case approval.Denied:
		return blockkit.Line(blockkit.Bold("Denied"), what, ", by "+person(e)+".")
	case approval.Cancelled:
		if e.Actor.User != e.Target.ID {
			return blockkit.Line(blockkit.Bold("Cancelled"), what, ", by "+person(e)+".")
		}
		return blockkit.Line(blockkit.Bold("Cancelled"), " by "+person(e)+": the request for ", blockkit.Code(e.Account), ".")
	case approval.Expired:
		if e.BreakGlass {
			return blockkit.Line(blockkit.Bold("Not acknowledged"), " in time: break-glass of "+target(e)+", ", blockkit.Code(e.Account), ".")
		}
		head := blockkit.Line(blockkit.Bold("Expired:"), what, ".")
		if len(e.ApprovedBy) > 0 {
			head = blockkit.Line(head, " Approved by "+people(e.ApprovedBy)+".")
		}
		return head
	}
	return nil
}

func acknowledgedAudit(e told) []blockkit.Span {
	return blockkit.Line(blockkit.Bold("Acknowledged"), " by "+person(e)+": break-glass of "+target(e)+", ", blockkit.Code(e.Account), ".")
}

// approvalAuditText is the fallback of both.
func approvalAuditText(e told) string {
	what := e.State
	if e.Kind == event.Acknowledged {
		return fmt.Sprintf("Break-glass of %s, %s: acknowledged by %s.", target(e), e.Account, person(e))
	}
	return fmt.Sprintf("Approval %s: %s, %s.", what, target(e), e.Account)
}

// target names whom somebody else acted upon, without pinging.
func target(e told) string { return blockkit.Named(e.Target.Name, e.Target.ID) }

// people names them, without pinging.
func people(all []event.Person) string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}
