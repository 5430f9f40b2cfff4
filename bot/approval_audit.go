package bot

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker"
)

// isQuestion reports whether a refusal is only the question for an approval,
// which has a message of its own.
func isQuestion(e broker.Event) bool {
	return e.Kind == broker.EventRefused && e.Code == broker.CodeNeedsApproval && e.Purpose != broker.PurposeBuckets
}

// approvalAudit heads an Event about what became of an Approval; nil for one that
// only waits, which has a message of its own.
func approvalAudit(e broker.Event) []span {
	what := []span{plain(" what " + target(e) + " asked for, "), code(e.Account)}
	switch e.State {
	case broker.ApprovalApproved:
		return append(append([]span{bold("Approved")}, what...), plain(", by "+strings.Join(e.ApprovedBy, ", ")+"."))
	case broker.ApprovalDenied:
		return append(append([]span{bold("Denied")}, what...), plain(", by "+person(e)+"."))
	case broker.ApprovalCancelled:
		if e.SlackUser != e.Target {
			return append(append([]span{bold("Cancelled")}, what...), plain(", by "+person(e)+"."))
		}
		return []span{bold("Cancelled"), plain(" by " + person(e) + ": the request for "), code(e.Account), plain(".")}
	case broker.ApprovalExpired:
		if e.BreakGlass {
			return []span{bold("Not acknowledged"), plain(" in time: break-glass of " + target(e) + ", "), code(e.Account), plain(".")}
		}
		head := append(append([]span{bold("Expired:")}, what...), plain("."))
		if len(e.ApprovedBy) > 0 {
			head = append(head, plain(" Approved by "+strings.Join(e.ApprovedBy, ", ")+"."))
		}
		return head
	}
	return nil
}

func acknowledgedAudit(e broker.Event) []span {
	return []span{bold("Acknowledged"), plain(" by " + person(e) + ": break-glass of " + target(e) + ", "), code(e.Account), plain(".")}
}

// approvalAuditText is the fallback of both.
func approvalAuditText(e broker.Event) string {
	what := string(e.State)
	if e.Kind == broker.EventAcknowledged {
		return fmt.Sprintf("Break-glass of %s, %s: acknowledged by %s.", target(e), e.Account, person(e))
	}
	return fmt.Sprintf("Approval %s: %s, %s.", what, target(e), e.Account)
}

// target names whom somebody else acted upon, without pinging.
func target(e broker.Event) string { return named(e.TargetName, e.Target) }
