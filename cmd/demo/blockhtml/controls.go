package blockhtml

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// A use is a control where it stands: by itself, or in an input with its label,
// hint and error.
type use struct {
	slacktest.Control
	id      string
	name    []string // attributes that name and describe it
	confirm []string // that it asks first
}

func (p *page) controls(list []slacktest.Control) {
	for _, c := range list {
		name := c.Placeholder
		if name == "" {
			name = "Menu"
		}
		p.asking(use{Control: c, id: p.id(), name: []string{"aria-label", name}})
	}
}

// asking draws a control and the dialog that asks before it is used.
func (p *page) asking(u use) {
	if u.Confirm == nil {
		p.control(u)
		return
	}
	dialog := u.id + "-asks"
	u.confirm = []string{"data-confirm", dialog}
	p.control(u)
	p.element("dialog", []string{"class", "bk-confirm", "id", dialog, "aria-labelledby", dialog + "-title"}, func() {
		p.element("h2", []string{"class", "bk-title", "id", dialog + "-title"}, func() { p.text(u.Confirm.Title) })
		p.div("bk-body", func() { p.pieces(u.Confirm.Text) })
		yes := "bk-button bk-primary"
		if u.Confirm.Danger {
			yes = "bk-button bk-danger"
		}
		p.div("bk-foot", func() {
			p.element("button", []string{"type", "button", "class", "bk-button", "data-do", "answer", "value", "no"}, func() { p.text(u.Confirm.No) })
			p.element("button", []string{"type", "button", "class", yes, "data-do", "answer", "value", "yes"}, func() { p.text(u.Confirm.Yes) })
		})
	})
}

// input draws a field with its label above, its error and its hint below.
func (p *page) input(s slacktest.Piece) {
	p.div("bk-input", func() {
		for _, c := range s.Controls {
			u := use{Control: c, id: p.id()}
			label := u.id + "-label"
			u.name = []string{"aria-labelledby", label}
			p.element("label", []string{"class", "bk-label", "id", label, "for", u.id}, func() {
				p.text(s.Label)
				if s.Optional {
					p.element("span", []string{"class", "bk-optional"}, func() { p.text(" (optional)") })
				}
			})
			if told := p.describe(u.id, s); told != "" {
				u.name = append(u.name, "aria-describedby", told)
			}
			u.name = append(u.name, when(s.Wrong != "", "aria-invalid", "true")...)
			u.name = append(u.name, when(!s.Optional, "aria-required", "true")...)
			p.asking(u)
			p.note("bk-wrong", u.id+"-wrong", s.Wrong)
			p.note("bk-hint", u.id+"-hint", s.Hint)
		}
	})
}

func (*page) describe(id string, s slacktest.Piece) string {
	var told []string
	if s.Wrong != "" {
		told = append(told, id+"-wrong")
	}
	if s.Hint != "" {
		told = append(told, id+"-hint")
	}
	return strings.Join(told, " ")
}

func (p *page) note(class, id, text string) {
	if text != "" {
		p.element("p", []string{"class", class, "id", id}, func() { p.text(text) })
	}
}

// does says what an element of the page does, and for which of Slack's.
func (u use) does(what string) []string {
	return slices.Concat([]string{"data-do", what, "data-block", u.BlockID, "data-action", u.ActionID, "data-kind", u.Kind},
		when(u.Focus, "data-focus", ""), u.confirm)
}

// control draws one by Slack's type of it.
func (p *page) control(u use) {
	switch u.Kind {
	case "button":
		p.button(u)
	case "overflow":
		p.overflow(u)
	case "static_select":
		p.menu(u)
	case "radio_buttons":
		p.boxes(u, "radio", u.Options)
	case "checkboxes", "multi_static_select":
		p.boxes(u, "checkbox", u.Options)
	case "external_select":
		p.typeAhead(u, u.Holds)
	case "multi_external_select":
		p.element("div", []string{"data-many", ""}, func() {
			p.boxes(u, "checkbox", u.Selected)
			u.id += "-more"
			p.typeAhead(u, "")
		})
	case "datepicker":
		p.field(u, "date", "choose")
	case "timepicker":
		p.field(u, "time", "choose")
	case "datetimepicker":
		p.field(u, "datetime-local", "choose")
	case "email_text_input":
		p.field(u, "email", "fill")
	case "url_text_input":
		p.field(u, "url", "fill")
	case "plain_text_input", "number_input", "rich_text_input":
		p.field(u, "text", "fill")
	case "file_input":
		p.element("p", []string{"class", "bk-unknown"}, func() { p.text("[files cannot be sent here]") })
	default: // menus of people and conversations, whose ids are typed
		p.field(u, "text", "choose")
	}
}

func (p *page) button(u use) {
	class := "bk-button"
	if u.Style == "primary" || u.Style == "danger" {
		class += " bk-" + u.Style
	}
	attributes := append([]string{"class", class, "id", u.id}, u.does("press")...)
	if leads(u.URL) {
		attributes = append(attributes, "href", u.URL, "target", "_blank", "rel", "noopener noreferrer")
		p.element("a", attributes, func() { p.text(u.Label) })
		return
	}
	p.element("button", append(attributes, "type", "button", "value", u.Value), func() { p.text(u.Label) })
}

func (p *page) overflow(u use) {
	p.element("details", []string{"class", "bk-overflow"}, func() {
		p.element("summary", []string{"class", "bk-button", "aria-label", "More actions"}, func() { p.text("⋯") })
		p.div("bk-offers", func() {
			for _, o := range u.Options {
				p.element("button", append([]string{"type", "button", "class", "bk-option", "value", o.Value}, u.does("choose")...), func() { p.choice(o) })
			}
		})
	})
}

// holds reports whether a menu holds an option. Holds has the labels, one a line.
func (u use) holds(o slacktest.Choice) bool {
	return slices.Contains(strings.Split(u.Holds, "\n"), o.Text)
}

func (p *page) menu(u use) {
	p.element("select", slices.Concat([]string{"class", "bk-field", "id", u.id}, u.name, u.does("choose")), func() {
		if u.Holds == "" {
			p.element("option", []string{"value", "", "selected", "", "disabled", ""}, func() { p.text(u.Placeholder) })
		}
		for i := 0; i < len(u.Options); {
			group := u.Options[i].Group
			end := i
			for end < len(u.Options) && u.Options[end].Group == group {
				end++
			}
			if group == "" {
				p.options(u, u.Options[i:end])
			} else {
				p.element("optgroup", []string{"label", group}, func() { p.options(u, u.Options[i:end]) })
			}
			i = end
		}
	})
}

func (p *page) options(u use, list []slacktest.Choice) {
	for _, o := range list {
		p.element("option", append([]string{"value", o.Value}, when(u.holds(o), "selected", "")...), func() {
			p.text(o.Text)
			if o.Description != "" {
				p.text(" — " + o.Description)
			}
		})
	}
}

// boxes are options that all show, each with a box to check.
func (p *page) boxes(u use, kind string, list []slacktest.Choice) {
	role, many := "radiogroup", when(kind == "checkbox", "data-many", "")
	if kind == "checkbox" {
		role = "group"
	}
	p.element("div", slices.Concat([]string{"class", "bk-boxes", "role", role, "id", u.id}, u.name, many), func() {
		for i, o := range list {
			id := u.id + "-" + strconv.Itoa(i)
			attributes := append([]string{"type", kind, "name", u.id, "id", id, "value", o.Value}, u.does("choose")...)
			p.div("bk-box", func() {
				p.open("input", append(attributes, when(u.holds(o), "checked", "")...)...)
				p.element("label", []string{"for", id}, func() { p.choice(o) })
			})
		}
	})
}

// typeAhead is a field with a listbox below it, which the page fills and opens.
func (p *page) typeAhead(u use, holds string) {
	list := u.id + "-list"
	p.div("bk-ahead", func() {
		p.open("input", slices.Concat([]string{
			"class", "bk-field", "type", "text", "id", u.id, "role", "combobox", "autocomplete", "off", "spellcheck", "false",
			"aria-autocomplete", "list", "aria-expanded", "false", "aria-controls", list, "value", holds, "placeholder", u.Placeholder,
		}, u.name, u.does("suggest"))...)
		p.element("ul", []string{
			"class", "bk-offers", "role", "listbox", "id", list, "hidden", "", "aria-label", "Options",
			"data-block", u.BlockID, "data-action", u.ActionID, "data-kind", u.Kind,
		}, func() {})
	})
}

// field is something to type into.
func (p *page) field(u use, kind, does string) {
	attributes := slices.Concat([]string{"class", "bk-field", "id", u.id, "placeholder", u.Placeholder, "autocomplete", "off"}, u.name, u.does(does))
	if u.Multiline || u.Kind == "rich_text_input" {
		p.element("textarea", append(attributes, "rows", "3"), func() { p.text("\n" + u.Holds) }) // a browser drops the first line break
		return
	}
	p.open("input", append(attributes, "type", kind, "value", u.Holds)...)
}

// choice is an option as it reads.
func (p *page) choice(o slacktest.Choice) {
	p.text(o.Text)
	if o.Description != "" {
		p.element("span", []string{"class", "bk-description"}, func() { p.text(o.Description) })
	}
}
