package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// eachCommand visits the whole tree but the commands by which a shell asks.
func eachCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			eachCommand(sub, visit)
		}
	}
}

func TestHelpIsOneScreenWithAnExample(t *testing.T) {
	seen := 0
	eachCommand(newRoot(t.Context(), func(string) string { return "" }), func(c *cobra.Command) {
		seen++
		var out bytes.Buffer
		c.SetOut(&out)
		help(c, nil)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) > 24 {
			t.Errorf("%s: got %d lines of help, want 24 at most", c.CommandPath(), len(lines))
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > screenColumns {
				t.Errorf("%s: got %d columns of help, want %d at most: %s", c.CommandPath(), n, screenColumns, line)
			}
		}
		if c.Runnable() && !strings.Contains(c.Example, "assumebot ") {
			t.Errorf("%s: got the example %q, want a line that somebody can type", c.CommandPath(), c.Example)
		}
	})
	if seen < 15 {
		t.Errorf("got %d commands, want all of them", seen)
	}
}
