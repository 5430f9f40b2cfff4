package sink

import (
	"bytes"
	"encoding/json"

	"github.com/assumebot/assumebot/broker/record"
)

// A line is one entry as JSON without a line break.
type line struct {
	Origin string `json:"origin"` // of the record
	Number int64  `json:"number"` // its place there; who has it already passes it over
	// Event is the leaf of the tree, byte by byte as it was written.
	Event json.RawMessage `json:"event,omitempty"`
	// Texts are what people wrote, by the SHA-256 that the event has of each; not those that
	// were erased.
	Texts  map[string]string `json:"texts,omitempty"`
	Broken string            `json:"broken,omitempty"` // why it cannot be read; it has no event then
}

// lineHead begins every line.
var lineHead = []byte(`{"origin":`)

// wholeOf is an entry of the record of that origin.
func wholeOf(origin string, e record.Followed) line {
	l := line{Origin: origin, Number: e.Number, Event: e.Leaf, Broken: e.Broken}
	for _, t := range e.Event.Texts() {
		if !t.Erased() && !t.Altered() {
			if l.Texts == nil {
				l.Texts = map[string]string{}
			}
			l.Texts[t.Digest()] = t.String()
		}
	}
	return l
}

// lineOf is an entry as a line, with a line break.
func lineOf(origin string, e record.Followed) ([]byte, error) { return encoded(wholeOf(origin, e)) }

// encoded is v as JSON with as few escapes as there can be, and a line break.
func encoded(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return out.Bytes(), err
}
