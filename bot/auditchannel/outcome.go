package auditchannel

import (
	"strings"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

// Outcome is what an Event came to, in the fewest words: where who, of which account and
// when stand beside it. It holds nothing that a person typed.
func Outcome(e event.Event) []blockkit.Span {
	t := factsOf(e)
	if e.Kind == event.LockedOut {
		return blockkit.Line("Locked out until ", blockkit.Moment(t.Until.Time))
	}
	said := outcome(t)
	if e.Kind == event.Paused && !t.Until.IsZero() {
		return blockkit.Line(said+" until ", blockkit.Moment(t.Until.Time))
	}
	if t.BreakGlass {
		said = "BREAK-GLASS: " + said
	}
	if e.Kind == event.Granted && !t.MFA {
		said += " NO MFA."
	}
	if t.Ref != "" {
		said += " (ref " + t.Ref + ")"
	}
	return blockkit.Line(said)
}

func outcome(t told) string {
	switch t.Kind {
	case event.Granted:
		return granted(t)
	case event.Refused:
		return "Refused: " + sentence(t)
	case event.Failed:
		return "Failed: " + sentence(t)
	case event.Undelivered:
		return "Issued, and perhaps not shown"
	case event.Undeleted:
		return "The message with the credentials was not deleted"
	case event.Shown:
		return shown(t)
	case event.Listing:
		return "Listed buckets"
	case event.Ended:
		if t.is(broker.PurposeMFASession) {
			return "MFA session ended"
		}
		return "Ended"
	case event.Revoked:
		return revokedOutcome(t)
	case event.Identity:
		return "Asked AWS who they are"
	case event.KeyChanged:
		return "Key " + t.KeyChange
	case event.Approval:
		return approvalOutcome(t)
	case event.Acknowledged:
		return "Noted the break-glass of " + target(t)
	case event.Unknown:
		return "The outcome was never recorded: credentials may exist"
	case event.Interrupted:
		return "Interrupted: its replica stopped"
	}
	return orderOutcome(t)
}

func granted(t told) string {
	what := "Granted"
	switch {
	case t.is(broker.PurposeMFASession):
		what = "MFA session begun"
	case t.is(broker.PurposeConsole):
		what = "Granted, to sign in to the console"
	case t.is(broker.PurposeBuckets):
		what = "Granted, to list buckets"
	}
	if t.Seconds > 0 {
		what += " for " + duration(t.Seconds)
	}
	if by := people(t.ApprovedBy); by != "" {
		what += ", approved by " + by
	}
	if t.AccessKeyID != "" {
		what += ", " + t.AccessKeyID
	}
	return what
}

func shown(t told) string {
	if t.is(broker.PurposeConsole) {
		return "Sign-in link made, " + t.AccessKeyID
	}
	return "Shown again, " + t.AccessKeyID
}

func revokedOutcome(t told) string {
	what, _ := revokedHeadline(t)
	what = strings.TrimSuffix(strings.TrimSpace(what), ".")
	if whom := target(t); whom != "" && t.Target.ID != t.Actor.User {
		what += " of " + whom
	}
	if t.Code != "" {
		what += ": " + sentence(t)
	}
	return what
}

func approvalOutcome(t told) string {
	what := map[string]string{
		string(approval.Waiting):   "Approval asked for",
		string(approval.Approved):  "Approved",
		string(approval.Denied):    "Denied",
		string(approval.Cancelled): "Approval cancelled",
		string(approval.Expired):   "Approval expired",
	}[t.State]
	if what == "" {
		what = "Approval: " + t.State
	}
	if t.Target.ID != "" && t.Target.ID != t.Actor.User {
		what += ", for " + target(t)
	}
	return what
}

// orderOutcome is of what admins do: the first words of the post about it.
func orderOutcome(t told) string {
	whom := ""
	if t.Target.ID != "" {
		whom = " " + target(t)
	}
	switch t.Kind {
	case event.Blocked:
		return "Blocked" + whom
	case event.Unblocked:
		return notEnded(t) + "nblocked" + whom
	case event.Unlocked:
		return notEnded(t) + "nlocked" + whom
	case event.Paused:
		return "Paused the bot"
	case event.Resumed:
		return "Resumed the bot"
	case event.Who:
		return "Looked at everybody's live credentials"
	case event.Status:
		return "Looked at how the bot does"
	case event.History:
		return "Looked at " + lookedAt(t)
	}
	return string(t.Kind)
}

// notEnded begins what an admin lifted, or tried to.
func notEnded(t told) string {
	if broker.Code(t.Code) == broker.CodeNotEnded {
		return "Not u"
	}
	return "U"
}

// ReasonOf is what a person typed as reason, or why that is not there any more.
func ReasonOf(e event.Event) string {
	t := factsOf(e)
	if t.Reason.IsZero() {
		return ""
	}
	return words(t.Reason)
}
