package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/broker/text"
)

// What people write in place of what is right, and what they meant: a message says
// then what to write, word for word.

// mendWord says what to do with v, which is what another program would take; "" when
// it is nothing of the kind.
func (k key) mendWord(v string) string {
	if mend, ok := k.meant[strings.ToLower(v)]; ok {
		return mend
	}
	enum, _ := k.shape.schema["enum"].([]any)
	for _, w := range enum {
		if word, ok := w.(string); ok && word != v && strings.EqualFold(word, v) {
			return "write " + k.name + ": " + word
		}
	}
	return ""
}

// switched are the words for on and off of other files, and those that YAML 1.1 has.
func switched(on, off string) map[string]string {
	return map[string]string{"true": on, "yes": on, "on": on, "false": off, "no": off, "off": off}
}

// mendSwitch is for true and false.
func (k key) mendSwitch(v string) string {
	return switched("write "+k.name+": true", "write "+k.name+": false")[strings.ToLower(v)]
}

var durationWords = text.NewPattern(`^(\d{1,6}) ?(d|days?|h|hrs?|hours?|m|min|mins|minutes?|s|secs?|seconds?)$`)

// meantDuration is v in Go's syntax, "" if it is no duration that people write.
func meantDuration(v string) string {
	if d, err := time.ParseDuration(v); err == nil && d > 0 {
		return v
	}
	m := durationWords.FindStringSubmatch(strings.ToLower(v))
	if m == nil {
		return ""
	}
	if m[2][0] == 'd' {
		d, _ := time.ParseDuration(m[1] + "h") // of digits
		return text.FormatDuration(24 * d)
	}
	return m[1] + m[2][:1]
}

var allDigits = text.NewPattern(`^[0-9]{1,9}$`)

// noUnit is for a number where a duration goes.
func (k key) noUnit(v string) string {
	d, err := time.ParseDuration(v + "s")
	if err != nil || d <= 0 || d%time.Second != 0 {
		return fmt.Sprintf("%s is a number without a unit: write 90s, 10m or 1h", k.name)
	}
	if d >= time.Minute {
		return fmt.Sprintf("%s is a number without a unit: %ss are %s; write that, or another such as 90s, 10m or 1h", k.name, v, text.FormatDuration(d))
	}
	return fmt.Sprintf("%s is a number without a unit: write %[2]ss, %[2]sm or %[2]sh", k.name, v)
}

// plain is what needs no quotes, wherever it stands.
var plain = text.NewPattern(`^[A-Za-z0-9][A-Za-z0-9_./:@-]*$`)

// mendMap is the map that n means, such as [team=payments] or {Key: team, Value: payments}
// within a list; else the example.
func (k key) mendMap(n *yaml.Node) string {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var pairs []string
	for _, item := range items {
		name, value := pairOf(item)
		if !plain.MatchString(name) || !plain.MatchString(value) {
			return k.example
		}
		pairs = append(pairs, name+": "+value)
	}
	if len(pairs) == 0 {
		return k.example
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

func pairOf(n *yaml.Node) (name, value string) {
	switch {
	case n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "="):
		name, value, _ = strings.Cut(n.Value, "=")
	case n.Kind == yaml.ScalarNode:
		name, value, _ = strings.Cut(n.Value, ":")
	case n.Kind == yaml.MappingNode && len(n.Content) == 2:
		name, value = n.Content[0].Value, n.Content[1].Value
	case n.Kind == yaml.MappingNode && len(n.Content) == 4 && strings.EqualFold(n.Content[0].Value, "key") && strings.EqualFold(n.Content[2].Value, "value"):
		name, value = n.Content[1].Value, n.Content[3].Value
	}
	return strings.TrimSpace(name), strings.TrimSpace(value)
}

// mendList is how a list of k is written, for whoever wrote one entry without brackets.
func (k key) mendList(n *yaml.Node, entry reflect.Type) string {
	switch {
	case n.Kind == yaml.ScalarNode && plain.MatchString(n.Value) && (entry.Kind() == reflect.String || k.example != ""):
		return fmt.Sprintf("write %s: [%s]", k.name, n.Value)
	case k.example != "":
		return fmt.Sprintf("write %s: %s", k.name, k.example)
	case entry.Kind() == reflect.Struct:
		first := keysOf(entry)[0]
		return fmt.Sprintf("begin each entry with a dash, such as - %s: %s", first.name, first.example)
	}
	return "write [a, b] or one a line after a dash"
}

// secretKeys are what keys for secrets are called, and where these go.
var secretKeys = []struct{ part, goes string }{
	{"apptoken", "set SLACK_APP_TOKEN in the environment"},
	{"bottoken", "set SLACK_BOT_TOKEN in the environment"},
	{"token", "set SLACK_APP_TOKEN and SLACK_BOT_TOKEN in the environment"},
	{"redis", "set REDIS_URL in the environment"},
	{"sealkey", "set ASSUMEBOT_SEAL_KEYS in the environment"},
	{"recordkey", "set ASSUMEBOT_RECORD_KEY in the environment"},
	{"accesskey", "say under credentials of the user where the key is kept: {profile: …}, {env: …} or {secret: …}"},
	{"secret", "they come from the environment (assumebot help environment lists the variables)"},
	{"passw", "they come from the environment (assumebot help environment lists the variables)"},
	{"privatekey", "they come from the environment (assumebot help environment lists the variables)"},
}

// secretKey says where what key would hold goes, "" if it is no secret.
func secretKey(key string) string {
	bare := strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(key))
	for _, s := range secretKeys {
		if strings.Contains(bare, s.part) {
			return "secrets do not belong in this file: " + s.goes
		}
	}
	return ""
}

// slackToken begins every token of Slack's.
// https://docs.slack.dev/authentication/tokens/
var slackToken = text.NewPattern(`^x(ox[a-z]|app)-`)

// theFile is the outermost map.
const theFile = "the file itself"

// placesOf are the maps that key is of.
func placesOf(key string) []string {
	var places []string
	var look func(t reflect.Type, place string)
	look = func(t reflect.Type, place string) {
		for _, k := range keysOf(t) {
			if k.name == key {
				places = append(places, place)
			}
			held, in := heldBy(t.FieldByIndex(k.field).Type), k.name
			if held.Kind() == reflect.Slice && !isEntry(held.Elem()) {
				held, in = heldBy(held.Elem()), "an entry of "+in
			}
			if held.Kind() == reflect.Struct {
				look(held, strings.TrimSuffix(in+" in "+place, " in "+theFile))
			}
		}
	}
	look(reflect.TypeFor[File](), theFile)
	return places
}

// elsewhere says of which maps key is one, "" if of none.
func elsewhere(key string) string {
	places := placesOf(key)
	switch {
	case len(places) == 0:
		return ""
	case slices.Contains(places, theFile):
		return "it is a key of " + theFile + ": begin its line at the left edge"
	}
	return "it is a key of " + strings.Join(places, " and of ") + ": write it there, indented as the keys beside it"
}
