package auditchannel

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/text"
)

// render is an Event as the audit channel shows it; post is false for
// those that are on the record alone. It names people without pinging them.
func render(e broker.Event) (m blockkit.Message, post bool) {
	if e.Purpose == broker.PurposeMFASession {
		return mfaAuditMessage(e)
	}
	if e.Kind == broker.EventConfig || e.Kind == broker.EventConfigBroken {
		return configAudit(e), true
	}
	head, _, done := adminAudit(e)
	if !done {
		head = headline(e)
	}
	if len(head) == 0 || isQuestion(e) {
		return blockkit.Message{}, false
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(head)}
	if e.Kind == broker.EventGranted && !e.MFA {
		elements = append(elements, blockkit.Paragraph(blockkit.Bold(blockkit.NoMFA)))
	}
	if e.Reason != "" {
		elements = append(elements, blockkit.Quote(e.Reason))
	}
	if e.Comment != "" {
		elements = append(elements, blockkit.Paragraph("Comment:"), blockkit.Quote(e.Comment))
	}
	if details := detailsOf(e); len(details) > 0 {
		elements = append(elements, blockkit.Paragraph(details))
	}
	return blockkit.NewMessage(textOf(e), elements...), true
}

// headline says in a sentence what an Event tells; nothing for one that is on
// the record alone.
func headline(e broker.Event) (head []blockkit.Span) {
	switch e.Kind {
	case broker.EventGranted:
		if e.BreakGlass {
			head = blockkit.Line(head, slack.NewRichTextSectionBroadcastElement("here"), " ", blockkit.Bold("BREAK-GLASS"), ", without approval: ")
		}
		head = blockkit.Line(head, blockkit.Bold("Granted"), " ", blockkit.Code(e.Account), " to "+person(e)+" until ", blockkit.Moment(e.Expires), ".")
	case broker.EventRefused:
		head = blockkit.Line(blockkit.Bold("Refused"), " "+person(e))
		if e.Account != "" {
			head = blockkit.Line(head, ", ", blockkit.Code(e.Account))
		}
		head = blockkit.Line(head, ": "+e.Message)
	case broker.EventKeyChanged:
		head = keyAudit(e)
	case broker.EventMembership:
		head = membershipAudit(e)
	case broker.EventLockedOut:
		head = lockedOutAudit(e)
	case broker.EventRevoked:
		head = revokedAudit(e)
	case broker.EventUndeleted:
		head = undeletedAudit(e)
	case broker.EventSetAside:
		head = blockkit.Line(blockkit.Bold("Given up"), ". "+e.Message+" The log says more; look who can write to Redis.")
	case broker.EventApproval:
		head = approvalAudit(e)
	case broker.EventAcknowledged:
		head = acknowledgedAudit(e)
	case broker.EventFailed:
		if e.Purpose == broker.PurposeKey {
			head = keyFailed(e)
			break
		}
		head = blockkit.Line(blockkit.Bold("Failed"), " for "+person(e)+", ", blockkit.Code(e.Account), ": "+e.Message)
	case broker.EventUndelivered:
		what, but := "Not shown", ", but did not reach the person."
		if e.Code == broker.CodeDeliveryUnknown {
			what, but = "Perhaps not shown", ", and Slack did not say whether it showed them."
		}
		head = blockkit.Line(blockkit.Bold(what), " to "+person(e)+": credentials for ", blockkit.Code(e.Account), " were issued, live until ",
			blockkit.Moment(e.Expires), but)
	case broker.EventEnded:
		head = blockkit.Line(blockkit.Bold("Ended"), " by "+person(e)+", ", blockkit.Code(e.Account),
			": the bot has forgotten the credentials; AWS keeps them valid until ", blockkit.Moment(e.Expires), ".")
	}
	return head
}

// person names whom an Event is about, without pinging.
func person(e broker.Event) string {
	if e.User == "" {
		return e.SlackUser + " of " + e.SlackTeam
	}
	return e.User + " (" + e.SlackUser + ")"
}

// detailsOf are what an investigator looks up elsewhere.
func detailsOf(e broker.Event) []blockkit.Span {
	var spans []blockkit.Span
	add := func(label, value string) {
		if value == "" {
			return
		}
		if len(spans) > 0 {
			spans = blockkit.Line(spans, " · ")
		}
		spans = blockkit.Line(spans, label+" ", blockkit.Code(value))
	}
	principal := e.Principal
	if principal == "" {
		principal = string(e.RoleARN)
	}
	if e.Kind == broker.EventRefused && e.Target != "" {
		add("about", target(e))
	}
	if e.Kind != broker.EventRefused {
		add("as", principal)
		how := string(e.Method)
		switch {
		case how == "":
		case e.MFASession != "":
			how += " from the MFA session"
		case e.MFA:
			how += " with MFA"
		default:
			how += " without MFA"
		}
		add("by", how)
		if e.Seconds > 0 && e.Purpose != broker.PurposeKey {
			add("for", text.FormatDuration(time.Duration(e.Seconds)*time.Second))
		}
		if e.Purpose == broker.PurposeBuckets {
			add("to", "list buckets")
		}
		if e.Purpose == broker.PurposeConsole {
			add("to", "sign in to the console")
		}
	}
	add("rule", e.Rule)
	if e.Kind != broker.EventApproval {
		add("approved by", strings.Join(e.ApprovedBy, ", "))
	}
	add("access key", e.AccessKeyID)
	add("MFA session", e.MFASession)
	add("STS request", e.STSRequestID)
	if e.Code != "" {
		add("error", string(e.Code))
	}
	add("ref", e.Ref)
	return spans
}

// textOf is the fallback: ours alone, nothing that a person typed.
func textOf(e broker.Event) string {
	if _, text, ok := adminAudit(e); ok {
		return text
	}
	switch e.Kind {
	case broker.EventGranted:
		text := fmt.Sprintf("Granted %s to %s until %s.", e.Account, person(e), blockkit.UTC(e.Expires))
		if e.BreakGlass {
			text = "BREAK-GLASS, without approval: " + text
		}
		if !e.MFA {
			text += " " + blockkit.NoMFA
		}
		return text
	case broker.EventKeyChanged:
		return keyAuditText(e)
	case broker.EventMembership:
		return membershipText(e)
	case broker.EventLockedOut:
		return lockedOutText(e)
	case broker.EventRevoked:
		return revokedText(e)
	case broker.EventUndeleted:
		return undeletedText(e)
	case broker.EventSetAside:
		return "Given up. " + e.Message
	case broker.EventApproval, broker.EventAcknowledged:
		return approvalAuditText(e)
	case broker.EventFailed:
		if e.Purpose == broker.PurposeKey {
			return fmt.Sprintf("Failed for %s, a key to be %s: %s", person(e), e.KeyChange, e.Message)
		}
		return fmt.Sprintf("Failed for %s, %s: %s", person(e), e.Account, e.Message)
	case broker.EventEnded:
		return fmt.Sprintf("Ended by %s, %s.", person(e), e.Account)
	case broker.EventUndelivered:
		return fmt.Sprintf("Not shown to %s: credentials for %s.", person(e), e.Account)
	}
	return "Refused " + person(e) + ": " + e.Message
}

// foldMessage tells of what was only counted; name is the tally's.
func foldMessage(name string, f tally) blockkit.Message {
	user, _, _ := strings.Cut(name, foldKind)
	who := user
	switch {
	case user == "":
		who = "the bot"
	case f.User != "":
		who = f.User + " (" + user + ")"
	}
	what, whose := foldWords(f.Kind)
	more := blockkit.Counted(f.Count, what)
	var kinds []string
	for _, c := range slices.Sorted(maps.Keys(f.Codes)) {
		kind := string(c)
		if n := f.Codes[c]; n > 1 {
			kind = fmt.Sprintf("%d× %s", n, c)
		}
		kinds = append(kinds, kind)
	}
	rest := whose + who + " since the last"
	if len(kinds) > 0 {
		rest += ": " + strings.Join(kinds, ", ")
	}
	rest += "."
	return blockkit.NewMessage(more+rest, blockkit.Paragraph(blockkit.Bold(more), rest))
}

// unshownMessage stands in for an Event that Slack does not take. It holds
// nothing of the Event, so that Slack takes it.
func unshownMessage(position string) blockkit.Message {
	text := "An event is on the record but could not be shown here."
	return blockkit.NewMessage(text, blockkit.Paragraph(text+" Position ", blockkit.Code(position)))
}

func brokenMessage(position string) blockkit.Message {
	text := "An entry of the audit record cannot be read. Look at it in the store: somebody or something changed it."
	return blockkit.NewMessage(text, blockkit.Paragraph(blockkit.Bold(text), " Position ", blockkit.Code(position)))
}
