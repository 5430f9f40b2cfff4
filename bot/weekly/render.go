package weekly

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/text"
)

// A report is what a summary says.
type report struct {
	Tally
	Since, Until time.Time
	First, Next  int64 // numbers of the entries
	Gone         int64
	Anew         bool // some of it was counted before First, of a record that ended
	Late         bool
	Accounts     int // in the config
	Unused       []unused
	Partial      bool // nothing is said of what nobody asked for: that is not known
}

// An unused account is one of the config that nobody asked for.
type unused struct {
	Account string
	Last    time.Time // when somebody did; zero: not since Whole
	Whole   time.Time
}

func (s *Summary) reportOf(at *progress, now time.Time) report {
	r := report{
		Tally: at.Tally, Since: at.Since, Until: at.Until, First: at.From, Next: at.Next, Gone: at.Gone, Anew: at.Anew,
		Late: now.Sub(at.Until) > lateAfter, Partial: at.partial(),
	}
	accounts := s.Accounts()
	r.Accounts = len(accounts)
	for _, account := range accounts {
		if _, asked := at.Tally.Asked[account]; !asked {
			r.Unused = append(r.Unused, unused{Account: account, Last: at.Last[account], Whole: at.Whole})
		}
	}
	slices.SortFunc(r.Unused, func(a, b unused) int {
		return cmp.Or(a.Last.Compare(b.Last), cmp.Compare(a.Account, b.Account))
	})
	return r
}

const (
	rowsMost   = 15 // accounts, and people, of the table
	chartMost  = 10 // of a chart; Slack takes 20
	unusedMost = 25
	// chartLabel is how long a label of a chart may be.
	// https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
	chartLabel = 20
)

// render shows a report with charts and a table, or as lists where Slack does not take these.
func render(r report) blockkit.Message {
	for n := rowsMost; ; n-- {
		accounts, rest := most(r.Tally.Accounts, r.All, n, func(name string) string { return name })
		people, others := most(r.People, r.All, n, func(id string) string { return blockkit.Named(r.Names[id], id) })
		head, tail := r.head(), r.tail(n)
		simple := blockkit.Message{Text: r.title(), Blocks: []slack.Block{slack.NewRichTextBlock("", slices.Concat(head,
			listOf("By account", accounts, rest), listOf("By person", people, others), tail)...)}}
		m := blockkit.Message{Text: r.title(), Blocks: []slack.Block{slack.NewRichTextBlock("", head...)}, Simple: &simple}
		if len(accounts) > 0 {
			m.Blocks = append(m.Blocks, chart("Requests by account", labelled(accounts, accountLabel)))
		}
		if len(people) > 0 {
			m.Blocks = append(m.Blocks, chart("Requests by person", labelled(people, personLabel)))
		}
		if len(accounts)+len(people) > 0 {
			m.Blocks = append(m.Blocks, table(accounts, rest, people, others))
		}
		m.Blocks = append(m.Blocks, slack.NewRichTextBlock("", tail...))
		if n == 0 || m.Fits() && simple.Fits() {
			return m
		}
	}
}

func (r report) title() string {
	return fmt.Sprintf("Weekly summary: %s, %s, %s by break-glass.", blockkit.Counted(r.All.Grants, "grant"),
		text.FormatNumber(r.All.Refused+r.All.Failed)+" refused or failed", text.FormatNumber(r.All.BreakGlass))
}

// head is the summary in a few sentences.
func (r report) head() []slack.RichTextElement {
	elements := []slack.RichTextElement{
		blockkit.Paragraph(blockkit.Bold("Weekly summary"), ", from ", blockkit.Moment(r.Since), " to ", blockkit.Moment(r.Until), "."),
	}
	if r.Late {
		elements = append(elements, blockkit.Paragraph(blockkit.Bold("It is late"),
			": no replica could post it when it was due. It is posted once, whatever was missed."))
	}
	said := []any{
		blockkit.Bold(blockkit.Counted(r.All.Grants, "grant")),
		", " + text.FormatNumber(r.All.Refused) + " refused, " + text.FormatNumber(r.All.Failed) + " failed, by " + people(len(r.People)) + ".",
	}
	for _, more := range []struct {
		n    int
		what string
	}{{r.Revoked, "Revoked or ended"}, {r.Denied, "Approvals denied"}, {r.LockOuts, "Lock-outs"}, {r.Blocks, "Blocks and pauses"}} {
		if more.n > 0 {
			said = append(said, " "+more.what+": "+text.FormatNumber(more.n)+".")
		}
	}
	return append(elements, blockkit.Paragraph(said...))
}

func people(n int) string {
	switch {
	case n == 1:
		return "1 person"
	case n >= mostPeople:
		return "more than " + text.FormatNumber(mostPeople-1) + " people"
	}
	return text.FormatNumber(n) + " people"
}

// tail is break-glass, what nobody asked for, and what all of it is read from; with fewer
// names where there is room for fewer.
func (r report) tail(n int) []slack.RichTextElement {
	var elements []slack.RichTextElement
	if r.All.BreakGlass > 0 {
		var items [][]blockkit.Span
		for _, g := range r.Glasses[:min(len(r.Glasses), n)] {
			items = append(items, blockkit.Line(blockkit.Code(g.Account), " to "+g.Who+", ", blockkit.Moment(g.At), ", ", blockkit.Code(blockkit.EntryName(g.Entry))))
		}
		elements = append(elements, blockkit.Paragraph(blockkit.Bold(text.FormatNumber(r.All.BreakGlass)+" by break-glass:")))
		if more := r.All.BreakGlass - len(items); more > 0 {
			items = append(items, blockkit.Line(text.FormatNumber(more)+" more: the record has them."))
		}
		elements = append(elements, blockkit.Bullets(items...))
	}
	elements = append(elements, r.unusedAccounts(min(n*2, unusedMost))...)
	covers := []any{"Nothing came onto the record in that time."}
	if r.Next > r.First {
		covers = []any{"Counted from ", blockkit.Code(blockkit.EntryName(r.First)), " to ", blockkit.Code(blockkit.EntryName(r.Next - 1)), "."}
	}
	if r.Broken > 0 {
		covers = append(covers, " ", blockkit.Bold("Entries that cannot be read: "+text.FormatNumber(r.Broken)), "; assumebot record verify says more.")
	}
	if r.Gone > 0 {
		covers = append(covers, " ", blockkit.Bold("Entries that were gone before they were counted: "+text.FormatNumber(int(min(r.Gone, 1<<40)))),
			"; all of this may be more.")
	}
	if r.Anew {
		covers = append(covers, " ", blockkit.Bold("The record began anew, or went back, meanwhile"),
			": what was counted of it before is in these numbers, and some entries of it may be missing.")
	}
	return append(elements, blockkit.Paragraph(covers...))
}

// unusedAccounts are those that nobody asked for, as far as that is known.
func (r report) unusedAccounts(n int) []slack.RichTextElement {
	switch {
	case r.Partial:
		return []slack.RichTextElement{blockkit.Paragraph("Which accounts nobody asked for is not known: not all was counted.")}
	case len(r.Unused) == 0:
		return []slack.RichTextElement{blockkit.Paragraph("Somebody asked for each of the " + blockkit.Counted(r.Accounts, "account") + ".")}
	}
	said := []any{
		blockkit.Bold("Nobody asked for"), fmt.Sprintf(" %s of %s. Does anybody need them? ",
			text.FormatNumber(len(r.Unused)), blockkit.Counted(r.Accounts, "account")),
	}
	for i, u := range r.Unused {
		if i == n {
			said = append(said, fmt.Sprintf(" and %s more.", text.FormatNumber(len(r.Unused)-n)))
			break
		}
		if i > 0 {
			said = append(said, ", ")
		}
		said = append(said, blockkit.Code(u.Account))
		if u.Last.IsZero() {
			said = append(said, " (not since ", blockkit.Day(u.Whole), " at least)")
		} else {
			said = append(said, " (last ", blockkit.Day(u.Last), ")")
		}
	}
	return []slack.RichTextElement{blockkit.Paragraph(said...)}
}

// listOf shows lines where there is no table.
func listOf(head string, lines []line, rest Counts) []slack.RichTextElement {
	if len(lines) == 0 {
		return nil
	}
	var items [][]blockkit.Span
	for _, l := range append(slices.Clone(lines), others(rest)...) {
		said := fmt.Sprintf(": %d granted, %d refused, %d failed", l.Grants, l.Refused, l.Failed)
		if l.BreakGlass > 0 {
			said += fmt.Sprintf(", %d by break-glass", l.BreakGlass)
		}
		items = append(items, blockkit.Line(l.Name+said))
	}
	return []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold(head)), blockkit.Bullets(items...)}
}

// others are what is left beside the lines that are shown.
func others(rest Counts) []line {
	if rest.Sum() <= 0 {
		return nil
	}
	return []line{{"all others", rest}}
}

func table(accounts []line, rest Counts, people []line, more Counts) slack.Block {
	t := slack.NewTableBlock("")
	row := func(cells ...string) {
		all := make([]slack.TableCell, len(cells))
		for i, c := range cells {
			all[i] = slack.NewTableRawTextCell(c)
		}
		t.AddRow(all...)
	}
	rows := func(lines []line) {
		for _, l := range lines {
			row(l.Name, text.FormatNumber(l.Grants), text.FormatNumber(l.Refused), text.FormatNumber(l.Failed), text.FormatNumber(l.BreakGlass))
		}
	}
	row("Account", "Granted", "Refused", "Failed", "Break-glass")
	rows(append(slices.Clone(accounts), others(rest)...))
	if len(people) > 0 {
		row("Person", "Granted", "Refused", "Failed", "Break-glass")
		rows(append(slices.Clone(people), others(more)...))
	}
	right := slack.ColumnSetting{Align: slack.ColumnAlignmentRight}
	return t.WithColumnSettings(slack.ColumnSetting{Align: slack.ColumnAlignmentLeft, IsWrapped: true}, right, right, right, right)
}

// labelled are lines with labels that a chart takes, no two of them alike.
func labelled(lines []line, label func(string) string) []line {
	out, seen := slices.Clone(lines[:min(len(lines), chartMost)]), map[string]bool{}
	for i := range out {
		base := label(out[i].Name)
		name := cut(base, chartLabel)
		for n := 2; seen[name]; n++ {
			suffix := fmt.Sprintf(" %d", n)
			name = cut(base, chartLabel-len(suffix)) + suffix
		}
		seen[name], out[i].Name = true, name
	}
	return out
}

func accountLabel(name string) string { return name }

// personLabel is a name without what is the same of many: alice of alice@example.com (U01ALICE).
func personLabel(name string) string {
	name, _, _ = strings.Cut(name, " (")
	local, _, _ := strings.Cut(name, "@")
	return cmp.Or(local, name)
}

func cut(s string, n int) string {
	if s == "" {
		return "–"
	}
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// chart draws what was granted and what was not, side by side.
func chart(title string, lines []line) slack.Block {
	var labels []string
	var granted, refused []slack.DataVisualizationDataPoint
	for _, l := range lines {
		labels = append(labels, l.Name)
		granted = append(granted, slack.NewDataVisualizationDataPoint(l.Name, float64(l.Grants)))
		refused = append(refused, slack.NewDataVisualizationDataPoint(l.Name, float64(l.Refused+l.Failed)))
	}
	return &slack.DataVisualizationBlock{
		Type: slack.MBTDataVisualization, Title: title,
		Chart: slack.NewDataVisualizationBarChart(slack.NewDataVisualizationAxisConfig(labels...),
			slack.NewDataVisualizationDataSeries("granted", granted...), slack.NewDataVisualizationDataSeries("refused or failed", refused...)),
	}
}

// unshown stands in for a summary that Slack does not take.
func unshown(at *progress) blockkit.Message {
	const what = "There is a weekly summary that Slack does not take."
	return blockkit.NewMessage(what, blockkit.Paragraph(what+" The log says more. It is of what stands on the record from ",
		blockkit.Code(blockkit.EntryName(at.From)), " to before ", blockkit.Code(blockkit.EntryName(at.Next)), "."))
}

// again says that m may be there already.
func again(m blockkit.Message) blockkit.Message {
	const say = "This may stand above already: the bot stopped, or Slack did not answer, while it was posted."
	said := m
	said.Text = m.Text + " " + say
	said.Blocks = append(slices.Clone(m.Blocks), slack.NewRichTextBlock("", blockkit.Paragraph(say)))
	if m.Simple != nil {
		simple := again(*m.Simple)
		said.Simple = &simple
	}
	return said
}
