package message

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/prose"
)

// Revoked says what became of it; its headline says "revoked" only where
// AWS was told.
func Revoked(v Voice, done broker.Revocation) blockkit.Message {
	account := done.Account.Name
	headline, head := "", []blockkit.Span(nil)
	switch {
	case done.Denied != nil:
		headline, head = "Revoked "+account+".", append(blockkit.Line(blockkit.Bold("Revoked"), ": "), deniedSpans(done, "your")...)
	case done.Ended > 0:
		headline = "Not revoked in AWS: copies of " + account + " work until they expire."
		head = blockkit.Line(blockkit.Bold("Not revoked in AWS"), ": copies of ", blockkit.Bold(account), " work until ", blockkit.Moment(done.Until), ".")
	case done.Err != nil:
		headline = "Not complete: " + v.text(done.Err.What)
		head = blockkit.Line(blockkit.Bold("Nothing of yours was found for "), blockkit.Bold(account), ".")
	default:
		headline, head = "Nothing of "+account+" was live.", blockkit.Line(blockkit.Bold("Nothing was live"),
			": the bot holds no credentials of yours for ", blockkit.Bold(account), ".")
	}
	said := []slack.RichTextElement{blockkit.Paragraph(head)}
	if done.Ended > 0 || done.Session || len(done.Cancelled) > 0 {
		said = append(said, blockkit.Paragraph("The bot has "+tookBack(done.Ended, done.Session, "your", done.Cancelled)+"."))
	}
	if done.Err != nil {
		said = append(said, v.notComplete(done.Err))
	}
	if done.Denied == nil && done.Account.Revoker == "" && (done.Ended > 0 || done.Err != nil) {
		said = append(said, blockkit.Paragraph("AWS was not told, because the config names no revoker for this account. "+
			"If somebody else may have the credentials, tell the people who run the AWS account now."))
	}
	if done.Nothing && done.Err == nil {
		said = append(said, blockkit.Paragraph(v.say("So AWS was told nothing. If somebody may have copies all the same, have an admin send ",
			prose.AssumeCmd("revoke @PERSON"), ".")))
	}
	return blockkit.NewMessage(headline, said...)
}

// StillRevoking is the answer while AWS takes its time.
func StillRevoking(what string) blockkit.Message {
	return blockkit.NewMessage("Still revoking "+what+": AWS takes long to answer.",
		blockkit.Paragraph(blockkit.Bold("Not revoked yet"), ": AWS takes long to answer about ", blockkit.Bold(what),
			". The bot goes on, and tells you by direct message what came of it."))
}

// deniedSpans says what AWS refuses now.
func deniedSpans(done broker.Revocation, whose string) []blockkit.Span {
	why := "."
	if done.Denied.Everybody {
		whose, why = "everybody's", ". The role's policy had no room for one more session name."
	}
	return blockkit.Line("AWS refuses "+whose+" sessions of ", blockkit.Bold(done.Account.Name), " that were issued before ",
		blockkit.Moment(done.Denied.Before), why+" It can take minutes until AWS does so everywhere.")
}

// tookBack says what the bot itself took back; whose is whose MFA session it was.
func tookBack(ended int, session bool, whose string, cancelled []approval.Approval) string {
	var did []string
	if ended > 0 {
		did = append(did, "forgotten "+blockkit.Counted(ended, "set")+" of credentials")
	}
	if session {
		did = append(did, "ended "+whose+" MFA session")
	}
	if n := len(cancelled); n > 0 {
		did = append(did, "cancelled "+blockkit.Counted(n, "request")+" for approval")
	}
	if len(did) == 0 {
		return "nothing of it left to forget"
	}
	return blockkit.List(did)
}

// PersonRevoked says what became of each account; "revoked" only where AWS
// was told.
func PersonRevoked(v Voice, done broker.PersonRevocation) blockkit.Message {
	whom := blockkit.Named(done.TargetName, done.Target)
	ended, revoked, not := 0, []string(nil), []string(nil)
	items := make([][]blockkit.Span, 0, len(done.Accounts))
	for _, of := range done.Accounts {
		ended += of.Ended
		switch {
		case of.Denied != nil:
			revoked = append(revoked, of.Account.Name)
		case of.Ended > 0 || of.Err != nil:
			not = append(not, of.Account.Name)
		}
		items = append(items, v.revokedSpans(of))
	}
	headline, head := revokedPersonHead(whom, done, revoked, not)
	said := []slack.RichTextElement{blockkit.Paragraph(head)}
	if ended > 0 || done.Session || len(done.Cancelled) > 0 {
		said = append(said, blockkit.Paragraph("The bot has "+tookBack(ended, done.Session, "their", done.Cancelled)+"."))
	}
	if done.Err != nil {
		said = append(said, v.notComplete(done.Err))
	}
	end := revokedPersonEnd(v, done, len(revoked) > 0)
	m := blockkit.Message{}
	for n := len(items); ; n-- { // what Slack does not take is on the record
		said := said
		if n > 0 {
			said = append(said[:len(said):len(said)], blockkit.Bullets(items[:n]...))
		}
		if more := len(items) - n; more > 0 {
			said = append(said[:len(said):len(said)], blockkit.Paragraph("and "+blockkit.Counted(more, "more account")+": the record has them."))
		}
		if len(end) > 0 {
			said = append(said[:len(said):len(said)], blockkit.Paragraph(end))
		}
		m = blockkit.NewMessage(headline, said...)
		if n == 0 || m.Fits() {
			break
		}
	}
	m.Blocks = append(m.Blocks, unblockButton(done.Target))
	return m
}

func revokedPersonHead(whom string, done broker.PersonRevocation, revoked, not []string) (headline string, head []blockkit.Span) {
	headline = "Blocked " + whom + "."
	head = blockkit.Line(blockkit.Bold("Blocked"), " "+whom+". ")
	switch {
	case len(revoked) > 0 && len(not) > 0:
		headline += " Revoked in AWS: " + fewOf(revoked) + ". Not revoked in AWS: " + fewOf(not) + "."
		head = blockkit.Line(head, blockkit.Bold("Not everything is revoked in AWS"), ", see below.")
	case len(revoked) > 0:
		headline += " Revoked in AWS: " + fewOf(revoked) + "."
		head = blockkit.Line(head, blockkit.Bold("Revoked in AWS"), ": what they had.")
	case len(not) > 0:
		headline += " Not revoked in AWS: " + fewOf(not) + "."
		head = blockkit.Line(head, blockkit.Bold("Not revoked in AWS"), ", see below.")
	case done.Err == nil && len(done.Others) > 0: // one account was named, and they have others
		headline += " Nothing was live there."
		head = blockkit.Line(head, blockkit.Bold("Nothing was live"), " of the account that you named.")
	case done.Err == nil:
		headline += " Nothing of theirs was live."
		head = blockkit.Line(head, blockkit.Bold("Nothing was live"), ": they have no live credentials from the bot.")
	}
	return headline, head
}

func revokedPersonEnd(v Voice, done broker.PersonRevocation, revoked bool) []blockkit.Span {
	var end []blockkit.Span
	if revoked {
		end = blockkit.Line(end, "It can take minutes until AWS refuses them everywhere.")
	}
	if len(done.Others) > 0 {
		if len(end) > 0 {
			end = blockkit.Line(end, " ")
		}
		end = blockkit.Line(end, blockkit.Bold("They still have "), blockkit.Code(strings.Join(done.Others, ", ")), ", which works until it expires. ")
		end = append(end, v.say(prose.AssumeCmd("revoke @PERSON"), " without an account revokes all.")...)
	}
	return end
}

// fewOf names three, and counts the others.
func fewOf(names []string) string {
	if more := len(names) - 3; more > 1 {
		return strings.Join(names[:3], ", ") + " and " + blockkit.Counted(more, "more account")
	}
	return strings.Join(names, ", ")
}

func (v Voice) notComplete(e *broker.Error) slack.RichTextElement {
	return blockkit.Paragraph(append([]blockkit.Span{blockkit.Bold("Not complete. ")}, v.errorLine(e)...))
}

func (v Voice) revokedSpans(of broker.Revocation) []blockkit.Span {
	spans := blockkit.Line(blockkit.Code(of.Account.Name), "  ")
	switch {
	case of.Err != nil && of.Denied == nil:
		spans = append(append(spans, blockkit.Bold("not revoked in AWS. ")), v.errorLine(of.Err)...)
	case of.Denied != nil && of.Denied.Everybody:
		spans = blockkit.Line(spans, blockkit.Bold("revoked"), ": AWS refuses ", blockkit.Bold("everybody's"),
			" sessions of its role that were issued before ", blockkit.Moment(of.Denied.Before), ", since its policy had no room for one more session name.")
	case of.Denied != nil:
		spans = blockkit.Line(spans, blockkit.Bold("revoked"), ": AWS refuses their sessions of its role that were issued before ",
			blockkit.Moment(of.Denied.Before), ".")
	case of.Ended > 0:
		spans = blockkit.Line(spans, blockkit.Bold("not revoked in AWS"), ": copies work until ", blockkit.Moment(of.Until), ", since the config names no revoker.")
	default:
		spans = blockkit.Line(spans, "nothing was live.")
	}
	return spans
}
