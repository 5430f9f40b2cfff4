package doctest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// programs is the directory of assumebot and demo, as they are built for these tests.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "doctest")
		if err == nil {
			defer func() { _ = os.RemoveAll(dir) }()
			programs = dir
			build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir, "./cmd/assumebot", "./cmd/demo")
			build.Dir, build.Stderr = root, os.Stderr
			err = build.Run()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "the programs could not be built:", err)
			return 1
		}
		return m.Run()
	}())
}

// An exchange is what somebody typed, and what came of it.
type exchange struct{ typed, output string }

// exchanges reads a block in which prompt stands before what is typed.
func exchanges(text, prompt string) []exchange {
	var all []exchange
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if typed, ok := strings.CutPrefix(line, prompt); ok {
			all = append(all, exchange{typed: typed})
		} else if len(all) > 0 {
			last := &all[len(all)-1]
			if last.output == "" && strings.HasSuffix(last.typed, `\`) {
				last.typed += "\n" + line
			} else {
				last.output += line + "\n"
			}
		}
	}
	return all
}

// TestTranscriptsAreWhatTheDemoSays plays each in a demo of its own.
func TestTranscriptsAreWhatTheDemoSays(t *testing.T) {
	t.Parallel()
	played := 0
	for _, b := range of(t, "console") {
		if !strings.HasPrefix(b.text, "> ") || b.guide == installGuide {
			continue // sessions of a shell; those of the install are played where it is rehearsed
		}
		played++
		t.Run(fmt.Sprintf("%s:%d", b.guide, b.line), func(t *testing.T) {
			t.Parallel()
			var script strings.Builder
			for _, e := range exchanges(b.text, "> ") {
				script.WriteString(e.typed + "\n")
			}
			demo := exec.Command(filepath.Join(programs, "demo"))
			demo.Stdin = strings.NewReader(script.String())
			var out bytes.Buffer
			demo.Stdout, demo.Stderr = &out, &out
			if err := demo.Run(); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			first, _, _ := strings.Cut(b.text, "\n")
			_, got, found := strings.Cut(out.String(), "\n"+first+"\n")
			if !found {
				t.Fatalf("the demo never did %q:\n%s", first, out.String())
			}
			if diff := matches(b.text, first+"\n"+got); diff != "" {
				t.Errorf("%s\nthe demo says:\n%s", diff, out.String())
			}
		})
	}
	if played < 6 {
		t.Errorf("got %d transcripts, want those of README and using.md", played)
	}
}

// masks are what is new each time.
var masks = []struct{ what, as string }{
	{`(shows|so;|code) \d{6}\b`, `$1 CODE`},
	{`waits \d+s for`, `waits for`},
	{`\b(ASIA|AKIA)[A-Z0-9]{16}\b`, `$1`},
	{`(SECRET_ACCESS_KEY|SESSION_TOKEN)(=| )'[^']*'`, `$1`},
	{`\b(today|tomorrow|yesterday|[A-Z][a-z]{2} \d{1,2}, \d{4}) at \d{1,2}:\d{2} [AP]M`, `TIME`},
	{`\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z`, `TIME`},
	{`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`, `UUID`},
	{`\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{20,}`, `+KEY`},
	{`PRIVATE\+KEY\+(\S+?)\+[0-9a-f]{8}\+\S+`, `PRIVATE+KEY+$1`},
	{`assumebot \S+, commit .*, go1\.\d+(\.\d+)?`, `assumebot VERSION`},
	{`\(alice waits for the next code; the device shows`, `(alice's device shows`},
}

// plain is text without what is new each time, and with single spaces.
func plain(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, m := range masks {
		text = regexp.MustCompile(m.what).ReplaceAllString(text, m.as)
	}
	return text
}

// matches says where got is not what want shows, "" where it is.
func matches(want, got string) string {
	parts := strings.Split("\n"+strings.TrimRight(want, "\n")+"\n", "\n…\n")
	rest, elided := plain(got), false
	for i, part := range parts {
		part = plain(part)
		at := strings.Index(rest, part)
		switch {
		case at < 0:
			return fmt.Sprintf("got no %q", part)
		case at > 0 && !elided:
			return fmt.Sprintf("got %q before %q", strings.TrimSpace(rest[:at]), part)
		case i == len(parts)-1 && part != "" && strings.TrimSpace(rest[at+len(part):]) != "":
			return fmt.Sprintf("got more at the end: %q", rest[at+len(part):])
		}
		rest, elided = rest[at+len(part):], true
	}
	return ""
}

func TestAMatchIsOfAllThatIsNotLeftOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want, got string
		same      bool
	}{
		{"one\ntwo\n", "one\n  two\n", true},
		{"one\n", "one\ntwo\n", false},
		{"one\n…\n", "one\ntwo\n", true},
		{"one\n…\nthree\n", "one\ntwo\nthree\n", true},
		{"one\n…\nthree\n", "zero\none\ntwo\nthree\n", false},
		{"one\n…\nthree\n", "one\ntwo\nthree\nfour\n", false},
		{"one\n…\ntwo\n", "two\none\n", false},
		{"(alice's device shows 123456)\nuntil today at 1:41 AM\n", "(alice's device shows 999999)\nuntil tomorrow at\n 11:02 PM\n", true},
		{"ASIAAAAAAAAAAAAAAAAA", "AKIAAAAAAAAAAAAAAAAA", false},
	} {
		if diff := matches(c.want, c.got); (diff == "") != c.same {
			t.Errorf("%q of %q: got %q, want the same: %t", c.want, c.got, diff, c.same)
		}
	}
}
