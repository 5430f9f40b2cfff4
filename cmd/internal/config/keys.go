package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/broker/text"
)

// A struct of this package is a map of the file, and its fields are the keys. Each
// is declared in its tag:
//
//	key      its name
//	doc      what it is for
//	example  what it may hold, as it is written
//	default  its value when it is not written
//	may      "blank": text may be empty; "zero": a duration may be 0, which is never
//	needs    the key without which it means nothing
//	change   how a difference is told: quoted, concealed or named; "-": by hand
//	as       what a difference calls it, if not by its name
//
// A field with the tag word instead is what the map says when it is written as one
// word. What messages say beside that is in the struct's hints. An embedded struct
// holds keys of the same map, of one subject.
type key struct {
	name, doc, example, fallback, may, needs, change, as string

	field []int
	hint
}

// A hint is what messages about one key say, and the schema and the reference.
type hint struct {
	missing string // what to add when it is not there; "": it need not be
	empty   string // what an empty list would mean; "": that is fine
	of      string // what it is a list of
	entry   string // what one entry of it is called
	what    string // what it is called as a map, if not by its name
	more    string // what the reference says after doc
	shape   shape  // how what it holds must look
	names   shape  // how the keys of a map of a person's own must look

	meant map[string]string         // what to do with words, in lower case, that mean one of its own
	mend  func(value string) string // the map that a word in its place means; "": none
}

type hinted interface{ hints() map[string]hint }

// whyNeeded says why a key that another needs cannot be left out.
var whyNeeded = map[string]string{
	"role_arn": "without a role the credentials come from GetSessionToken, which takes none",
}

// keysOf are the keys of a struct, in the order in which messages list them.
func keysOf(t reflect.Type) []key {
	var hints map[string]hint
	if h, ok := reflect.Zero(t).Interface().(hinted); ok {
		hints = h.hints()
	}
	var keys []key
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			for _, k := range keysOf(field.Type) {
				k.field = append([]int{i}, k.field...)
				keys = append(keys, k)
			}
		}
		if name := field.Tag.Get("key"); name != "" {
			keys = append(keys, key{
				name: name, doc: field.Tag.Get("doc"), example: field.Tag.Get("example"), fallback: field.Tag.Get("default"),
				may: field.Tag.Get("may"), needs: field.Tag.Get("needs"), change: field.Tag.Get("change"), as: field.Tag.Get("as"),
				field: []int{i}, hint: hints[name],
			})
		}
	}
	return keys
}

// A keysByType remembers the keys of structs.
type keysByType map[reflect.Type][]key

func (known keysByType) of(t reflect.Type) []key {
	keys, ok := known[t]
	if !ok {
		keys = keysOf(t)
		known[t] = keys
	}
	return keys
}

// about is all that there is to say of it.
func (k key) about() string { return strings.TrimSpace(k.doc + " " + k.more) }

// wordOf is the field for what is written as one word.
func wordOf(v reflect.Value) (cell, bool) {
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("word") != "" {
				return cellOf(v.Field(i)), true
			}
		}
	}
	return cell{}, false
}

func namesOf(keys []key) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return names
}

// keyHint helps with a key that is not known: where it goes, the nearest one, or all
// of them.
func keyHint(key string, known []string) string {
	if place := elsewhere(key); place != "" {
		return place
	}
	if secret := secretKey(key); secret != "" {
		return secret
	}
	if near := nearKey(key, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "known are " + strings.Join(known, ", ")
}

func nearKey(key string, known []string) string {
	return text.Nearest(strings.ReplaceAll(strings.ToLower(key), "-", "_"), known)
}

// misspells reports whether a key of the map n is not known and was meant to be name.
func misspells(n *yaml.Node, name string, known []string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i].Value; !slices.Contains(known, key) && nearKey(key, known) == name {
			return true
		}
	}
	return false
}
