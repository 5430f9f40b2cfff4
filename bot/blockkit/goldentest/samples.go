package goldentest

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/blockkit"
)

// CoveredBy fails where a golden file of the package has a block or an element of a
// shape, which is its type and the names of its properties, that is in no sample.
func CoveredBy(t *testing.T, samples map[string]json.RawMessage, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	all, err := blockkit.Samples(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]string{}
	for name, blocks := range samples {
		addShapes(t, covered, name, blocks)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		shapes := map[string]string{}
		addShapes(t, shapes, name, all[name])
		for shape := range shapes {
			if covered[shape] == "" {
				t.Errorf("%s has a shape that no sample has: %s", name, shape)
			}
		}
	}
}

func addShapes(t *testing.T, to map[string]string, name string, blocks json.RawMessage) {
	t.Helper()
	var v any
	if err := json.Unmarshal(blocks, &v); err != nil {
		t.Fatal(err)
	}
	walkShapes(v, func(shape string) { to[shape] = name })
}

func walkShapes(v any, found func(string)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walkShapes(e, found)
		}
	case map[string]any:
		if kind, ok := v["type"].(string); ok {
			found(kind + " with " + strings.Join(slices.Sorted(maps.Keys(v)), ", "))
		}
		for _, e := range v {
			walkShapes(e, found)
		}
	}
}
