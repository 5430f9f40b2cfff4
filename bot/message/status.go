package message

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/broker/watch"
)

// From where on status calls something wrong. Alerts in deploy/monitoring go by the same
// number of entries.
const (
	farBehind  = 20 // entries
	signedLate = 2 * time.Minute
	slowStore  = 50 * time.Millisecond
	fullSlack  = 10 // connections that Slack lets one app have: https://docs.slack.dev/apis/events-api/using-socket-mode
	manyDue    = 100
)

// mostReplicas is how many are told of one by one. Slack lets an app have fewer sockets.
const mostReplicas = 12

// Status says how the bot does, in short lines: what is wrong first.
func Status(v Voice, r watch.Report, pause *broker.Order) blockkit.Message {
	wrong := slices.Concat(wrongWithIssuing(r, pause), wrongWithReplicas(r), wrongAround(r))
	facts := [][]blockkit.Span{
		replicaCount(r),
	}
	for i, one := range r.Replicas[:min(len(r.Replicas), mostReplicas)] {
		facts = append(facts, replicaSpans(v, one, i == 0))
	}
	if more := len(r.Replicas) - mostReplicas; more > 0 {
		facts = append(facts, blockkit.Line("  and "+blockkit.Counted(more, "more replica")))
	}
	facts = append(facts, slackSpans(r), storeSpans(r), recordSpans(v, r))
	for _, reader := range r.Readers {
		facts = append(facts, blockkit.Line(blockkit.Bold(readerName(reader.Name)), "  "+behind(reader.Lag(r.Record.Entries))))
	}
	facts = append(facts, awsSpans(r), configSpans(r.Config), blockkit.Line(blockkit.Bold("Work"),
		fmt.Sprintf("  %d at once, %d waiting, %d due", r.Working, r.Waiting, r.Due)))
	if len(wrong) == 0 {
		return blockkit.NewMessage("All is well.", blockkit.Paragraph(blockkit.Bold("All is well.")), blockkit.Bullets(facts...))
	}
	head := blockkit.Counted(len(wrong), "thing") + " to look at"
	return blockkit.NewMessage(head+".", blockkit.Paragraph(blockkit.Bold(head+":")), blockkit.Bullets(wrong...),
		slack.NewRichTextSection(blockkit.Plain("How things are:")), blockkit.Bullets(facts...))
}

func wrongWithIssuing(r watch.Report, pause *broker.Order) (wrong [][]blockkit.Span) {
	if pause != nil {
		said := blockkit.Line(blockkit.Bold("Paused"), ", since ", blockkit.Moment(pause.At), " by "+blockkit.Named(pause.ByName, pause.By))
		if !pause.Until.IsZero() {
			said = blockkit.Line(said, ", until ", blockkit.Moment(pause.Until))
		}
		if pause.Reason != "" {
			said = blockkit.Line(said, ": “"+blockkit.Shortened(pause.Reason, whoReason)+"”")
		}
		wrong = append(wrong, said)
	}
	if r.Record.Stopped {
		wrong = append(wrong, blockkit.Line(blockkit.Bold("The record does not check out"), ", so nothing is issued. The log says why."))
	}
	for _, s := range r.Silent {
		wrong = append(wrong, blockkit.Line(blockkit.Bold(s.Endpoint+" does not answer"), ", since ", blockkit.Moment(s.Since)))
	}
	return wrong
}

func wrongWithReplicas(r watch.Report) (wrong [][]blockkit.Span) {
	configs, versions := map[string]bool{}, map[string]bool{}
	for i, one := range r.Replicas {
		configs[one.Config], versions[one.Version] = true, true
		if one.Draining || i >= mostReplicas {
			continue
		}
		if one.Sockets == 0 {
			wrong = append(wrong, blockkit.Line(blockkit.Bold(replicaName(one)), " has no socket to Slack."))
		}
		if one.Stopped && !r.Record.Stopped {
			wrong = append(wrong, blockkit.Line(blockkit.Bold(replicaName(one)), " issues nothing: the record does not check out there."))
		}
	}
	if len(configs) > 1 {
		wrong = append(wrong, blockkit.Line("Replicas go by ", blockkit.Bold("different configs"), "."))
	}
	if len(versions) > 1 {
		wrong = append(wrong, blockkit.Line("Replicas run ", blockkit.Bold("different versions"), "."))
	}
	if r.Unknown > 0 {
		wrong = append(wrong, blockkit.Line(blockkit.Counted(r.Unknown, "replica")+" cannot be understood: are the seal keys the same?"))
	}
	if r.Counted >= fullSlack {
		wrong = append(wrong, blockkit.Line(blockkit.Bold(fmt.Sprintf("Slack counts %d connections", r.Counted)), ", and takes no more."))
	}
	return wrong
}

// wrongAround is what is wrong with what the bot relies on.
func wrongAround(r watch.Report) (wrong [][]blockkit.Span) {
	switch {
	case r.StoreErr != nil:
		wrong = append(wrong, blockkit.Line(blockkit.Bold("Redis does not answer")))
	case r.StoreTook > slowStore:
		wrong = append(wrong, blockkit.Line(blockkit.Bold("Redis is slow"), ": "+took(r.StoreTook)+" for an answer."))
	}
	if wait := r.Record.Unsigned; wait > signedLate {
		wrong = append(wrong, blockkit.Line(blockkit.Bold("The record is not signed"), " for "+blockkit.TimeLeft(wait)+". The log says why."))
	}
	for _, reader := range r.Readers {
		if lag := reader.Lag(r.Record.Entries); lag > farBehind {
			wrong = append(wrong, blockkit.Line(blockkit.Bold("The "+lowerName(reader.Name)+" is behind"), ": "+entries(lag)+"."))
		}
	}
	if r.Config.Refused {
		wrong = append(wrong, blockkit.Line(blockkit.Bold("The config file is refused"), ", so the config before it stays. The log says why."))
	}
	if r.Due > manyDue {
		wrong = append(wrong, blockkit.Line(blockkit.Bold(text.FormatNumber(r.Due)+" tasks are due"), " and not done yet."))
	}
	return wrong
}

func replicaCount(r watch.Report) []blockkit.Span {
	return blockkit.Line(blockkit.Bold("Replicas"), "  "+text.FormatNumber(len(r.Replicas)+r.Unknown))
}

// replicaName tells one replica from another, and where it is.
func replicaName(r watch.Replica) string {
	if r.Host != "" {
		return r.Host
	}
	return broker.ShortRef(r.ID)
}

func replicaSpans(v Voice, r watch.Replica, asked bool) []blockkit.Span {
	said := "  " + cmp.Or(r.Version, "unknown version") + ", " + blockkit.Counted(r.Sockets, "socket")
	if !r.Began.IsZero() {
		said += ", up " + blockkit.TimeLeft(v.Now().Sub(r.Began))
	}
	if r.Draining {
		said += ", stopping"
	}
	if asked {
		said += " (answers you)"
	}
	return blockkit.Line(blockkit.Code(replicaName(r)), said)
}

func slackSpans(r watch.Report) []blockkit.Span {
	ours := 0
	for _, one := range r.Replicas {
		ours += one.Sockets
	}
	said := "  counts " + blockkit.Counted(r.Counted, "connection")
	if r.Counted > ours {
		said += fmt.Sprintf(", of which %d are of these replicas", ours)
	}
	return blockkit.Line(blockkit.Bold("Slack"), said)
}

func storeSpans(r watch.Report) []blockkit.Span {
	said := "  " + cmp.Or(r.Store.Kind, "unknown")
	for _, more := range []string{r.Store.Version, r.Store.Role} {
		if more != "" {
			said += ", " + more
		}
	}
	if r.StoreErr == nil {
		said += ", answers in " + took(r.StoreTook)
	}
	return blockkit.Line(blockkit.Bold("Redis"), said)
}

func recordSpans(v Voice, r watch.Report) []blockkit.Span {
	said := "  " + entries(r.Record.Entries)
	if unsigned := r.Record.Entries - r.Record.Signed; unsigned > 0 {
		said += fmt.Sprintf(", %s not signed yet", text.FormatNumber(int(unsigned)))
	} else {
		said += ", all signed"
	}
	if !r.Record.SignedAt.IsZero() {
		said += "; last " + blockkit.TimeLeft(v.Now().Sub(r.Record.SignedAt)) + " ago"
	}
	return blockkit.Line(blockkit.Bold("Record"), said)
}

func awsSpans(r watch.Report) []blockkit.Span {
	if len(r.Silent) == 0 {
		return blockkit.Line(blockkit.Bold("AWS"), "  is asked as usual")
	}
	return blockkit.Line(blockkit.Bold("AWS"), "  not asked: "+blockkit.Counted(len(r.Silent), "endpoint"))
}

func configSpans(c watch.Config) []blockkit.Span {
	said := blockkit.Line(blockkit.Bold("Config"), "  ")
	if c.Digest != "" {
		said = blockkit.Line(said, blockkit.Code(broker.ShortRef(c.Digest)), " ")
	}
	if c.At.IsZero() {
		return blockkit.Line(said, "as at the start")
	}
	return blockkit.Line(said, "since ", blockkit.Moment(c.At))
}

func behind(lag int64) string {
	if lag == 0 {
		return "has all of it"
	}
	return entries(lag) + " behind"
}

func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return text.FormatNumber(int(n)) + " entries"
}

// took is how long a trip took, to what somebody can tell apart.
func took(d time.Duration) string {
	if d < time.Millisecond {
		return "less than 1 ms"
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

func readerName(name string) string {
	switch name {
	case watch.ReaderAudit:
		return "Audit channel"
	case watch.ReaderArchive:
		return "Archive"
	}
	return name
}

func lowerName(name string) string {
	if name == watch.ReaderAudit {
		return "audit channel"
	}
	return name
}
