package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestAfterACodeThatIsPipedInTheNextLineBegins(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{"123 456\n": "123456", "654321": "654321", "12345\n": "", "": ""} {
		var stderr strings.Builder
		c := &cobra.Command{}
		c.SetIn(strings.NewReader(said))
		c.SetErr(&stderr)
		got, err := codeFrom(c, "code: ")(t.Context())
		if got != want || (err == nil) != (want != "") || stderr.String() != "code: \n" {
			t.Errorf("%q: got %q, %v and %q", said, got, err, stderr.String())
		}
	}
}
