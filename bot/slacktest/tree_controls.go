package slacktest

import (
	"encoding/json"
	"strings"
)

// controls are what can be used in a block.
func (t *treeReader) controls(b node) []Control {
	var out []Control
	for _, e := range b.interactive() {
		out = append(out, t.control(b, e))
	}
	return out
}

// https://docs.slack.dev/reference/block-kit/block-elements
func (t *treeReader) control(b, e node) Control {
	c := Control{
		Kind:        e.str("type"),
		BlockID:     b.str("block_id"),
		ActionID:    e.str("action_id"),
		Label:       e.text("text"),
		Value:       e.str("value"),
		URL:         e.str("url"),
		Style:       e.str("style"),
		Placeholder: e.text("placeholder"),
		Options:     menuOptions(e),
		Selected:    selectedOptions(e),
		Multiline:   e.flag("multiline"),
		Focus:       e.flag("focus_on_load"),
	}
	if state := initialState(e); state != nil {
		c.Holds = shown(state)
	}
	if f, ok := t.fields[c.BlockID+"\x00"+c.ActionID]; ok {
		c.Holds = f.Value
		if len(c.Options) == 0 {
			c.Options = f.Options
		}
	}
	if d := e.child("confirm"); d != nil {
		c.Confirm = &Confirm{
			Title:  d.text("title"),
			Text:   t.textObject(d.child("text")),
			Yes:    d.text("confirm"),
			No:     d.text("deny"),
			Danger: d.str("style") == "danger",
		}
	}
	return c
}

// allControls are the controls of blocks, in order.
func (t *treeReader) allControls(blocks json.RawMessage) []Control {
	var out []Control
	for _, b := range parseNodes(blocks) {
		out = append(out, t.controls(b)...)
	}
	return out
}

func (t *treeReader) buttons(blocks json.RawMessage) []Button {
	var out []Button
	for _, c := range t.allControls(blocks) {
		if c.Kind == "button" {
			out = append(out, Button{
				BlockID: c.BlockID, ActionID: c.ActionID, Label: c.Label,
				Value: c.Value, URL: c.URL, Style: c.Style, Confirm: c.Confirm,
			})
		}
	}
	return out
}

func isMenu(kind string) bool {
	return strings.HasSuffix(kind, "_select") || kind == "overflow" || kind == "checkboxes" || kind == "radio_buttons"
}

func (t *treeReader) menus(blocks json.RawMessage) []Menu {
	var out []Menu
	for _, c := range t.allControls(blocks) {
		if isMenu(c.Kind) {
			out = append(out, Menu{
				BlockID: c.BlockID, ActionID: c.ActionID, Kind: c.Kind, Placeholder: c.Placeholder,
				Options: c.Options, Selected: c.Selected, Confirm: c.Confirm,
			})
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

// AllControls are the controls in a tree, in the order in which they are drawn.
func (p Piece) AllControls() []Control {
	var out []Control
	for _, inner := range p.Pieces {
		out = append(out, inner.AllControls()...)
	}
	return append(out, p.Controls...)
}
