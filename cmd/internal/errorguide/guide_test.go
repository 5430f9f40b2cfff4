package errorguide

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
)

const root = "../../.."

var update = flag.Bool("update", false, "write the guide")

const head = `# Errors

<!-- Written by go test ./cmd/internal/errorguide -update: change the source, or causes_test.go there. -->

A person reads what happened, what to do next, whether the code was used, and, where an operator has to look, a
reference. The log line with that ` + "`ref`" + ` has the cause in AWS's words. Log, record and audit
channel carry the code, which is the heading here. In what people read, … is what only the moment knows.

## Exit codes

| code | means |
|---|---|
| 0 | done |
| 1 | failed; standard error says why. Of ` + "`policy test`, that a case does not hold; of `record verify`, that the record does not check out" + ` |
| 2 | the command line is wrong |
| 3 | ` + "`policy diff`" + `: somebody gains; ` + "`record reconcile`" + `: an alarm |
| 4 | ` + "`record reconcile`" + `: it cannot tell |
| 78 | the bot cannot run until a person mends its settings, its config or a token, or starts a newer release; a supervisor need not start it again |

What is wrong with a config file is said with file, line, column and what mends it, by ` + "`assumebot check`" + `.
`

// TestTheGuideHasEveryCodeWithItsCauseAndMend is also what makes it.
func TestTheGuideHasEveryCodeWithItsCauseAndMend(t *testing.T) {
	names, codes := codesInSource(t)
	said := sentences(t)
	var person, operator strings.Builder
	for _, name := range names {
		code := codes[name]
		r, known := reasons[code]
		reads := append(slices.Clone(r.reads), said[name]...)
		if !known || len(reads) == 0 {
			t.Errorf("%s has no cause and mend, or nobody reads anything of it: write them into causes_test.go", code)
			continue
		}
		out := &person
		if (&broker.Error{Code: broker.Code(code)}).Ours() {
			out = &operator
		}
		fmt.Fprintf(out, "\n### `%s`\n\n", code)
		for _, sentence := range reads {
			fmt.Fprintf(out, "> %s\n>\n", regexp.MustCompile(`(\pL)…\.`).ReplaceAllString(sentence, "$1."))
		}
		text := strings.TrimSuffix(out.String(), ">\n")
		out.Reset()
		fmt.Fprintf(out, "%s\nCause: %s\n\nMend: %s\n", text, r.cause, r.mend)
	}
	if len(names) != len(reasons) {
		t.Errorf("got %d codes and %d causes: causes_test.go has one of no code", len(names), len(reasons))
	}
	want := head + "\n## What the person can mend\n" + person.String() + "\n## What an operator has to mend\n" + operator.String()
	path := filepath.Join(root, "deploy", "docs", "errors.md")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("errors.md is not what the source says; write it anew with -update (-want +got):\n%s", diff)
	}
}

// TestTheGuideHasTheExitCodesOfTheProgram: those that help prints.
func TestTheGuideHasTheExitCodesOfTheProgram(t *testing.T) {
	help, err := os.ReadFile(filepath.Join(root, "cmd", "assumebot", "help.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(help), "\nexit codes: ")
	text, _, _ = strings.Cut(text, "`")
	want := regexp.MustCompile(`(?m)(?:^| )([0-9]+) `).FindAllString(text, -1)
	got := regexp.MustCompile(`(?m)^\| ([0-9]+) `).FindAllString(head, -1)
	if !found || len(want) < 4 || len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range got {
		if got, want := strings.Trim(got[i], "| "), strings.TrimSpace(want[i]); got != want {
			t.Errorf("got exit code %s, want %s", got, want)
		}
	}
}
