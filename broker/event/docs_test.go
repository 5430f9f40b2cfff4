package event

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated files anew")

const (
	docs   = "../../deploy/docs/record.md"
	schema = "../../deploy/docs/event.schema.json"
	marker = "<!-- What follows is generated from the comments in broker/event: go test ./broker/event -update -->\n"
)

// comments are those of the package's structs, by type, and of their fields, by "Type.Field".
func comments(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || len(d.Specs) != 1 {
				continue
			}
			spec, ok := d.Specs[0].(*ast.TypeSpec)
			if !ok {
				continue
			}
			found[spec.Name.Name] = sentence(d.Doc.Text())
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					text := sentence(field.Doc.Text() + " " + field.Comment.Text())
					for _, n := range field.Names {
						found[spec.Name.Name+"."+n.Name] = text
					}
				}
			}
		}
	}
	return found
}

func sentence(text string) string { return strings.Join(strings.Fields(text), " ") }

// kept holds a generated file against what is there, or writes it.
func kept(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says: refresh it with -update", path)
	}
}

func TestTheDocumentationIsThatOfTheCode(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := bytes.Cut(text, []byte(marker))
	if !ok {
		t.Fatalf("%s has no marker", docs)
	}
	said := comments(t)
	out := bytes.NewBuffer(bytes.Clone(head))
	out.WriteString(marker)
	out.WriteString("\n## Envelope\n\n")
	table(t, out, said, reflect.TypeFor[envelope]())
	out.WriteString("\n## Kinds\n")
	for _, p := range all {
		of := reflect.TypeOf(p)
		stops := ""
		if Stops(p.Kind()) {
			stops = " It restricts (`stop`)."
		}
		text := strings.TrimPrefix(said[of.Name()], of.Name()+" is ")
		fmt.Fprintf(out, "\n### %s\n\n%s%s\n\n", p.Kind(), capital(text), stops)
		table(t, out, said, of)
	}
	out.WriteString("\n## What kinds have in common\n")
	for _, of := range sharedTypes() {
		text := strings.TrimPrefix(said[of.Name()], of.Name()+" is ")
		fmt.Fprintf(out, "\n### %s\n\n%s\n\n", of.Name(), capital(strings.TrimPrefix(text, "A "+of.Name()+" is ")))
		table(t, out, said, of)
	}
	kept(t, docs, out.Bytes())
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// sharedTypes are the structs within payloads, in the order in which they are met.
func sharedTypes() []reflect.Type {
	var found []reflect.Type
	seen := map[reflect.Type]bool{timeType: true, textType: true}
	var look func(of reflect.Type)
	look = func(of reflect.Type) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || seen[of] {
			return
		}
		seen[of] = true
		found = append(found, of)
		for i := range of.NumField() {
			look(of.Field(i).Type)
		}
	}
	look(reflect.TypeFor[Actor]())
	for _, p := range all {
		of := reflect.TypeOf(p)
		for i := range of.NumField() {
			look(of.Field(i).Type)
		}
	}
	return found
}

// table lists the fields of a struct, and links to those that it has from others.
func table(t *testing.T, out *bytes.Buffer, said map[string]string, of reflect.Type) {
	t.Helper()
	var also []string
	rows := 0
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous {
			also = append(also, fmt.Sprintf("[%s](#%s)", f.Name, strings.ToLower(f.Name)))
			continue
		}
		if rows == 0 {
			out.WriteString("| field | type | what |\n|---|---|---|\n")
		}
		rows++
		text := said[of.Name()+"."+f.Name]
		if text == "" {
			t.Errorf("%s.%s has no comment", of.Name(), f.Name)
		}
		name, optional := jsonName(f)
		if optional {
			name += "`, optional"
		} else {
			name += "`"
		}
		fmt.Fprintf(out, "| `%s | %s | %s |\n", name, typeName(f.Type, f), strings.ReplaceAll(text, "|", "\\|"))
	}
	if len(also) > 0 {
		if rows > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(out, "All fields of %s.\n", strings.Join(also, ", "))
	}
	if rows+len(also) == 0 {
		out.WriteString("No fields.\n")
	}
}

func jsonName(f reflect.StructField) (name string, optional bool) {
	name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, rest != ""
}

func typeName(of reflect.Type, f reflect.StructField) string {
	switch {
	case of == timeType:
		return "time"
	case of == textType:
		return "text"
	case of == reflect.TypeFor[json.RawMessage]():
		return "object"
	case of.Kind() == reflect.String:
		if most, raw := bound(f); !raw {
			return fmt.Sprintf("string, ≤ %d", most)
		}
		return "string"
	case of.Kind() == reflect.Bool:
		return "bool"
	case of.Kind() == reflect.Slice:
		return "list of " + typeName(of.Elem(), f)
	case of.Kind() == reflect.Pointer:
		return typeName(of.Elem(), f)
	case of.Kind() == reflect.Struct:
		return fmt.Sprintf("[%s](#%s)", of.Name(), strings.ToLower(of.Name()))
	}
	return "integer"
}

// object is a JSON object whose keys keep no order; encoding/json sorts them.
type object = map[string]any

func TestTheSchemaIsThatOfTheCode(t *testing.T) {
	kept(t, schema, schemaOf(t))
}

func schemaOf(t *testing.T) []byte {
	t.Helper()
	said := comments(t)
	top := structSchema(said, reflect.TypeFor[envelope]())
	props := top["properties"].(object)
	props["v"] = object{"const": Version}
	props["kind"] = object{"type": "string", "pattern": "^[a-z_]{1,40}$", "description": said["envelope.Kind"]}
	props["id"] = object{"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "description": said["envelope.ID"]}
	props["data"] = object{"type": "object", "description": said["envelope.Data"]}
	defs, byKind := object{}, []any{}
	for _, p := range all {
		of := reflect.TypeOf(p)
		def := structSchema(said, of)
		def["description"] = capital(strings.TrimPrefix(said[of.Name()], of.Name()+" is "))
		defs[string(p.Kind())] = def
		byKind = append(byKind, object{
			"if":   object{"properties": object{"kind": object{"const": string(p.Kind())}}},
			"then": object{"properties": object{"data": object{"$ref": "#/$defs/" + string(p.Kind())}}},
		})
	}
	top["$schema"], top["title"] = "https://json-schema.org/draft/2020-12/schema", "An Event of the audit record, version 1"
	top["$defs"], top["allOf"] = defs, byKind
	out, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func structSchema(said map[string]string, of reflect.Type) object {
	props, required := object{}, []string{}
	var add func(of reflect.Type)
	add = func(of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			if f.Anonymous {
				add(f.Type)
				continue
			}
			name, optional := jsonName(f)
			value := valueSchema(said, f.Type, f)
			if text := said[of.Name()+"."+f.Name]; text != "" {
				value["description"] = text
			}
			if props[name] = value; !optional {
				required = append(required, name)
			}
		}
	}
	add(of)
	out := object{"type": "object", "properties": props}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func valueSchema(said map[string]string, of reflect.Type, f reflect.StructField) object {
	switch {
	case of == timeType:
		return object{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`}
	case of == textType:
		digest := object{"type": "string", "pattern": "^[0-9a-f]{64}$"}
		return object{"type": "object", "properties": object{"sha256": digest}, "required": []string{"sha256"}}
	case of.Kind() == reflect.String:
		out := object{"type": "string"}
		if most, raw := bound(f); !raw {
			out["maxLength"] = most
		}
		return out
	case of.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case of.Kind() == reflect.Slice && of.Elem().Kind() != reflect.Uint8:
		return object{"type": "array", "items": valueSchema(said, of.Elem(), f)}
	case of.Kind() == reflect.Pointer:
		return valueSchema(said, of.Elem(), f)
	case of.Kind() == reflect.Struct:
		return structSchema(said, of)
	case of.Kind() == reflect.Slice:
		return object{"type": "object"}
	}
	return object{"type": "integer", "minimum": 0, "maximum": int64(maxNumber)}
}
