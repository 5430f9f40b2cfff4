package bot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// atExit is what s does when it ends, however it ends: it writes its environment
// to after.
func (s shell) atExit() shell {
	if s.program == "fish" {
		s.before += "function at_end --on-event fish_exit; env -0 >after; end\n"
	} else {
		s.before += "trap 'env -0 >after' EXIT\n"
	}
	return s
}

// withoutAge is a PATH that holds env alone.
func withoutAge(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Symlink(requireInterpreter(t, "env", nil), filepath.Join(dir, "env")))
	return dir
}

// TestSealedSnippetThatDoesNotOpenLeavesNothingAndFails pastes into real shells
// what the age there cannot open. Were the old credentials left, whatever is run
// next would run as somebody else.
func TestSealedSnippetThatDoesNotOpenLeavesNothingAndFails(t *testing.T) {
	t.Parallel()
	requireInterpreter(t, "age", nil)
	pairs := keyPairs(t)
	right, wrong := pairs[0], pairs[0]
	wrong.private = keyPairs(t)[0].private
	shells := append(posixShells(), fishShells()...)
	for _, s := range shells {
		f := FormatBash
		if s.program == "fish" {
			f = FormatFish
		}
		for name, fails := range map[string]struct {
			shell shell
			path  string
		}{
			"the key of another": {shell: s.inHome(t, wrong)},
			"no key":             {shell: s},
			"no age":             {shell: s.inHome(t, right), path: withoutAge(t)},
		} {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				cmd := fails.shell.atExit().command(t, dir, sealedShown(t, f, ordinary(), right).text+"\n")
				if fails.path != "" {
					cmd.Env = append(cmd.Env, "PATH="+fails.path)
				}
				out, err := cmd.CombinedOutput()
				if err == nil {
					t.Errorf("got exit code 0, want another\n%s", out)
				}
				got := s.after(t, dir)
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
	requireInterpreter(t, "age", nil)
	pair := keyPairs(t)[0]
	for _, s := range []shell{
		{name: "bash", program: "bash", args: []string{"--norc", "--noprofile", "-i"}, before: "set -o history\nHISTCONTROL=ignorespace\n", stdin: true},
		{name: "zsh", program: "zsh", args: []string{"-f", "-i"}, before: "HISTSIZE=99\nsetopt HIST_IGNORE_SPACE\n", stdin: true},
	} {
		for name, text := range map[string]string{
			"clear": snippetOf(t, FormatBash, ordinary()), "sealed": sealedShown(t, FormatBash, ordinary(), pair).text,
		} {
			dir := t.TempDir()
			out, err := s.inHome(t, pair).command(t, dir, text+"\ntrue written\nfc -l >history\nenv -0 >after\n").CombinedOutput()
			if err != nil || s.after(t, dir)["AWS_SESSION_TOKEN"] != ordinary().token {
				t.Fatalf("%s/%s: %v\n%s", s.name, name, err, out)
			}
			history, err := os.ReadFile(filepath.Join(dir, "history"))
			must(t, err)
			if got := string(history); !strings.Contains(got, "true written") || strings.Contains(got, "AWS_") || strings.Contains(got, "AGE") {
				t.Errorf("%s/%s: got the history\n%s", s.name, name, got)
			}
		}
	}
}

// TestLinesOfSnippetsBeginWithASpace covers fish too, whose history is not
// written where it is not typed into.
func TestLinesOfSnippetsBeginWithASpace(t *testing.T) {
	t.Parallel()
	pair := keyPairs(t)[0]
	for _, f := range []Format{FormatBash, FormatFish} {
		sealed := sealedShown(t, f, ordinary(), pair).text
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
