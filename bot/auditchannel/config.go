package auditchannel

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// What the audit channel shows of a config; all of it is on the record.
const (
	configLines     = 40
	configLineRunes = 300
)

// configAudit tells what the config says now and did not before, or why it
// cannot be used. Slack takes it whole however much there is.
func configAudit(e broker.Event) blockkit.Message {
	head, lines := blockkit.Line(blockkit.Bold("Config changed."), " Requests use it from now on:"), e.Changes
	if len(lines) == 0 {
		head = blockkit.Line(blockkit.Bold("Config can be read again."), " Nothing in it has changed.")
	}
	if e.Kind == broker.EventConfigBroken {
		head, lines = blockkit.Line(blockkit.Bold("Config refused."), " The file was changed and cannot be used. The bot keeps the config that it had:"), e.Problems
	}
	for shown := min(len(lines), configLines); ; shown-- {
		elements := []slack.RichTextElement{blockkit.Paragraph(head)}
		if shown > 0 {
			elements = append(elements, lineList(lines[:shown]))
		}
		if more := len(lines) - shown; more > 0 {
			elements = append(elements, blockkit.Paragraph(fmt.Sprintf("and %d more, all on the record", more)))
		}
		if m := blockkit.NewMessage(configText(e), elements...); shown == 0 || m.Fits() {
			return m
		}
	}
}

func lineList(lines []string) slack.RichTextElement {
	items := make([][]blockkit.Span, len(lines))
	for i, line := range lines {
		if r := []rune(line); len(r) > configLineRunes {
			line = string(r[:configLineRunes-1]) + "…"
		}
		items[i] = blockkit.Line(line)
	}
	return blockkit.Bullets(items...)
}

func configText(e broker.Event) string {
	if e.Kind == broker.EventConfigBroken {
		return "The config file was changed and cannot be used. The bot keeps the config that it had."
	}
	if len(e.Changes) == 0 {
		return "The config file can be read again; nothing changed."
	}
	return fmt.Sprintf("The config changed: %s.", blockkit.Counted(len(e.Changes), "change"))
}
