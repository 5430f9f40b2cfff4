package auditchannel

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// render is an Event as the audit channel shows it; post is false for
// those that are on the record alone. It names people without pinging them.
func render(e told) (m blockkit.Message, post bool) {
	if m, post = recordAudit(e); post {
		return m, true
	}
	if e.is(broker.PurposeMFASession) {
		return mfaAuditMessage(e)
	}
	switch p := e.Data.(type) {
	case event.ConfigData:
		return configAudit(p), true
	case event.ConfigBrokenData:
		return configBrokenAudit(p), true
	case event.RotationData:
		return rotationAudit(p)
	case event.DrillData:
		return drillAudit(p), true
	}
	head, _, done := adminAudit(e)
	if !done {
		head = headline(e)
	}
	if len(head) == 0 || isQuestion(e) {
		return blockkit.Message{}, false
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(head)}
	if e.Kind == event.Granted && !e.MFA {
		elements = append(elements, blockkit.Paragraph(blockkit.Bold(blockkit.NoMFA)))
	}
	elements = append(elements, quoted("", e.Reason)...)
	elements = append(elements, quoted("Comment:", e.Comment)...)
	if details := detailsOf(e); len(details) > 0 {
		elements = append(elements, blockkit.Paragraph(details))
	}
	return blockkit.NewMessage(textOf(e), elements...), true
}

// headline says in a sentence what an Event tells; nothing for one that is on
// the record alone.
func headline(e told) (head []blockkit.Span) {
	switch e.Kind {
	case event.Granted:
		if e.BreakGlass {
			head = blockkit.Line(head, slack.NewRichTextSectionBroadcastElement("here"), " ", blockkit.Bold("BREAK-GLASS"), ", without approval: ")
		}
		head = blockkit.Line(head, blockkit.Bold("Granted"), " ", blockkit.Code(e.Account), " to "+person(e)+" until ", blockkit.Moment(e.Expires.Time), ".")
	case event.Refused:
		head = blockkit.Line(blockkit.Bold("Refused"), " "+person(e))
		if e.Account != "" {
			head = blockkit.Line(head, ", ", blockkit.Code(e.Account))
		}
		head = blockkit.Line(head, ": "+sentence(e))
	case event.KeyChanged:
		head = keyAudit(e)
	case event.Membership:
		head = membershipAudit(e.Data)
	case event.LockedOut:
		head = lockedOutAudit(e)
	case event.Revoked:
		head = revokedAudit(e)
	case event.Undeleted:
		head = undeletedAudit(e)
	case event.SetAside:
		head = blockkit.Line(blockkit.Bold("Given up"), ". "+givenUp(e.Data)+" The log says more; look who can write to Redis.")
	case event.Approval:
		head = approvalAudit(e)
	case event.Acknowledged:
		head = acknowledgedAudit(e)
	case event.Failed:
		if e.is(broker.PurposeKey) {
			head = keyFailed(e)
			break
		}
		head = blockkit.Line(blockkit.Bold("Failed"), " for "+person(e)+", ", blockkit.Code(e.Account), ": "+sentence(e))
	case event.Undelivered:
		what, but := "Not shown", ", but did not reach the person."
		if broker.Code(e.Code) == broker.CodeDeliveryUnknown {
			what, but = "Perhaps not shown", ", and Slack did not say whether it showed them."
		}
		head = blockkit.Line(blockkit.Bold(what), " to "+person(e)+": credentials for ", blockkit.Code(e.Account), " were issued, live until ",
			blockkit.Moment(e.Expires.Time), but)
	case event.Ended:
		head = blockkit.Line(blockkit.Bold("Ended"), " by "+person(e)+", ", blockkit.Code(e.Account),
			": the bot has forgotten the credentials; AWS keeps them valid until ", blockkit.Moment(e.Expires.Time), ".")
	}
	return head
}

// person names whom an Event is about, without pinging.
func person(e told) string {
	if e.Actor.Name == "" {
		return e.Actor.User + " of " + e.Actor.Team
	}
	return e.Actor.Name + " (" + e.Actor.User + ")"
}

// detailsOf are what an investigator looks up elsewhere.
func detailsOf(e told) []blockkit.Span {
	var spans []blockkit.Span
	add := func(label, value string) {
		if value == "" {
			return
		}
		if len(spans) > 0 {
			spans = blockkit.Line(spans, " · ")
		}
		if label != "" {
			spans = blockkit.Line(spans, label+" ")
		}
		spans = blockkit.Line(spans, blockkit.Code(value))
	}
	principal := e.Principal
	if principal == "" {
		principal = e.RoleARN
	}
	if e.Kind == event.Refused && e.Target.ID != "" {
		add("about", target(e))
	}
	if e.Kind != event.Refused {
		add("as", principal)
		add("by", howOf(e))
		if e.Seconds > 0 && !e.is(broker.PurposeKey) {
			add("for", duration(e.Seconds))
		}
		if e.is(broker.PurposeBuckets) {
			add("to", "list buckets")
		}
		if e.is(broker.PurposeConsole) {
			add("to", "sign in to the console")
		}
	}
	add("rule", e.Rule)
	if e.Kind != event.Approval {
		add("approved by", people(e.ApprovedBy))
	}
	add("access key", e.AccessKeyID)
	add("MFA session", e.MFASession)
	add("STS request", e.STSRequestID)
	if e.STSUnanswered != "" {
		add("in", e.STSRegion)
		add("perhaps issued before, unanswered, in", e.STSUnanswered)
	}
	if e.Code != "" {
		add("error", e.Code)
	}
	add("ref", e.Ref)
	if e.entry != nil {
		add("", blockkit.EntryName(*e.entry))
	}
	return spans
}

// howOf is the call by which something was issued, and on what.
func howOf(e told) string {
	switch {
	case e.Method == "":
		return ""
	case e.MFASession != "":
		return e.Method + " from the MFA session"
	case e.MFA:
		return e.Method + " with MFA"
	}
	return e.Method + " without MFA"
}

// textOf is the fallback: ours alone, nothing that a person typed.
func textOf(e told) string {
	if _, text, ok := adminAudit(e); ok {
		return text
	}
	switch e.Kind {
	case event.Granted:
		text := fmt.Sprintf("Granted %s to %s until %s.", e.Account, person(e), blockkit.UTC(e.Expires.Time))
		if e.BreakGlass {
			text = "BREAK-GLASS, without approval: " + text
		}
		if !e.MFA {
			text += " " + blockkit.NoMFA
		}
		return text
	case event.KeyChanged:
		return keyAuditText(e)
	case event.Membership:
		return membershipText(e.Data)
	case event.LockedOut:
		return lockedOutText(e)
	case event.Revoked:
		return revokedText(e)
	case event.Undeleted:
		return undeletedText(e)
	case event.SetAside:
		return "Given up. " + givenUp(e.Data)
	case event.Approval, event.Acknowledged:
		return approvalAuditText(e)
	case event.Failed:
		if e.is(broker.PurposeKey) {
			return fmt.Sprintf("Failed for %s, a key to be %s: %s", person(e), e.KeyChange, sentence(e))
		}
		return fmt.Sprintf("Failed for %s, %s: %s", person(e), e.Account, sentence(e))
	case event.Ended:
		return fmt.Sprintf("Ended by %s, %s.", person(e), e.Account)
	case event.Undelivered:
		return fmt.Sprintf("Not shown to %s: credentials for %s.", person(e), e.Account)
	}
	return "Refused " + person(e) + ": " + sentence(e)
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
func unshownMessage(number int64) blockkit.Message {
	text := "An event is on the record but could not be shown here."
	return blockkit.NewMessage(text, blockkit.Paragraph(text+" It is ", entryName(number), "."))
}

func brokenMessage(number int64) blockkit.Message {
	text := "An entry of the audit record cannot be read: somebody or something changed it."
	return blockkit.NewMessage(text, blockkit.Paragraph(blockkit.Bold(text), " It is ", entryName(number), ". assumebot record verify says more."))
}

// missedMessage tells of entries that are gone and that nobody was told of here.
func missedMessage(first, count int64) blockkit.Message {
	text := blockkit.Counted(int(count), "event") + " of the record could not be told here: the store does not have them any more."
	return blockkit.NewMessage(text, blockkit.Paragraph(blockkit.Bold(text), " The first is ", entryName(first), ". An archive has them, where there is one."))
}

// aheadMessage tells that this channel's position was beyond the end of the record.
func aheadMessage(end int64) blockkit.Message {
	text := "This channel had been told more entries than the record has, if its position is right: Redis went back, or somebody changed it."
	return blockkit.NewMessage(text, blockkit.Paragraph(blockkit.Bold(text), " It goes on at ", entryName(end), ": see that it has those before."))
}

func entryName(number int64) blockkit.Span { return blockkit.Code(blockkit.EntryName(number)) }
