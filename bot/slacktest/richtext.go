package slacktest

import (
	"fmt"
	"slices"
	"strings"
)

// richChecker finds what Slack would refuse in rich text.
type richChecker struct{ *propertyChecker }

// richText checks a rich_text block: known elements in known places.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
func (c richChecker) richText(n node, ptr string) {
	c.fields(n, ptr, "elements")
	list := n.children("elements")
	if len(list) == 0 {
		c.fail(ptr+"/elements", "no fewer than 1 items allowed")
	}
	for i, e := range list {
		c.richPart(e, fmt.Sprintf("%s/elements/%d", ptr, i))
	}
}

func (c richChecker) richPart(e node, ptr string) {
	switch kind := e.str("type"); kind {
	case "rich_text_section":
		c.fields(e, ptr, "elements")
		c.richLeaves(e, ptr, "")
	case "rich_text_quote":
		c.fields(e, ptr, "elements border")
		c.richLeaves(e, ptr, "")
	case "rich_text_preformatted":
		c.fields(e, ptr, "elements border language")
		c.richLeaves(e, ptr, "text link")
	case "rich_text_list":
		c.fields(e, ptr, "elements style indent offset border")
		if s := e.str("style"); s != "bullet" && s != "ordered" {
			c.fail(ptr+"/style", "must be one of bullet, ordered")
		}
		for i, item := range e.children("elements") {
			at := fmt.Sprintf("%s/elements/%d", ptr, i)
			if item.str("type") != "rich_text_section" {
				c.fail(at+"/type", "unsupported type: %s", item.str("type"))
				continue
			}
			c.richPart(item, at)
		}
	default:
		c.fail(ptr+"/type", "unsupported type: %s", kind)
	}
}

// richLeaves checks the inline elements; only limits them to some types, all
// known ones when empty.
func (c richChecker) richLeaves(e node, ptr, only string) {
	list, ok := e["elements"].([]any)
	if !ok {
		c.fail(ptr, "missing required field: elements")
		return
	}
	if only == "text link" && len(list) == 0 {
		c.fail(ptr+"/elements", "no fewer than 1 items allowed")
	}
	for i, v := range list {
		at := fmt.Sprintf("%s/elements/%d", ptr, i)
		leaf, ok := v.(map[string]any)
		if !ok {
			c.fail(at, "must be an object")
			continue
		}
		if only != "" && !slices.Contains(strings.Fields(only), node(leaf).str("type")) {
			c.fail(at+"/type", "unsupported type: %s", node(leaf).str("type"))
			continue
		}
		c.richLeaf(leaf, at)
	}
}

func (c richChecker) richLeaf(n node, ptr string) {
	if style := n["style"]; style != nil {
		st := n.child("style")
		if st == nil {
			c.fail(ptr+"/style", "must be an object")
		}
		c.fields(st, ptr+"/style", "bold italic strike code underline highlight client_highlight unlink")
	}
	switch kind := n.str("type"); kind {
	case "text":
		c.fields(n, ptr, "text style")
		c.str(n, "text", ptr, maxText)
	case "link":
		c.fields(n, ptr, "url text unsafe style")
		c.str(n, "url", ptr, maxText)
		if n.str("text") != "" {
			c.chars += len([]rune(n.str("text")))
		}
	case "user":
		c.fields(n, ptr, "user_id style")
		c.str(n, "user_id", ptr, maxIDLength)
	case "usergroup":
		c.fields(n, ptr, "usergroup_id style")
		c.str(n, "usergroup_id", ptr, maxIDLength)
	case "channel":
		c.fields(n, ptr, "channel_id style")
		c.str(n, "channel_id", ptr, maxIDLength)
	case "team":
		c.fields(n, ptr, "team_id style")
		c.str(n, "team_id", ptr, maxIDLength)
	case "broadcast":
		c.fields(n, ptr, "range style")
		if r := n.str("range"); r != "here" && r != "channel" && r != "everyone" {
			c.fail(ptr+"/range", "must be one of here, channel, everyone")
		}
	case "emoji":
		c.fields(n, ptr, "name unicode url display_team_id skin_tone style")
		c.str(n, "name", ptr, maxIDLength)
	case "date":
		c.fields(n, ptr, "timestamp format url fallback style")
		if n.number("timestamp", -1) < 0 {
			c.fail(ptr+"/timestamp", "must be a number")
		}
		c.str(n, "format", ptr, maxSection)
	case "color":
		c.fields(n, ptr, "value style")
		c.str(n, "value", ptr, maxIDLength)
	default:
		c.fail(ptr+"/type", "unsupported type: %s", kind)
	}
}
