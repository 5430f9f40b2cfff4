package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
)

type surface int

const (
	surfaceMessage surface = iota
	surfaceModal
	surfaceHome
)

// Limits of blocks. https://docs.slack.dev/reference/block-kit/blocks
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxIDLength      = 255  // block_id and action_id
	maxSection       = 3000 // text of a section
	maxFields        = 10
	maxField         = 2000
	maxHeader        = 150
	maxContext       = 10
	maxActions       = 25
	maxLabel         = 2000 // of an input, its hint, an image's title and alt_text
	maxMarkdown      = 12_000
	maxRows          = 100
	maxCells         = 20
	maxTableText     = 10_000 // of all cells of a message
	// All text of the blocks of one message together. Observed, not
	// documented: https://github.com/slackapi/bolt-js/issues/2509
	maxMessageText = 13_200
)

// checker finds what Slack would refuse in a list of blocks.
type checker struct {
	*propertyChecker
	elementChecker
	richChecker

	surface  surface
	blockIDs map[string]bool
	inputs   int
	tables   int
	charts   int
	unknown  []string // types that this Slack does not know
}

func newChecker(on surface) *checker {
	p := &propertyChecker{}
	return &checker{propertyChecker: p, elementChecker: elementChecker{p}, richChecker: richChecker{p}, surface: on, blockIDs: map[string]bool{}}
}

// checkBlocks validates the blocks of a message and returns them with the ids
// that Slack fills in; nil for an empty list.
func checkBlocks(raw []byte, on surface, unknown ...string) (json.RawMessage, error) {
	var list []any
	if decode(raw, &list) != nil {
		return nil, failure("invalid_blocks_format")
	}
	if len(list) == 0 {
		return nil, nil
	}
	c := newChecker(on)
	c.unknown = unknown
	c.blocks(list, "/blocks")
	if len(c.errs) > 0 {
		return nil, failure("invalid_blocks", c.errs...)
	}
	if on == surfaceMessage && c.chars > maxMessageText {
		return nil, failure("msg_blocks_too_long")
	}
	return encode(list), nil
}

func (c *checker) blocks(list []any, ptr string) {
	limit := maxViewBlocks
	if c.surface == surfaceMessage {
		limit = maxMessageBlocks
	}
	if len(list) > limit {
		c.fail(ptr, "no more than %d items allowed", limit)
	}
	for i, v := range list {
		at := fmt.Sprintf("%s/%d", ptr, i)
		n, ok := v.(map[string]any)
		if !ok {
			c.fail(at, "must be an object")
			continue
		}
		c.block(n, at)
	}
}

func (c *checker) block(n node, ptr string) {
	c.id(n, "block_id", ptr)
	if id := n.str("block_id"); c.blockIDs[id] {
		c.fail(ptr+"/block_id", "block_id %q already exists", id)
	} else {
		c.blockIDs[id] = true
	}
	kind := n.str("type")
	if slices.Contains(c.unknown, kind) {
		c.fail(ptr+"/type", "unsupported type: %s", kind)
		return
	}
	switch kind {
	case "section":
		c.section(n, ptr)
	case "header":
		c.fields(n, ptr, "text")
		c.text(n, "text", ptr, maxHeader, "plain_text")
	case "divider":
		c.fields(n, ptr, "")
	case "context":
		c.context(n, ptr)
	case "actions":
		c.fields(n, ptr, "elements")
		c.elements(n, ptr, maxActions)
	case "input":
		c.input(n, ptr)
	case "image":
		c.fields(n, ptr, "image_url slack_file alt_text title")
		c.image(n, ptr)
		if n["title"] != nil {
			c.text(n, "title", ptr, maxLabel, "plain_text")
		}
	case "rich_text":
		c.richText(n, ptr)
	case "table":
		c.table(n, ptr)
	case "data_visualization":
		c.chart(n, ptr)
	case "markdown":
		c.fields(n, ptr, "text")
		c.str(n, "text", ptr, maxMarkdown)
		if c.surface != surfaceMessage {
			c.fail(ptr, "unsupported type: markdown")
		}
	default:
		c.fail(ptr+"/type", "unsupported type: %s", kind)
	}
}

// https://docs.slack.dev/reference/block-kit/blocks/section-block
func (c *checker) section(n node, ptr string) {
	c.fields(n, ptr, "text fields accessory expand")
	if n["text"] == nil && n["fields"] == nil {
		c.fail(ptr, "missing required field: text")
	}
	if n["text"] != nil {
		c.text(n, "text", ptr, maxSection, "plain_text", "mrkdwn")
	}
	if n["fields"] != nil {
		list := n.children("fields")
		c.count(len(list), ptr+"/fields", maxFields)
		for i, f := range list {
			c.textObject(f, fmt.Sprintf("%s/fields/%d", ptr, i), maxField, "plain_text", "mrkdwn")
		}
	}
	if a := n.child("accessory"); a != nil {
		c.element(a, ptr+"/accessory", "section")
	}
}

// https://docs.slack.dev/reference/block-kit/blocks/table-block
func (c *checker) table(n node, ptr string) {
	c.fields(n, ptr, "rows column_settings")
	if c.tables++; c.tables > 1 {
		c.fail(ptr, "only one table is allowed")
	}
	if c.surface != surfaceMessage {
		c.fail(ptr+"/type", "unsupported type: table")
	}
	for i, s := range n.children("column_settings") {
		at := fmt.Sprintf("%s/column_settings/%d", ptr, i)
		c.fields(s, at, "align is_wrapped")
		if align := s.str("align"); align != "" && !slices.Contains([]string{"left", "center", "right"}, align) {
			c.fail(at+"/align", "must be left, center or right")
		}
	}
	before := c.chars
	rows, _ := n["rows"].([]any)
	c.count(len(rows), ptr+"/rows", maxRows)
	for i, row := range rows {
		at := fmt.Sprintf("%s/rows/%d", ptr, i)
		cells := node{"cells": row}.children("cells")
		c.count(len(cells), at, maxCells)
		for j, cell := range cells {
			at := fmt.Sprintf("%s/%d", at, j)
			switch kind := cell.str("type"); kind {
			case "rich_text":
				c.richText(cell, at)
			case "raw_text":
				c.fields(cell, at, "text")
				c.str(cell, "text", at, maxSection)
			default:
				c.fail(at+"/type", "unsupported type: %s", kind)
			}
		}
	}
	if c.chars-before > maxTableText {
		c.fail(ptr, "tables may hold no more than %d characters", maxTableText)
	}
}

// https://docs.slack.dev/reference/block-kit/blocks/context-block
func (c *checker) context(n node, ptr string) {
	c.fields(n, ptr, "elements")
	list := n.children("elements")
	c.count(len(list), ptr+"/elements", maxContext)
	for i, e := range list {
		at := fmt.Sprintf("%s/elements/%d", ptr, i)
		if e.str("type") == "image" {
			c.element(e, at, "context")
			continue
		}
		c.textObject(e, at, maxSection, "plain_text", "mrkdwn")
	}
}

// https://docs.slack.dev/reference/block-kit/blocks/input-block
func (c *checker) input(n node, ptr string) {
	c.inputs++
	c.fields(n, ptr, "label element hint optional dispatch_action")
	if c.surface == surfaceMessage {
		c.fail(ptr+"/type", "unsupported type: input")
	}
	c.text(n, "label", ptr, maxLabel, "plain_text")
	if n["hint"] != nil {
		c.text(n, "hint", ptr, maxLabel, "plain_text")
	}
	e := n.child("element")
	if e == nil {
		c.fail(ptr, "missing required field: element")
		return
	}
	c.element(e, ptr+"/element", "input")
}

func (c *checker) elements(n node, ptr string, limit int) {
	list := n.children("elements")
	c.count(len(list), ptr+"/elements", limit)
	seen := map[string]bool{}
	for i, e := range list {
		at := fmt.Sprintf("%s/elements/%d", ptr, i)
		c.element(e, at, "actions")
		id := e.str("action_id")
		if seen[id] {
			c.fail(at+"/action_id", "action_id %q already exists", id)
		}
		seen[id] = true
	}
}
