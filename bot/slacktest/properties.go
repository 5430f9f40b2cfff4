package slacktest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// propertyChecker finds what Slack would refuse in the properties of one object, whatever its kind.
type propertyChecker struct {
	errs  []string
	chars int // of all text so far
}

// fail records a complaint in the form Slack gives them.
func (c *propertyChecker) fail(ptr, format string, args ...any) {
	c.errs = append(c.errs, "[ERROR] "+fmt.Sprintf(format, args...)+" [json-pointer:"+ptr+"]")
}

// fields refuses properties that the type does not have.
func (c *propertyChecker) fields(n node, ptr, allowed string) {
	names := strings.Fields(allowed)
	for _, k := range sortedKeys(n) {
		if k != "type" && k != "block_id" && !slices.Contains(names, k) {
			c.fail(ptr+"/"+k, "invalid additional property: %s", k)
		}
	}
}

// id checks an id, or fills it in as Slack does.
func (c *propertyChecker) id(n node, key, ptr string) {
	v, ok := n[key]
	if !ok || v == "" {
		n[key] = randomID(3)
		return
	}
	s, ok := v.(string)
	if !ok {
		c.fail(ptr+"/"+key, "must be a string")
	} else if utf8.RuneCountInString(s) > maxIDLength {
		c.fail(ptr+"/"+key, "must be less than %d characters", maxIDLength+1)
	}
}

// str checks a string that must be there, 1 to limit characters long.
func (c *propertyChecker) str(n node, key, ptr string, limit int) {
	v, ok := n[key]
	if !ok {
		c.fail(ptr, "missing required field: %s", key)
		return
	}
	s, ok := v.(string)
	if !ok {
		c.fail(ptr+"/"+key, "must be a string")
		return
	}
	c.length(s, ptr+"/"+key, limit)
}

// optional checks a string that may be left out.
func (c *propertyChecker) optional(n node, key, ptr string, limit int) {
	if _, ok := n[key]; ok {
		c.str(n, key, ptr, limit)
	}
}

func (c *propertyChecker) length(s, ptr string, limit int) {
	count := utf8.RuneCountInString(s)
	c.chars += count
	if count == 0 {
		c.fail(ptr, "must be more than 0 characters")
	}
	if count > limit {
		c.fail(ptr, "must be less than %d characters", limit+1)
	}
}

// text checks a text object; kinds are the types it may have.
// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
func (c *propertyChecker) text(n node, key, ptr string, limit int, kinds ...string) {
	t, ok := n[key].(map[string]any)
	if !ok {
		c.fail(ptr, "missing required field: %s", key)
		return
	}
	c.textObject(t, ptr+"/"+key, limit, kinds...)
}

func (c *propertyChecker) textObject(t node, ptr string, limit int, kinds ...string) {
	kind := t.str("type")
	if !slices.Contains(kinds, kind) {
		c.fail(ptr+"/type", "must be %s, not %q", strings.Join(kinds, " or "), kind)
	}
	allowed := "text emoji"
	if kind == "mrkdwn" {
		allowed = "text verbatim"
	}
	c.fields(t, ptr, allowed)
	c.str(t, "text", ptr, limit)
}

func (c *propertyChecker) count(got int, ptr string, limit int) {
	if got == 0 {
		c.fail(ptr, "no fewer than 1 items allowed")
	}
	if got > limit {
		c.fail(ptr, "no more than %d items allowed", limit)
	}
}
