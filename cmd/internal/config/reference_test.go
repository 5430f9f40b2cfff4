package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	reference = deploy + "/docs/config.md"
	keysBegin = "<!-- Generated from the structs of cmd/internal/config: go test ./cmd/internal/config -update -->\n"
	keysEnd   = "<!-- end of what is generated from the structs -->\n"
)

func TestTheReferenceIsThatOfTheStructs(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash(reference))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begun := bytes.Cut(text, []byte(keysBegin))
	_, tail, ended := bytes.Cut(rest, []byte(keysEnd))
	if !begun || !ended {
		t.Fatalf("%s lacks a marker", reference)
	}
	out := bytes.NewBuffer(bytes.Clone(head))
	out.WriteString(keysBegin)
	section(out, "", reflect.TypeFor[File]())
	out.WriteString("\n" + keysEnd)
	out.Write(tail)
	kept(t, filepath.FromSlash(reference), out.Bytes())
}

// section is a table of the keys of t, which is at path, and a section for each of
// them that holds keys of its own.
func section(out *bytes.Buffer, path string, t reflect.Type) {
	title := "The file"
	if path != "" {
		title = "`" + path + "`"
	}
	fmt.Fprintf(out, "\n### %s\n\n| key | type | default | what it does | example |\n|---|---|---|---|---|\n", title)
	type below struct {
		path string
		of   reflect.Type
	}
	var next []below
	for _, k := range keysOf(t) {
		held := heldBy(t.FieldByIndex(k.field).Type)
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s |\n", k.name, k.typeName(held), k.unwritten(held), k.meaning(), code(k.example))
		at := strings.TrimPrefix(path+"."+k.name, ".")
		if held.Kind() == reflect.Slice && !isEntry(held.Elem()) {
			held, at = heldBy(held.Elem()), at+"[]"
		}
		if held.Kind() == reflect.Struct {
			next = append(next, below{at, held})
		}
	}
	for _, n := range next {
		section(out, n.path, n.of)
	}
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func (k key) meaning() string {
	text := k.about()
	if k.needs != "" {
		text += " It needs `" + k.needs + "`."
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", `\|`), "<", "&lt;")
}

// unwritten is what counts when the key is not there.
func (k key) unwritten(held reflect.Type) string {
	switch {
	case k.missing != "":
		return "required"
	case k.fallback != "":
		return code(k.fallback)
	case k.may == "zero", held.Kind() == reflect.Int:
		return "`0`"
	}
	return ""
}

func (k key) typeName(t reflect.Type) string {
	says := strings.ReplaceAll(k.shape.says, "|", `\|`)
	if t.Kind() == reflect.Slice {
		says = strings.ReplaceAll(says, " ID ", " IDs ")
	}
	with := func(kind string) string {
		if says == "" {
			return kind
		}
		return kind + ", " + says
	}
	switch {
	case t.Kind() == reflect.String:
		return cmp.Or(says, "text")
	case t.Kind() == reflect.Bool:
		return cmp.Or(says, "`true` or `false`")
	case t == reflect.TypeFor[time.Duration]():
		return with("duration")
	case t.Kind() == reflect.Int:
		return with("number")
	case t.Kind() == reflect.Slice && isEntry(t.Elem()):
		if heldBy(heldBy(t.Elem())).Kind() == reflect.Slice {
			return "map of lists of " + says
		}
		return "map of " + says
	case t.Kind() == reflect.Slice && heldBy(t.Elem()).Kind() == reflect.String:
		return "list of " + cmp.Or(says, "text")
	case t.Kind() == reflect.Slice && says != "":
		return "list of " + says + ", or maps"
	case t.Kind() == reflect.Slice:
		return "list of maps"
	case says != "":
		return says + ", or a map"
	}
	return "map"
}

// TestEveryExampleIsRight holds each example to the schema of its key, and wants one
// wherever the key is written as one line.
func TestEveryExampleIsRight(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaName, doc); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var look func(at string, v any)
	look = func(at string, v any) {
		of, ok := v.(map[string]any)
		if !ok {
			return
		}
		examples, _ := of["examples"].([]any)
		for _, example := range examples {
			seen++
			schema, err := c.Compile(SchemaName + "#" + at)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(example); err != nil {
				said, _ := json.Marshal(example)
				t.Errorf("%s: the example %s: %v", at, said, err)
			}
		}
		for name, below := range of {
			if list, ok := below.([]any); ok {
				for i, item := range list {
					look(fmt.Sprintf("%s/%s/%d", at, name, i), item)
				}
			}
			look(at+"/"+name, below)
		}
	}
	look("", doc)
	if seen < 50 {
		t.Errorf("got %d examples, want more", seen)
	}
	eachKey(reflect.TypeFor[File](), "", func(path string, k key, _ reflect.Type) {
		written := map[string]bool{".users[]": true, ".accounts[]": true, ".record.witnesses[]": true, ".record.sinks[]": true} // longer than a line
		secret := map[string]bool{".accounts[].external_id": true, ".users[].age_key": true, ".record.witnesses[].key": true, ".signin_endpoint": true}
		if k.example == "" && !written[path] && !secret[path] {
			t.Errorf("%s has no example", path)
		}
	})
}
