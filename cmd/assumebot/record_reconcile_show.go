package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/reconcile"
	"github.com/assumebot/assumebot/broker/text"
)

// A person reads it on one screen: the gravest first, and what to do.
const (
	shownAlarms = 10
	shownNotes  = 5
)

// show prints what was found for a person.
func (d reconciled) show(w io.Writer, posted bool) error {
	out := printer{w: w}
	t := d.CloudTrail
	if t.Events > 0 {
		out.line("CloudTrail: %s in %s, %s to %s", count(int(t.Events), "event"), count(t.Files, "file"), minuteOf(t.First), minuteOf(t.Last))
	}
	out.line("record: %s, %s, %s of them in CloudTrail", count(int(d.Record.Next-d.Record.First), "entry"),
		count(d.Record.Grants, "issuance"), number(int64(d.Record.Matched)))
	for i, a := range d.Alarms {
		if i == shownAlarms {
			out.line("and %s more: --json lists them", count(len(d.Alarms)-i, "alarm"))
			break
		}
		out.line("ALARM: %s", alarmLine(a))
	}
	for i, n := range d.Notes {
		if i == shownNotes {
			out.line("and %s more: --json lists them", count(len(d.Notes)-i, "note"))
			break
		}
		out.line("note: %s", noteLine(n))
	}
	d.showOpen(&out)
	switch {
	case d.Posted != nil:
		out.line("posted: %s, in record %s", count(d.New, "alarm"), number(*d.Posted))
	case posted && len(d.Alarms) > 0:
		out.line("posted: nothing, the record has told these alarms before")
	}
	if d.Attached > 0 {
		out.line("attached: what %s used for", counted(d.Attached, "Grant was", "Grants were"))
	}
	out.line("next: %s", d.next())
	return out.err
}

// showOpen prints what could not be told.
func (d reconciled) showOpen(out *printer) {
	for i, f := range d.NotRead {
		if i == shownNotes {
			out.line("and %s more: --json lists them", count(len(d.NotRead)-i, "file"))
			break
		}
		out.line("NOT READ: %s", f)
	}
	for _, why := range d.CannotTell {
		out.line("CANNOT TELL: %s", why)
	}
	if n := d.Unjudged.GrantsTooYoung; n > 0 {
		out.line("not yet: %s: CloudTrail may deliver their calls within an hour, the next run tells", counted(n, "Grant is too young", "Grants are too young"))
	}
	if n := d.Unjudged.CallsTooYoung; n > 0 {
		out.line("not yet: %s after what was read of the record, the next run tells", counted(int(n), "call came", "calls came"))
	}
}

// next is what to do about it.
func (d reconciled) next() string {
	for _, a := range d.Alarms {
		if a.Code != event.NotInCloudTrail {
			return "see that nobody of yours did it; else " + deactivate(a) + ", and go on by deploy/docs/cloudtrail.md"
		}
	}
	switch {
	case len(d.Alarms) > 0:
		return "see whether the trail was stopped or its files deleted: aws cloudtrail get-trail-status, validate-logs"
	case len(d.NotRead) > 0:
		return "mend the files that were not read, or fetch them anew; nothing is said to be missing meanwhile"
	case len(d.CannotTell) > 0:
		return "mend what cannot be told"
	}
	return "nothing; run it again tomorrow"
}

// longTermKey is what a command may name: what a file says is pasted by nobody unchecked.
var longTermKey = text.NewPattern(`^AKIA[A-Z0-9]{12,124}$`)

// deactivate is the command that takes the key away.
func deactivate(a reconcile.Alarm) string {
	key := "KEY"
	if longTermKey.MatchString(a.AccessKeyID) {
		key = a.AccessKeyID
	}
	return "aws iam update-access-key --status Inactive --user-name " + a.IAMUser[strings.LastIndexByte(a.IAMUser, '/')+1:] + " --access-key-id " + key
}

func alarmLine(a reconcile.Alarm) string {
	var b strings.Builder
	who := cmp.Or(a.Target.String(), a.IAMUser, "somebody")
	if a.Code == event.NotInCloudTrail {
		fmt.Fprintf(&b, "CloudTrail lacks the Grant %s of %s, %s, access key %s", a.Grant, who, minuteOf(a.First), cmp.Or(a.AccessKeyID, "unknown"))
	} else {
		what := strings.TrimSpace(strings.TrimSuffix(a.Service, ".amazonaws.com") + " " + a.Call)
		fmt.Fprintf(&b, "%s: %s by %s (%s), %s", alarmNames[a.Code], cmp.Or(what, "further calls"), who, cmp.Or(a.AccessKeyID, "several keys"),
			counted(int(a.Calls), "time", "times"))
		if a.RoleARN != "" {
			b.WriteString(", for " + a.RoleARN)
		}
		if a.AWSCode != "" {
			b.WriteString(", refused: " + a.AWSCode)
		}
		fmt.Fprintf(&b, ", from %s, %s", cmp.Or(a.Address, "several addresses"), minuteOf(a.First))
		if a.Last.After(a.First.Time) {
			b.WriteString(" to " + minuteOf(a.Last))
		}
	}
	if a.Told != nil {
		b.WriteString("; told before in record " + number(*a.Told))
	}
	return oneLine(b.String())
}

// alarmNames are the codes of alarms in words.
var alarmNames = map[string]string{
	event.UnknownCall:    "not the bot's call",
	event.UnknownSession: "not the bot's session",
	event.KeyUsed:        "the bot's key used elsewhere",
}

var noteNames = map[string]string{
	reconcile.NoteAnswerLost: "can be the bot's own, whose answer was lost",
	reconcile.NoteOtherKey:   "with another access key, which the bot does not hold",
	reconcile.NoteConsole:    "in the console, or signing in to it",
	reconcile.NoteOlder:      "with credentials from before the record",
	reconcile.NoteNoKey:      "of which CloudTrail does not say the key",
	reconcile.NoteOtherRole:  "in the account of a role, by an IAM user that the files do not name",
}

func noteLine(n reconcile.Note) string {
	who := cmp.Or(n.Target.String(), n.IAMUser, "somebody")
	if n.Key != "" {
		who += " (" + n.Key + ")"
	}
	return oneLine(fmt.Sprintf("%s of %s %s, %s to %s", counted(int(n.Calls), "call", "calls"), who, noteNames[n.Code], minuteOf(n.First), minuteOf(n.Last)))
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(int64(n)) + " " + many
}

func minuteOf(t event.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
