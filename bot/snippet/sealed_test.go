package snippet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// withoutAge is a PATH that holds env alone.
func withoutAge(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	snippettest.Must(t, os.Symlink(snippettest.Require(t, "env", nil), filepath.Join(dir, "env")))
	return dir
}

// TestSealedSnippetThatDoesNotOpenLeavesNothingAndFails pastes into real shells
// what the age there cannot open. Were the old credentials left, whatever is run
// next would run as somebody else.
func TestSealedSnippetThatDoesNotOpenLeavesNothingAndFails(t *testing.T) {
	t.Parallel()
	snippettest.Require(t, "age", nil)
	pairs := snippettest.KeyPairs(t)
	right, wrong := pairs[0], pairs[0]
	wrong.Private = snippettest.KeyPairs(t)[0].Private
	shells := append(snippettest.POSIX(), snippettest.Fish()...)
	for _, s := range shells {
		f := Bash
		if s.Program == "fish" {
			f = Fish
		}
		for name, fails := range map[string]struct {
			shell snippettest.Shell
			path  string
		}{
			"the key of another": {shell: s.InHome(t, wrong)},
			"no key":             {shell: s},
			"no age":             {shell: s.InHome(t, right), path: withoutAge(t)},
		} {
			t.Run(s.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				cmd := fails.shell.AtExit().Command(t, dir, sealedShown(t, f, ordinary(), right).Text+"\n")
				if fails.path != "" {
					cmd.Env = append(cmd.Env, "PATH="+fails.path)
				}
				out, err := cmd.CombinedOutput()
				if err == nil {
					t.Errorf("got exit code 0, want another\n%s", out)
				}
				got := s.After(t, dir)
				for _, variable := range credentialNames() {
					if value, ok := got[variable]; ok {
						t.Errorf("got %s=%q, want it gone", variable, value)
					}
				}
			})
		}
	}
}

// TestSnippetStaysOutOfHistory runs snippets in shells that leave out of their
// history what begins with a space.
func TestSnippetStaysOutOfHistory(t *testing.T) {
	t.Parallel()
	snippettest.Require(t, "age", nil)
	pair := snippettest.KeyPairs(t)[0]
	for _, s := range []snippettest.Shell{
		{Name: "bash", Program: "bash", Args: []string{"--norc", "--noprofile", "-i"}, Before: "set -o history\nHISTCONTROL=ignorespace\n", Stdin: true},
		{Name: "zsh", Program: "zsh", Args: []string{"-f", "-i"}, Before: "HISTSIZE=99\nsetopt HIST_IGNORE_SPACE\n", Stdin: true},
	} {
		for name, text := range map[string]string{
			"clear": snippetOf(t, Bash, ordinary()), "sealed": sealedShown(t, Bash, ordinary(), pair).Text,
		} {
			dir := t.TempDir()
			out, err := s.InHome(t, pair).Command(t, dir, text+"\ntrue written\nfc -l >history\nenv -0 >after\n").CombinedOutput()
			if err != nil || s.After(t, dir)["AWS_SESSION_TOKEN"] != ordinary().token {
				t.Fatalf("%s/%s: %v\n%s", s.Name, name, err, out)
			}
			history, err := os.ReadFile(filepath.Join(dir, "history"))
			snippettest.Must(t, err)
			if got := string(history); !strings.Contains(got, "true written") || strings.Contains(got, "AWS_") || strings.Contains(got, "AGE") {
				t.Errorf("%s/%s: got the history\n%s", s.Name, name, got)
			}
		}
	}
}

// TestLinesOfSnippetsBeginWithASpace covers fish too, whose history is not
// written where it is not typed into.
func TestLinesOfSnippetsBeginWithASpace(t *testing.T) {
	t.Parallel()
	pair := snippettest.KeyPairs(t)[0]
	for _, f := range []Format{Bash, Fish} {
		sealed := sealedShown(t, f, ordinary(), pair).Text
		block := blockIn(t, sealed)
		for _, text := range []string{snippetOf(t, f, ordinary()), strings.Replace(sealed, block, "", 1)} {
			for line := range strings.SplitSeq(text, "\n") {
				if !strings.HasPrefix(line, " ") && line != "EOF" && line != "" && !strings.HasPrefix(line, "' | age -d") {
					t.Errorf("%s: %q does not begin with a space", f, line)
				}
			}
		}
		if !strings.Contains(sealed, "\n"+strings.SplitN(block, "\n", 3)[1]+"\n") {
			t.Errorf("%s: the block is indented", f)
		}
	}
}

// TestEveryFormatSaysHowItIsUsedAndHowItOpens in words and text of its own: one that
// took those of another would be pasted into the wrong program.
func TestEveryFormatSaysHowItIsUsedAndHowItOpens(t *testing.T) {
	seen := map[string]Format{}
	for _, f := range Formats() {
		_, opens := sealedSnippet(f, "BLOCK", secret.PublicKey{}, "prod")
		for what, said := range map[string]string{"use": prose.Plain(howToUse(f, "prod")), "opening": prose.Plain(opens)} {
			if said == "" {
				t.Errorf("%s: nothing is said of its %s", f, what)
			}
			if other, ok := seen[what+said]; ok {
				t.Errorf("%s and %s: the same is said of their %s", f, other, what)
			}
			seen[what+said] = f
		}
	}
}
