package slacktest

import (
	"bytes"
	"encoding/json"
	"strconv"
)

func decode(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec.Decode(into)
}

// node is a JSON object as it came, read leniently: a missing or mistyped
// field is its zero value.
type node map[string]any

func (n node) str(key string) string {
	v, _ := n[key].(string)
	return v
}

func (n node) flag(key string) bool {
	v, _ := n[key].(bool)
	return v
}

// number reads an integer, def when there is none.
func (n node) number(key string, def int64) int64 {
	switch v := n[key].(type) {
	case json.Number:
		i, err := v.Int64()
		if err != nil {
			return def
		}
		return i
	case string:
		if i, err := strconv.ParseInt(v, 10, 64); err == nil {
			return i
		}
	}
	return def
}

func (n node) child(key string) node {
	v, _ := n[key].(map[string]any)
	return v
}

func (n node) children(key string) []node {
	list, _ := n[key].([]any)
	out := make([]node, 0, len(list))
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// text reads a text object, or a bare string, as it is written.
func (n node) text(key string) string {
	if s, ok := n[key].(string); ok {
		return s
	}
	return n.child(key).str("text")
}

// parseNodes reads an array of objects, nil when raw is none.
func parseNodes(raw json.RawMessage) []node {
	var list []node
	if len(raw) == 0 || decode(raw, &list) != nil {
		return nil
	}
	return list
}

// elements are the interactive and image elements of a block.
func (n node) interactive() []node {
	switch n.str("type") {
	case "actions":
		return n.children("elements")
	case "section":
		if a := n.child("accessory"); a != nil {
			return []node{a}
		}
	case "input":
		if e := n.child("element"); e != nil {
			return []node{e}
		}
	}
	return nil
}
