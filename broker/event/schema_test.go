package event_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/assumebot/assumebot/broker/event"
)

// TestTheSchemaTakesWhatIsWrittenAndNothingElse validates an Event of each kind by what
// is published.
func TestTheSchemaTakesWhatIsWrittenAndNothingElse(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../deploy/docs/event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(leaf []byte) error {
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(leaf))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(instance)
	}
	for _, p := range event.Payloads() {
		for _, e := range []event.Event{of(filled(p)), of(p)} {
			leaf, _ := encoded(t, e)
			if err := valid(leaf); err != nil {
				t.Errorf("%s: %v\n%s", p.Kind(), err, leaf)
			}
		}
	}
	if later, _ := encoded(t, of(event.Other{Of: "withdrawn", Raw: []byte(`{"x":1}`)})); valid(later) != nil {
		t.Error("a kind of a later release is refused")
	}
	leaf, _ := encoded(t, of(filled(event.GrantedData{})))
	for name, change := range map[string][2]string{
		"version":         {`"v":1`, `"v":2`},
		"ID":              {`"id":"e1"`, `"id":"e 1"`},
		"time":            {`00.123Z`, `00Z`},
		"text in clear":   {`"sha256":"`, `"sha256":"x`},
		"number":          {`"seconds":`, `"seconds":-`},
		"missing":         {`"mfa":true,`, ``},
		"of another type": {`"approved_by":[`, `"approved_by":["x",`},
	} {
		changed := strings.Replace(string(leaf), change[0], change[1], 1)
		if changed == string(leaf) {
			t.Fatalf("%s: nothing changed", name)
		}
		if valid([]byte(changed)) == nil {
			t.Errorf("%s: %s is taken", name, changed)
		}
	}
}
