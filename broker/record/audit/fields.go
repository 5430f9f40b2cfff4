package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/event"
)

// A Field is one fact of an Event, for people.
type Field struct {
	Name  string `json:"name"`  // where it stands in data, as changes.0.was
	Value string `json:"value"` // a free text as it is, or why it is not there
}

// What stands in the place of a free text that is not there.
const (
	textErased  = "(erased)"
	textAltered = "(not the text that was written)"
)

// Fields returns what the data of an Event say, in their order.
func Fields(leaf, aside []byte) ([]Field, error) {
	e, err := event.Decode(leaf, aside)
	if err != nil {
		return nil, err
	}
	r := fieldReader{texts: map[string]string{}}
	for _, t := range e.Texts() {
		switch {
		case t.Altered():
			r.texts[t.Digest()] = textAltered
		case t.Erased():
			r.texts[t.Digest()] = textErased
		default:
			r.texts[t.Digest()] = t.String()
		}
	}
	var tells struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(leaf, &tells); err != nil {
		return nil, err
	}
	r.from = json.NewDecoder(bytes.NewReader(tells.Data))
	r.from.UseNumber()
	err = r.value("", &r.out)
	return r.out, err
}

type fieldReader struct {
	from  *json.Decoder
	texts map[string]string // by digest
	out   []Field
	depth int
}

// maxDepth is how deep values may be nested: no Event of ours comes near.
const maxDepth = 32

// value reads one value, which may hold others.
func (r *fieldReader) value(name string, out *[]Field) error {
	token, err := r.from.Token()
	if err != nil {
		return err
	}
	if _, nested := token.(json.Delim); !nested {
		*out = append(*out, Field{name, fmt.Sprint(token)})
		return nil
	}
	if r.depth++; r.depth > maxDepth {
		return fmt.Errorf("values nested more than %d deep", maxDepth)
	}
	var in []Field
	for i := 0; r.from.More(); i++ {
		key := fmt.Sprint(i)
		if token == json.Delim('{') {
			k, err := r.from.Token()
			if err != nil {
				return err
			}
			key = fmt.Sprint(k)
		}
		if err := r.value(strings.TrimPrefix(name+"."+key, "."), &in); err != nil {
			return err
		}
	}
	if len(in) == 1 && in[0].Name == name+".sha256" {
		if text, ok := r.texts[in[0].Value]; ok {
			in = []Field{{name, text}}
		}
	}
	*out = append(*out, in...)
	r.depth--
	_, err = r.from.Token() // what closes it
	return err
}
