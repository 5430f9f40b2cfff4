package message

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
	"github.com/assumebot/assumebot/broker/text"
)

// A PastRow is an entry of the record as History shows it.
type PastRow struct {
	Number  int64
	At      time.Time
	Who     string // by name; it pings nobody
	Account string
	Outcome []blockkit.Span
	Reason  string
	Used    *event.Usage // what the Grant was used for; nil: it is none, or nobody knows
	Broken  bool         // it cannot be read: it has none of the above but its number
}

const (
	// PastMost is how many entries a page of history has at most.
	PastMost = 15
	// pastReason is how many characters of a reason it shows; the record has all of it.
	pastReason = 60
)

// History is a page of what was done, as a table, or as a list where Slack takes no table.
// It was asked for by c, from before an entry on.
func History(past broker.Past, c command.Command, before int64, rows []PastRow) blockkit.Message {
	head := pastHead(past)
	for n := len(rows); ; n-- {
		page := past
		if n < len(rows) && n > 0 {
			page.End, page.Next = history.Full, rows[n-1].Number
		}
		foot := pastFoot(page, n)
		list := []slack.RichTextElement{blockkit.Paragraph(head)}
		if n > 0 {
			list = append(list, pastList(rows[:n]))
		}
		title := pastTitle(past) + "."
		simple := blockkit.NewMessage(title, append(list, foot)...)
		simple.Blocks = append(simple.Blocks, pastButtons(page, c, before)...)
		if n == 0 {
			return simple
		}
		m := blockkit.NewMessage(title, blockkit.Paragraph(head))
		m.Blocks = append(m.Blocks, pastTable(rows[:n]), slack.NewRichTextBlock("", foot))
		m.Blocks = append(m.Blocks, pastButtons(page, c, before)...)
		m.Simple = &simple
		if m.Fits() && simple.Fits() {
			return m
		}
	}
}

// pastTitle says whose history it is, without a time of the reader's.
func pastTitle(p broker.Past) string {
	f, title := p.Filter, ""
	switch {
	case f.Own:
		title = "Your history"
	case f.Person != "":
		title = "History of " + blockkit.Named(p.Name, f.Person)
	default:
		title = "Everybody's history"
	}
	if f.Account != "" {
		title += " in " + f.Account
	}
	if f.What != "" {
		title += ": " + string(f.What)
	}
	return title
}

func pastHead(p broker.Past) []blockkit.Span {
	head := blockkit.Line(blockkit.Bold(pastTitle(p)))
	if since := p.Filter.Since; !since.IsZero() {
		head = blockkit.Line(head, ", since ", blockkit.Moment(since))
	}
	return blockkit.Line(head, ".")
}

// pastFoot says why there is no more on the page, and what to do about it.
func pastFoot(p broker.Past, shown int) slack.RichTextElement {
	what := "Nothing more"
	if shown == 0 {
		what = "Nothing"
	}
	switch p.End {
	case history.Full:
		return blockkit.Paragraph("Older ones stand before ", blockkit.Code(blockkit.EntryName(p.Next)), ".")
	case history.Stopped:
		return blockkit.Paragraph(what+" back to ", blockkit.Moment(p.From), ", ", blockkit.Code(blockkit.EntryName(p.Next)),
			": one look reads no further. Older goes on from there.")
	case history.Gone:
		return blockkit.Paragraph(what+" back to ", blockkit.Code(blockkit.EntryName(p.Next)), ": what is older is not kept where the bot reads. "+
			"An operator finds it in an archive or a copy with ", blockkit.Code("assumebot record export"), ".")
	case history.Since:
		return blockkit.Paragraph(what + " since then.")
	}
	return blockkit.Paragraph(what + ": the record begins there.")
}

// pastButtons lead on to what is older, and back to the newest.
func pastButtons(p broker.Past, c command.Command, before int64) []slack.Block {
	var elements []slack.BlockElement
	if p.Next > 0 && (p.End == history.Full || p.End == history.Stopped) {
		elements = append(elements, blockkit.Button(ActHistoryOlder, "Older", command.HistoryValue(c, p.Next)))
	}
	if before > 0 {
		elements = append(elements, blockkit.Button(ActHistoryNewest, "Newest", command.HistoryValue(c, 0)))
	}
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock("", elements...)}
}

// pastTable has a row for each entry. Slack draws the columns of a table as wide as they
// are, so a phone shows the first ones: when, of which account and what.
func pastTable(rows []PastRow) slack.Block {
	table := slack.NewTableBlock("")
	table.AddRow(rawCell("When"), rawCell("Account"), rawCell("What"), rawCell("Who"), rawCell("Record"))
	for _, r := range rows {
		if r.Broken {
			table.AddRow(rawCell(""), rawCell(""), rawCell(brokenEntry), rawCell(""), rawCell(blockkit.EntryName(r.Number)))
			continue
		}
		table.AddRow(spanCell(blockkit.Moment(r.At)), rawCell(r.Account), spanCell(whatSpans(r)...), rawCell(r.Who), rawCell(blockkit.EntryName(r.Number)))
	}
	return table.WithColumnSettings(wrapped(false), wrapped(false), wrapped(true), wrapped(true), wrapped(false))
}

const brokenEntry = "This entry cannot be read: somebody or something changed it."

func wrapped(is bool) slack.ColumnSetting {
	return slack.ColumnSetting{Align: slack.ColumnAlignmentLeft, IsWrapped: is}
}

// rawCell is a cell of plain text; Slack takes none that is empty.
func rawCell(said string) slack.TableCell {
	if said == "" {
		said = "–"
	}
	return slack.NewTableRawTextCell(said)
}

func spanCell(spans ...blockkit.Span) slack.TableCell {
	return slack.NewTableRichTextCell(blockkit.Paragraph(spans))
}

func whatSpans(r PastRow) []blockkit.Span {
	said := r.Outcome
	if r.Reason != "" {
		said = blockkit.Line(said, "  “"+blockkit.Shortened(text.OneLine(r.Reason), pastReason)+"”")
	}
	if r.Used != nil {
		said = blockkit.Line(said, usedFor(*r.Used))
	}
	return said
}

// usedMost is how many services of a Grant are named.
const usedMost = 3

// usedFor says what CloudTrail has of a Grant.
func usedFor(u event.Usage) []blockkit.Span {
	if u.Calls <= 0 {
		return blockkit.Line("  Never used.")
	}
	var names []string
	for _, s := range u.Services {
		names = append(names, blockkit.Shortened(text.OneLine(strings.TrimSuffix(s.Name, ".amazonaws.com")), pastReason))
	}
	said := blockkit.Line("  Used for " + text.Listed(names, usedMost) + ", " + blockkit.Counted(int(min(u.Calls, math.MaxInt32)), "call"))
	if u.Refused > 0 {
		said = blockkit.Line(said, fmt.Sprintf(", %d refused", u.Refused))
	}
	if u.First.IsZero() || u.Last.IsZero() {
		return blockkit.Line(said, ".")
	}
	return blockkit.Line(said, ", from ", blockkit.Moment(u.First.Time), " to ", blockkit.Moment(u.Last.Time), ".")
}

func pastList(rows []PastRow) slack.RichTextElement {
	items := make([][]blockkit.Span, len(rows))
	for i, r := range rows {
		if r.Broken {
			items[i] = blockkit.Line(blockkit.EntryName(r.Number) + ": " + brokenEntry)
			continue
		}
		items[i] = blockkit.Line(blockkit.Moment(r.At), "  "+r.Who+"  ")
		if r.Account != "" {
			items[i] = blockkit.Line(items[i], blockkit.Code(r.Account), "  ")
		}
		items[i] = blockkit.Line(items[i], whatSpans(r), "  "+blockkit.EntryName(r.Number))
	}
	return blockkit.Bullets(items...)
}
