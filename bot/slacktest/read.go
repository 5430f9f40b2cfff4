package slacktest

import (
	"encoding/json"
	"strings"
)

// Button is a button that somebody could press.
type Button struct {
	BlockID, ActionID, Label, Value, URL, Style string
	Confirm                                     bool // asks "are you sure" first
}

// Choice is one entry of a menu.
type Choice struct{ Text, Value, Group, Description string }

// Menu is a menu, or a set of checkboxes or radio buttons.
type Menu struct {
	BlockID, ActionID, Kind, Placeholder string
	Options                              []Choice // none for menus that are filled by the app or by Slack
	Selected                             []Choice
}

// Plain is the message as a person reads it, without colours and fonts: the
// blocks if there are any, else the text. Preformatted text is exact.
func (m Message) Plain() string {
	if m.Blocks != nil {
		return plainBlocks(m.Blocks, m.names)
	}
	return readMrkdwn(m.Text, m.names)
}

// Fallback is the text that notifications and screen readers give.
func (m Message) Fallback() string { return readMrkdwn(m.Text, m.names) }

// Preformatted is the exact text of each preformatted element, as copying it
// gives it.
func (m Message) Preformatted() []string { return preformatted(m.Blocks) }

// Buttons are the message's buttons, in order.
func (m Message) Buttons() []Button { return buttons(m.Blocks) }

// Menus are the message's menus, in order.
func (m Message) Menus() []Menu { return menus(m.Blocks) }

func preformatted(blocks json.RawMessage) []string {
	var out []string
	walk(blocks, func(n node) {
		if n.str("type") == "rich_text_preformatted" {
			out = append(out, leaves(n, nil))
		}
	})
	return out
}

func plainBlocks(blocks json.RawMessage, n *names) string {
	var lines []string
	for _, b := range parseNodes(blocks) {
		lines = append(lines, plainBlock(b, n))
	}
	return strings.Join(lines, "\n")
}

func plainBlock(b node, n *names) string {
	switch b.str("type") {
	case "divider":
		return "———"
	case "header":
		return b.text("text")
	case "markdown":
		return b.str("text")
	case "image":
		return "[image: " + b.str("alt_text") + "]"
	case "section":
		var parts []string
		if t := b.child("text"); t != nil {
			parts = append(parts, plainText(t, n))
		}
		for _, f := range b.children("fields") {
			parts = append(parts, plainText(f, n))
		}
		if a := b.child("accessory"); a != nil {
			parts = append(parts, plainElement(a, n))
		}
		return strings.Join(parts, "\n")
	case "context", "actions":
		var parts []string
		for _, e := range b.children("elements") {
			parts = append(parts, plainElement(e, n))
		}
		return strings.Join(parts, " ")
	case "input":
		line := b.text("label") + ": " + plainElement(b.child("element"), n)
		if hint := b.text("hint"); hint != "" {
			line += "\n" + hint
		}
		return line
	case "rich_text":
		var parts []string
		for _, e := range b.children("elements") {
			parts = append(parts, plainRich(e, n))
		}
		return strings.Join(parts, "\n")
	}
	return ""
}

func plainText(t node, n *names) string {
	if t.str("type") == "mrkdwn" {
		return readMrkdwn(t.str("text"), n)
	}
	return t.str("text")
}

func plainElement(e node, n *names) string {
	switch kind := e.str("type"); {
	case kind == "mrkdwn", kind == "plain_text":
		return plainText(e, n)
	case kind == "image":
		return "[image: " + e.str("alt_text") + "]"
	case kind == "button":
		return "[" + e.text("text") + "]"
	case kind == "overflow":
		return "<… ▾>"
	case strings.HasSuffix(kind, "_input"):
		if v := e.str("initial_value"); v != "" {
			return "____" + v + "____"
		}
		return "____" + e.text("placeholder") + "____"
	case kind == "checkboxes", kind == "radio_buttons":
		var parts []string
		for _, o := range menuOptions(e) {
			parts = append(parts, "( ) "+o.Text)
		}
		return strings.Join(parts, "\n")
	}
	if chosen := selectedOptions(e); len(chosen) > 0 {
		return "<" + chosen[0].Text + " ▾>"
	}
	return "<" + e.text("placeholder") + " ▾>"
}

func plainRich(e node, n *names) string {
	if e.str("type") != "rich_text_list" {
		return leaves(e, n)
	}
	var lines []string
	for _, item := range e.children("elements") {
		lines = append(lines, "• "+leaves(item, n))
	}
	return strings.Join(lines, "\n")
}

func leaves(e node, n *names) string {
	var out strings.Builder
	for _, l := range e.children("elements") {
		switch l.str("type") {
		case "text":
			out.WriteString(l.str("text"))
		case "link":
			if t := l.str("text"); t != "" {
				out.WriteString(t)
			} else {
				out.WriteString(l.str("url"))
			}
		case "user":
			out.WriteString(n.user(l.str("user_id")))
		case "usergroup":
			out.WriteString(n.group(l.str("usergroup_id")))
		case "channel":
			out.WriteString(n.channel(l.str("channel_id")))
		case "broadcast":
			out.WriteString("@" + l.str("range"))
		case "emoji":
			out.WriteString(":" + l.str("name") + ":")
		case "date":
			out.WriteString(plainDate(l))
		}
	}
	return out.String()
}

func plainDate(l node) string {
	if f := l.str("fallback"); f != "" {
		return f
	}
	if v, ok := l["timestamp"].(json.Number); ok {
		return readDate(v.String())
	}
	return ""
}

func buttons(blocks json.RawMessage) []Button {
	var out []Button
	for _, b := range parseNodes(blocks) {
		for _, e := range b.interactive() {
			if e.str("type") == "button" {
				out = append(out, Button{
					BlockID: b.str("block_id"), ActionID: e.str("action_id"), Label: e.text("text"),
					Value: e.str("value"), URL: e.str("url"), Style: e.str("style"), Confirm: e["confirm"] != nil,
				})
			}
		}
	}
	return out
}

func isMenu(kind string) bool {
	return strings.HasSuffix(kind, "_select") || kind == "overflow" || kind == "checkboxes" || kind == "radio_buttons"
}

func menus(blocks json.RawMessage) []Menu {
	var out []Menu
	for _, b := range parseNodes(blocks) {
		for _, e := range b.interactive() {
			if isMenu(e.str("type")) {
				out = append(out, Menu{
					BlockID: b.str("block_id"), ActionID: e.str("action_id"), Kind: e.str("type"),
					Placeholder: e.text("placeholder"), Options: menuOptions(e), Selected: selectedOptions(e),
				})
			}
		}
	}
	return out
}

func readOption(o node, group string) Choice {
	return Choice{Text: o.text("text"), Value: o.str("value"), Description: o.text("description"), Group: group}
}

func menuOptions(e node) []Choice {
	var out []Choice
	for _, o := range e.children("options") {
		out = append(out, readOption(o, ""))
	}
	for _, g := range e.children("option_groups") {
		for _, o := range g.children("options") {
			out = append(out, readOption(o, g.text("label")))
		}
	}
	return out
}

func selectedOptions(e node) []Choice {
	var out []Choice
	if o := e.child("initial_option"); o != nil {
		out = append(out, readOption(o, ""))
	}
	for _, o := range e.children("initial_options") {
		out = append(out, readOption(o, ""))
	}
	return out
}
