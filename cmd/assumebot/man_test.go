package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestEveryCommandHasAPageOfTheManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	root := newRoot(t.Context(), func(string) string { return "" })
	if err := writeManual(root, dir); err != nil {
		t.Fatal(err)
	}
	groff, err := exec.LookPath("groff")
	if err != nil && os.Getenv("ASSUMEBOT_REQUIRE_SHELLS") == "1" {
		t.Fatal("groff is not installed, and ASSUMEBOT_REQUIRE_SHELLS=1 demands it")
	}
	eachCommand(root, func(c *cobra.Command) {
		if !c.Runnable() {
			return
		}
		path := filepath.Join(dir, manName(c)+".1")
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		checkPage(t, c, string(page))
		if groff != "" {
			shown := typeset(t, groff, path)
			for _, want := range append(strings.Fields(c.Example), "NAME\n", "SYNOPSIS\n", " "+manName(c)+" - ") {
				if !strings.Contains(shown, want) {
					t.Errorf("%s shows no %q:\n%s", manName(c), want, shown)
				}
			}
		}
	})
}

// checkPage looks at what troff would not tell: that it is a page, and whole.
func checkPage(t *testing.T, c *cobra.Command, page string) {
	t.Helper()
	if !strings.HasPrefix(page, `.TH "`) {
		t.Errorf("%s begins with %.20q, want a title", manName(c), page)
	}
	known := map[string]bool{".TH": true, ".SH": true, ".PP": true, ".TP": true, ".nf": true, ".fi": true, ".ad": true}
	open := 0
	for line := range strings.Lines(page) {
		request, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case strings.HasPrefix(request, ".") && !known[request], strings.HasPrefix(request, "'"):
			t.Errorf("%s: %q is read as a request", manName(c), line)
		case request == ".nf":
			open++
		case request == ".fi":
			open--
		}
	}
	if open != 0 {
		t.Errorf("%s: %d .nf without .fi", manName(c), open)
	}
	if strings.Contains(page, `\fI\fR`) {
		t.Errorf("%s has an empty value of a flag", manName(c))
	}
	for _, flag := range []string{"config", "json"} {
		if c.LocalFlags().Lookup(flag) != nil && !strings.Contains(page, `\-\-`+flag) {
			t.Errorf("%s does not tell of --%s", manName(c), flag)
		}
	}
}

// typeset is the page as a terminal shows it; troff must not find anything wrong with it.
func typeset(t *testing.T, groff, path string) string {
	t.Helper()
	var out, wrong bytes.Buffer
	cmd := exec.CommandContext(t.Context(), groff, "-man", "-Tutf8", "-ww", "-P-cbou", path)
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil || wrong.Len() > 0 {
		t.Errorf("groff %s: %v: %s", filepath.Base(path), err, wrong.String())
	}
	return out.String()
}

func TestRoffShowsWhatIsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"--config":  `\-\-config`,
		".config":   `\&.config`,
		`a\b`:       `a\eb`,
		"it's `x`":  `it\(aqs \(gax\(ga`,
		"U… or ~/.": `U\[u2026] or \(ti/.`,
	} {
		if got := roff(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
