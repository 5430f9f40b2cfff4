package slacktest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// stateKey is where state.values keeps what an element of this kind holds.
// https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
func stateKey(kind string) string {
	switch kind {
	case "static_select", "external_select", "radio_buttons", "overflow":
		return "selected_option"
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options"
	case "users_select":
		return "selected_user"
	case "multi_users_select":
		return "selected_users"
	case "channels_select":
		return "selected_channel"
	case "multi_channels_select":
		return "selected_channels"
	case "conversations_select":
		return "selected_conversation"
	case "multi_conversations_select":
		return "selected_conversations"
	case "datepicker":
		return "selected_date"
	case "timepicker":
		return "selected_time"
	case "datetimepicker":
		return "selected_date_time"
	}
	return "value"
}

// initialState is what an element holds before anybody touched it; nil for
// one that holds nothing.
func initialState(e node) object {
	kind := e.str("type")
	if kind == "button" || kind == "image" || kind == "overflow" || kind == "" {
		return nil
	}
	key := stateKey(kind)
	initial := "initial_" + strings.TrimPrefix(key, "selected_")
	v := e[initial]
	if v == nil && strings.HasSuffix(key, "s") {
		v = []any{}
	}
	return object{"type": kind, key: v}
}

// enter makes the state of an element from what a person enters. The caller
// holds mu.
func (s *acts) enter(t *target, value string) (object, error) {
	kind := t.element.str("type")
	key := stateKey(kind)
	switch {
	case kind == "button":
		return nil, fmt.Errorf("slacktest: %s is a button", t.element.str("action_id"))
	case key == "value":
		return typedState(t.element, value)
	case key == "selected_option":
		o, err := s.option(t, value)
		return object{"type": kind, key: o}, err
	case key == "selected_options":
		list := []node{}
		for _, line := range lines(value) {
			o, err := s.option(t, line)
			if err != nil {
				return nil, err
			}
			list = append(list, o)
		}
		return object{"type": kind, key: list}, nil
	case strings.HasSuffix(key, "s"):
		return object{"type": kind, key: lines(value)}, nil
	}
	return object{"type": kind, key: value}, nil
}

// typedState refuses what Slack's client would not let a person type.
func typedState(e node, value string) (object, error) {
	count := int64(utf8.RuneCountInString(value))
	if limit := e.number("max_length", maxInputLength); count > limit {
		return nil, fmt.Errorf("slacktest: %d characters typed, the field takes %d", count, limit)
	}
	out := object{"type": e.str("type"), "value": value}
	if value == "" {
		out["value"] = nil
	}
	return out, nil
}

func (s *acts) option(t *target, value string) (node, error) {
	all := t.element.children("options")
	for _, g := range t.element.children("option_groups") {
		all = append(all, g.children("options")...)
	}
	if strings.HasSuffix(t.element.str("type"), "external_select") {
		all = append(s.suggested[t.key], selectedNodes(t.element)...)
	}
	for _, o := range all {
		if o.str("value") == value {
			return o, nil
		}
	}
	for _, o := range all {
		if o.text("text") == value {
			return o, nil
		}
	}
	return nil, fmt.Errorf("slacktest: menu %s does not offer %q", t.element.str("action_id"), value)
}

func selectedNodes(e node) []node {
	list := e.children("initial_options")
	if o := e.child("initial_option"); o != nil {
		list = append(list, o)
	}
	return list
}

func lines(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, "\n")
}

// shown is what a person sees a field hold.
func shown(state object) string {
	kind, _ := state["type"].(string)
	switch v := state[stateKey(kind)].(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, "\n")
	case node:
		return v.text("text")
	case map[string]any:
		return node(v).text("text")
	case []node:
		var out []string
		for _, o := range v {
			out = append(out, o.text("text"))
		}
		return strings.Join(out, "\n")
	}
	return ""
}

// empty says whether a field holds nothing.
func empty(state object) bool { return shown(state) == "" }
