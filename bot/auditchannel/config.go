package auditchannel

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

// What the audit channel shows of a config; all of it is on the record.
const (
	configLines     = 40
	configLineRunes = 300
)

// configAudit tells what the config says now and did not before.
func configAudit(p event.ConfigData) blockkit.Message {
	lines := event.Lines(p.Changes)
	if p.Unread {
		lines = append([]string{"what was announced last cannot be read, so what changed since is not known"}, lines...)
	}
	if len(lines) == 0 {
		return fitting("The config file can be read again; nothing changed.",
			blockkit.Line(blockkit.Bold("Config can be read again."), " Nothing in it has changed."), nil, 0)
	}
	return fitting(fmt.Sprintf("The config changed: %s.", blockkit.Counted(len(lines), "change")),
		blockkit.Line(blockkit.Bold("Config changed."), " Requests use it from now on"+part(p.Piece)+":"), lines, 0)
}

// configBrokenAudit tells why a config cannot be used.
func configBrokenAudit(p event.ConfigBrokenData) blockkit.Message {
	lines := make([]string, len(p.Problems))
	for i, problem := range p.Problems {
		lines[i] = problemLine(problem)
	}
	return fitting("The config file was changed and cannot be used. The bot keeps the config that it had.",
		blockkit.Line(blockkit.Bold("Config refused."), " The file was changed and cannot be used. The bot keeps the config that it had"+part(p.Piece)+":"),
		lines, p.More)
}

func problemLine(p event.Problem) string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	return where + ": " + words(p.Words)
}

// part says which one this is of what was too large for one entry.
func part(p event.Piece) string {
	if p.Parts < 2 {
		return ""
	}
	return fmt.Sprintf(" (part %d of %d)", p.Part, p.Parts)
}

// fitting is a message with as many lines as Slack takes; more are in the log alone.
func fitting(text string, head []blockkit.Span, lines []string, more int) blockkit.Message {
	return fittingItems(text, head, itemsOf(lines), more)
}

func fittingItems(text string, head []blockkit.Span, items [][]blockkit.Span, more int) blockkit.Message {
	for shown := min(len(items), configLines); ; shown-- {
		elements := []slack.RichTextElement{blockkit.Paragraph(head)}
		if shown > 0 {
			elements = append(elements, blockkit.Bullets(items[:shown]...))
		}
		if left := len(items) - shown; left > 0 {
			elements = append(elements, blockkit.Paragraph(fmt.Sprintf("and %d more, all on the record", left)))
		}
		if more > 0 {
			elements = append(elements, blockkit.Paragraph(fmt.Sprintf("and %d more, in the log", more)))
		}
		if m := blockkit.NewMessage(text, elements...); shown == 0 || m.Fits() {
			return m
		}
	}
}

func itemsOf(lines []string) [][]blockkit.Span {
	items := make([][]blockkit.Span, len(lines))
	for i, line := range lines {
		if r := []rune(line); len(r) > configLineRunes {
			line = string(r[:configLineRunes-1]) + "…"
		}
		items[i] = blockkit.Line(line)
	}
	return items
}
