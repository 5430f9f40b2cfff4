package store_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTheACLUserIsTheSameEverywhere compares the commands that a real Redis was
// held to, in TestACLUserOfTheDocumentationIsEnough, with those that the package
// documentation and the example name.
func TestTheACLUserIsTheSameEverywhere(t *testing.T) {
	want := slices.DeleteFunc(slices.Clone(aclUser), func(word string) bool { return !strings.HasPrefix(word, "+") })
	for i, word := range want {
		want[i] = strings.TrimPrefix(word, "+")
	}
	slices.Sort(want)
	read := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	check := func(where string, got []string) {
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", where, got, want)
		}
	}
	var example []string
	for _, word := range strings.Fields(read("../deploy/redis-users.example.acl")) {
		if command, ok := strings.CutPrefix(word, "+"); ok {
			example = append(example, command)
		}
	}
	check("the example", example)
	_, doc, _ := strings.Cut(read("doc.go"), "and the commands")
	doc, _, _ = strings.Cut(doc, ";")
	words := strings.Fields(strings.NewReplacer("//", "", ",", " ").Replace(doc))
	check("the documentation", slices.DeleteFunc(words, func(word string) bool { return word == "and" }))
}
