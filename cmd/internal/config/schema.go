package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// FileName is what a config is called unless somebody calls it otherwise.
const FileName = "assumebot.yaml"

// SchemaName is the file that the first line of a config names, for editors.
const SchemaName = "assumebot.schema.json"

// SchemaLine is that line.
const SchemaLine = "# yaml-language-server: $schema=" + SchemaName

// Schema is the JSON Schema of the config file, in draft 2020-12, made from the
// structs that it is read into. It takes every file that Parse takes.
func Schema() ([]byte, error) {
	top := mapSchema(reflect.TypeFor[File]())
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "The config file of assumebot"
	top["description"] = "Who may have which AWS account, and how it is asked for. assumebot check says more than a schema can."
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(top)
	return b.Bytes(), err
}

// mapSchema is that of a struct.
func mapSchema(t reflect.Type) object {
	properties, needs := object{}, object{}
	var required []string
	for _, k := range keysOf(t) {
		properties[k.name] = k.schema(heldBy(t.FieldByIndex(k.field).Type))
		if k.missing != "" {
			required = append(required, k.name)
		}
		if k.needs != "" {
			needs[k.name] = []string{k.needs}
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(needs) > 0 {
		out["dependentRequired"] = needs
	}
	if s, ok := reflect.Zero(t).Interface().(shaped); ok {
		maps.Copy(out, s.shape())
	}
	return out
}

// heldBy is what an At or the value of an Entry holds.
func heldBy(t reflect.Type) reflect.Type {
	value, _ := t.FieldByName("Value") // both have one
	return value.Type
}

// schema is that of the key k, which holds t.
func (k key) schema(t reflect.Type) object {
	out := k.value(t)
	out["description"] = k.about()
	switch n, err := strconv.Atoi(k.fallback); {
	case err == nil:
		out["default"] = n
	case k.fallback != "":
		out["default"] = k.fallback
	}
	var example any
	if yaml.Unmarshal([]byte(k.example), &example) == nil && example != nil { // a test has read every example
		out["examples"] = []any{example}
	}
	return out
}

// value mirrors walker.value.
func (k key) value(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.String:
		return k.text()
	case t.Kind() == reflect.Bool:
		return k.shape.and(object{"type": "boolean"})
	case t == reflect.TypeFor[time.Duration]():
		return k.duration()
	case t.Kind() == reflect.Int:
		return k.shape.and(object{"type": "integer"})
	case t.Kind() != reflect.Slice:
		return k.mapOrWord(t)
	case isEntry(t.Elem()):
		out := object{"type": "object", "additionalProperties": k.value(heldBy(heldBy(t.Elem())))}
		if k.names.schema != nil {
			out["propertyNames"] = k.names.schema
		}
		return out
	}
	return k.list(heldBy(t.Elem()))
}

func (k key) text() object {
	pattern := anyText
	if p, ok := k.shape.schema["pattern"].(string); ok {
		pattern = p
	}
	if k.may == "blank" {
		pattern = "^$|" + pattern
	}
	out := k.shape.and(object{"type": "string"})
	if out["pattern"] = pattern; out["enum"] != nil || out["const"] != nil {
		delete(out, "pattern")
	}
	return out
}

func (k key) duration() object {
	above := object{"type": "string", "pattern": anyDuration, "not": object{"pattern": noDuration}}
	if k.may == "zero" {
		return object{"anyOf": []any{object{"enum": []any{0, "0", "0s", "0m", "0h"}}, above}}
	}
	return above
}

func (k key) mapOrWord(t reflect.Type) object {
	if _, ok := wordOf(reflect.New(t).Elem()); ok {
		return object{"anyOf": []any{k.text(), mapSchema(t)}}
	}
	return mapSchema(t)
}

// list is that of t. Of texts none may come twice; of maps the walker does not say so.
func (k key) list(t reflect.Type) object {
	out := object{"type": "array", "items": k.value(t)}
	if t.Kind() == reflect.String {
		out["uniqueItems"] = true
	}
	if k.empty != "" {
		out["minItems"] = 1
	}
	return out
}

// and is what both say.
func (s shape) and(more object) object {
	out := maps.Clone(more)
	maps.Copy(out, s.schema)
	return out
}
