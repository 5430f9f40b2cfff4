package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// words are one string, or several; a bool counts as its word.
type words []string

// UnmarshalJSON implements [json.Unmarshaler].
func (w *words) UnmarshalJSON(data []byte) error {
	var many []any
	if len(data) > 0 && data[0] != '[' {
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	if err := json.Unmarshal(data, &many); err != nil {
		return err
	}
	for _, v := range many {
		switch v := v.(type) {
		case string:
			*w = append(*w, v)
		case bool, float64:
			*w = append(*w, fmt.Sprint(v))
		default:
			return fmt.Errorf("%T where a text was expected", v)
		}
	}
	return nil
}

// trustPrincipals are by kind, such as AWS.
type trustPrincipals map[string]words

// UnmarshalJSON implements [json.Unmarshaler].
func (p *trustPrincipals) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = trustPrincipals{"AWS": {"*"}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]words)(p))
}

// strict reads one JSON value without unknown fields, and nothing after it.
func strict(text string, into any) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s", clean(err.Error()))
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("something follows it")
	}
	return nil
}

// repeated returns a key that one object in a JSON value has twice, in whatever case: IAM
// may take the one, and encoding/json the other.
func repeated(dec *json.Decoder) string {
	type level struct {
		keys  map[string]bool // nil in an array
		value bool            // comes next
	}
	var levels []level
	for {
		token, err := dec.Token()
		if err != nil {
			return ""
		}
		in := len(levels) - 1
		key, isText := token.(string)
		switch {
		case token == json.Delim('}') || token == json.Delim(']'):
			levels = levels[:in]
			continue
		case in >= 0 && levels[in].keys != nil && !levels[in].value && isText:
			key = strings.ToLower(key)
			if levels[in].keys[key] {
				return key
			}
			levels[in].keys[key], levels[in].value = true, true
			continue
		case in >= 0:
			levels[in].value = false
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{keys: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}
