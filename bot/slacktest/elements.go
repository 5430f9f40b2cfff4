package slacktest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Limits of block elements and composition objects.
// https://docs.slack.dev/reference/block-kit/block-elements
// https://docs.slack.dev/reference/block-kit/composition-objects
const (
	maxButtonText   = 75
	maxButtonValue  = 2000
	maxURL          = 3000
	maxPlaceholder  = 150
	maxOptions      = 100
	maxOptionText   = 75
	maxOptionValue  = 150
	maxGroupLabel   = 75
	maxOverflow     = 5
	maxChoices      = 10 // checkboxes, radio buttons
	maxInputLength  = 3000
	maxConfirmTitle = 100
	maxConfirmText  = 300
	maxConfirmLabel = 30
)

// elementChecker finds what Slack would refuse in what people press, choose from and type into.
type elementChecker struct{ *propertyChecker }

// allowedIn says whether a block may hold an element.
func allowedIn(block, element string) bool {
	menus := "static_select external_select users_select conversations_select channels_select " +
		"multi_static_select multi_external_select multi_users_select multi_conversations_select " +
		"multi_channels_select checkboxes radio_buttons datepicker timepicker "
	switch block {
	case "section":
		return slices.Contains(strings.Fields(menus+"button overflow image"), element)
	case "actions":
		return slices.Contains(strings.Fields(menus+"button overflow datetimepicker"), element)
	case "input":
		return slices.Contains(strings.Fields(menus+
			"plain_text_input email_text_input url_text_input number_input datetimepicker file_input rich_text_input"), element)
	case "context":
		return element == "image"
	}
	return false
}

func (c elementChecker) element(e node, ptr, block string) {
	kind := e.str("type")
	if !allowedIn(block, kind) {
		c.fail(ptr+"/type", "unsupported type: %s", kind)
		return
	}
	if kind == "image" {
		c.fields(e, ptr, "image_url slack_file alt_text")
		c.image(e, ptr)
		return
	}
	c.id(e, "action_id", ptr)
	if e["confirm"] != nil {
		c.confirm(e.child("confirm"), ptr+"/confirm")
	}
	if e["placeholder"] != nil {
		c.text(e, "placeholder", ptr, maxPlaceholder, "plain_text")
	}
	switch {
	case kind == "button":
		c.button(e, ptr)
	case strings.HasSuffix(kind, "_select"):
		c.menu(e, ptr, kind)
	case kind == "overflow", kind == "checkboxes", kind == "radio_buttons":
		c.choices(e, ptr, kind)
	case strings.HasSuffix(kind, "_input"):
		c.typed(e, ptr, kind)
	default:
		c.fields(e, ptr, "action_id initial_date initial_time initial_date_time timezone confirm focus_on_load placeholder")
	}
}

// https://docs.slack.dev/reference/block-kit/block-elements/button-element
func (c elementChecker) button(e node, ptr string) {
	c.fields(e, ptr, "action_id text url value style confirm accessibility_label")
	c.text(e, "text", ptr, maxButtonText, "plain_text")
	c.optional(e, "value", ptr, maxButtonValue)
	c.optional(e, "url", ptr, maxURL)
	c.optional(e, "accessibility_label", ptr, maxButtonText)
	if style, ok := e["style"]; ok && style != "primary" && style != "danger" {
		c.fail(ptr+"/style", "must be one of primary, danger")
	}
}

// https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
func (c elementChecker) menu(e node, ptr, kind string) {
	allowed := "action_id placeholder confirm focus_on_load max_selected_items "
	base := strings.TrimPrefix(kind, "multi_")
	switch base {
	case "static_select":
		allowed += "options option_groups initial_option initial_options"
	case "external_select":
		allowed += "min_query_length initial_option initial_options"
	case "users_select":
		allowed += "initial_user initial_users"
	case "channels_select":
		allowed += "initial_channel initial_channels response_url_enabled"
	default:
		allowed += "initial_conversation initial_conversations default_to_current_conversation response_url_enabled filter"
	}
	c.fields(e, ptr, allowed)
	switch base {
	case "static_select":
		c.optionLists(e, ptr)
		c.initial(e, ptr)
	case "external_select":
		for i, o := range c.initialOptions(e) {
			c.option(o, fmt.Sprintf("%s/initial_option/%d", ptr, i), "plain_text")
		}
	}
}

func (c elementChecker) optionLists(e node, ptr string) {
	if (e["options"] == nil) == (e["option_groups"] == nil) {
		c.fail(ptr, "must have exactly one of options, option_groups")
		return
	}
	if e["options"] != nil {
		c.options(e, ptr, maxOptions, "plain_text")
		return
	}
	groups := e.children("option_groups")
	c.count(len(groups), ptr+"/option_groups", maxOptions)
	for i, g := range groups {
		at := fmt.Sprintf("%s/option_groups/%d", ptr, i)
		c.fields(g, at, "label options")
		c.text(g, "label", at, maxGroupLabel, "plain_text")
		c.options(g, at, maxOptions, "plain_text")
	}
}

func (c elementChecker) options(e node, ptr string, limit int, kinds ...string) {
	list := e.children("options")
	c.count(len(list), ptr+"/options", limit)
	for i, o := range list {
		c.option(o, fmt.Sprintf("%s/options/%d", ptr, i), kinds...)
	}
}

// https://docs.slack.dev/reference/block-kit/composition-objects/option-object
func (c elementChecker) option(o node, ptr string, kinds ...string) {
	c.fields(o, ptr, "text value description url")
	c.text(o, "text", ptr, maxOptionText, kinds...)
	c.str(o, "value", ptr, maxOptionValue)
	if o["description"] != nil {
		c.text(o, "description", ptr, maxOptionText, kinds...)
	}
	c.optional(o, "url", ptr, maxURL)
}

// https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element
func (c elementChecker) choices(e node, ptr, kind string) {
	c.fields(e, ptr, "action_id options initial_option initial_options confirm focus_on_load")
	limit, kinds := maxChoices, []string{"plain_text", "mrkdwn"}
	if kind == "overflow" {
		limit, kinds = maxOverflow, []string{"plain_text"}
	}
	c.options(e, ptr, limit, kinds...)
	c.initial(e, ptr)
}

func (c elementChecker) initialOptions(e node) []node {
	list := e.children("initial_options")
	if o := e.child("initial_option"); o != nil {
		list = append(list, o)
	}
	return list
}

// initial refuses a preselected option that is not, exactly, among the options.
func (c elementChecker) initial(e node, ptr string) {
	all := e.children("options")
	for _, g := range e.children("option_groups") {
		all = append(all, g.children("options")...)
	}
	for _, o := range c.initialOptions(e) {
		same := func(x node) bool { return reflect.DeepEqual(x, o) }
		if !slices.ContainsFunc(all, same) {
			c.fail(ptr+"/initial_option", "must match one of the options")
		}
	}
}

// https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
func (c elementChecker) typed(e node, ptr, kind string) {
	allowed := "action_id initial_value multiline min_length max_length dispatch_action_config focus_on_load placeholder"
	switch kind {
	case "number_input":
		allowed += " is_decimal_allowed min_value max_value"
	case "file_input":
		allowed = "action_id filetypes max_files"
	}
	c.fields(e, ptr, allowed)
	if kind != "plain_text_input" {
		return
	}
	if s := e.str("initial_value"); s != "" {
		c.length(s, ptr+"/initial_value", maxInputLength)
	}
	low, high := e.number("min_length", 0), e.number("max_length", maxInputLength)
	if low < 0 || low > maxInputLength {
		c.fail(ptr+"/min_length", "must be between 0 and %d", maxInputLength)
	}
	if high < 1 || high > maxInputLength || low > high {
		c.fail(ptr+"/max_length", "must be between 1 and %d and not below min_length", maxInputLength)
	}
}

// https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
func (c elementChecker) confirm(n node, ptr string) {
	if n == nil {
		c.fail(ptr, "must be an object")
		return
	}
	c.fields(n, ptr, "title text confirm deny style")
	c.text(n, "title", ptr, maxConfirmTitle, "plain_text")
	c.text(n, "text", ptr, maxConfirmText, "plain_text", "mrkdwn")
	c.text(n, "confirm", ptr, maxConfirmLabel, "plain_text")
	c.text(n, "deny", ptr, maxConfirmLabel, "plain_text")
}

// https://docs.slack.dev/reference/block-kit/blocks/image-block
func (c elementChecker) image(n node, ptr string) {
	if n["slack_file"] == nil {
		c.str(n, "image_url", ptr, maxURL)
	}
	c.str(n, "alt_text", ptr, maxLabel)
}
