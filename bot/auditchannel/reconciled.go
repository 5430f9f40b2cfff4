package auditchannel

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

// reconciledAudit tells what CloudTrail and the record do not both have, and what to do.
func reconciledAudit(p event.ReconciledData) blockkit.Message {
	stolen := 0
	items := make([][]blockkit.Span, len(p.Findings))
	for i, m := range p.Findings {
		items[i] = mismatchLine(m)
		if m.Code != event.NotInCloudTrail {
			stolen++
		}
	}
	if p.More > 0 {
		items = append(items, blockkit.Line(blockkit.Counted(int(p.More), "event")+" of further findings, which that run did not list"))
	}
	what := "CloudTrail lacks Grants that are on the record. Find out whether the trail was stopped or its files deleted."
	if stolen > 0 || p.More > 0 {
		what = "AWS was called with keys of the bot's IAM users, and not by the bot. Somebody else may have such a key: " +
			"deactivate it in IAM, then find out where it leaked."
	}
	return fittingItems("Alarm of CloudTrail: "+what, blockkit.Line(blockkit.Bold("Alarm of CloudTrail"), ": "+what+part(p.Piece)), items, 0)
}

// mismatchLine is a finding on one line, with what an investigator looks up.
func mismatchLine(m event.Mismatch) []blockkit.Span {
	who := m.Target.String()
	if who == "" {
		who = orElse(m.IAMUser, "somebody")
	}
	var line []blockkit.Span
	if m.Told != nil {
		line = blockkit.Line(blockkit.Bold("Again"), ", after "+blockkit.EntryName(*m.Told)+": ")
	}
	if m.Code == event.NotInCloudTrail {
		line = blockkit.Line(line, "the Grant ", blockkit.Code(m.Grant), " of "+who)
	} else {
		what := strings.TrimSpace(strings.TrimSuffix(m.Service, ".amazonaws.com") + " " + m.Call)
		line = blockkit.Line(line, fmt.Sprintf("%s: %s, %s", who, orElse(what, "calls"), blockkit.Counted(int(m.Calls), "time")))
		if m.RoleARN != "" {
			line = blockkit.Line(line, ", for ", blockkit.Code(m.RoleARN))
		}
		if m.AWSCode != "" {
			line = blockkit.Line(line, ", refused with "+m.AWSCode)
		}
		line = blockkit.Line(line, ", from "+orElse(m.Address, "several addresses"))
	}
	line = blockkit.Line(line, ", ", blockkit.Moment(m.First.Time))
	if m.Last.After(m.First.Time) {
		line = blockkit.Line(line, " to ", blockkit.Moment(m.Last.Time))
	}
	if m.AccessKeyID != "" {
		line = blockkit.Line(line, ", access key ", blockkit.Code(m.AccessKeyID))
	}
	return line
}
