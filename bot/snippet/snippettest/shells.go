// Package snippettest runs snippets in real shells whose environment is hostile,
// makes key pairs, and holds what every refusal promises. It is for tests alone.
package snippettest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Require finds a program that is not everywhere. Without it the test
// is skipped, unless ASSUMEBOT_REQUIRE_SHELLS=1 says that it must be there.
// fits, if given, tells the right one from others of its name.
func Require(t *testing.T, name string, fits func(path string) bool) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := exec.LookPath(filepath.Join(dir, name))
		if err == nil && (fits == nil || fits(path)) {
			return path
		}
	}
	if os.Getenv("ASSUMEBOT_REQUIRE_SHELLS") == "1" {
		t.Fatalf("%s is not installed, and ASSUMEBOT_REQUIRE_SHELLS=1 demands it", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// A Shell is one way to run a snippet.
type Shell struct {
	Name, Program string
	Args          []string // before the script
	Before        string   // lines before the snippet
	Stdin         bool     // the script comes as if typed
}

// UniversalVariables are the lines of fish that make every old setting one of all
// its sessions.
func UniversalVariables() string {
	var lines strings.Builder
	for _, entry := range HostileEnv() {
		name, value, _ := strings.Cut(entry, "=")
		lines.WriteString("set -eg " + name + "; set -Ux " + name + " " + "'" + value + "'" + "\n")
	}
	return lines.String()
}

// POSIX are bash, zsh and sh, in the ways in which people run them.
func POSIX() []Shell {
	return []Shell{
		{Name: "bash", Program: "bash", Args: []string{"--norc"}},
		{Name: "bashStrict", Program: "bash", Before: "set -euo pipefail\n"},
		{Name: "bashInteractive", Program: "bash", Args: []string{"--norc", "--noprofile", "-i"}, Before: "set -o history\nset -H\n", Stdin: true},
		{Name: "zsh", Program: "zsh", Args: []string{"-f"}},
		{Name: "zshStrict", Program: "zsh", Args: []string{"-f"}, Before: "set -euo pipefail\n"},
		{Name: "zshInteractive", Program: "zsh", Args: []string{"-f", "-i"}, Stdin: true},
		{Name: "sh", Program: "sh"},
		{Name: "shStrict", Program: "sh", Before: "set -eu\n"},
	}
}

// Fish is fish, in the ways in which people run it.
func Fish() []Shell {
	return []Shell{
		{Name: "fish", Program: "fish"},
		{Name: "fishInteractive", Program: "fish", Args: []string{"-i"}, Stdin: true},
		{Name: "fishUniversal", Program: "fish", Before: UniversalVariables()},
	}
}

// HostileEnv is what an earlier session may have left: settings that one reader or
// another prefers to the keys of a snippet, and other keys.
func HostileEnv() []string {
	return []string{
		"AWS_PROFILE=other", "AWS_DEFAULT_PROFILE=other", "AWS_SECURITY_TOKEN=old", "AWS_ACCOUNT_ID=999999999999", "AWS_CREDENTIAL_SCOPE=old",
		"AWS_ACCESS_KEY_ID=AKIAOLD", "AWS_SECRET_ACCESS_KEY=old", "AWS_SESSION_TOKEN=old", "AWS_CREDENTIAL_EXPIRATION=2001-01-01T00:00:00Z",
		"AWS_REGION=old", "AWS_DEFAULT_REGION=old",
	}
}

// Command is s about to run script in dir, with HostileEnv set.
func (s Shell) Command(t *testing.T, dir, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Require(t, s.Program, nil), s.Args...)
	cmd.Dir = dir
	cmd.Env = append(append(BareEnv(dir), HostileEnv()...), "LC_ALL=C.UTF-8")
	script = s.Before + script
	WriteFile(t, dir, "snippet", script)
	if s.Stdin {
		cmd.Stdin = strings.NewReader(script)
	} else {
		cmd.Args = append(cmd.Args, filepath.Join(dir, "snippet"))
	}
	return cmd
}

// Run runs script in a clean directory and returns the environment's AWS
// variables afterwards. One that fish can only hide is as good as gone.
func (s Shell) Run(t *testing.T, script string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	out, err := s.Command(t, dir, script+"\nenv -0 >after\n").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", s.Name, err, out)
	}
	return s.After(t, dir)
}

// After reads what env -0 left in dir.
func (s Shell) After(t *testing.T, dir string) map[string]string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("the shell ran a part of a value")
	}
	out, err := os.ReadFile(filepath.Join(dir, "after"))
	Must(t, err)
	got := map[string]string{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		name, value, ok := strings.Cut(entry, "=")
		if hidden := s.Name == "fishUniversal" && value == ""; ok && !hidden && strings.HasPrefix(name, "AWS_") {
			got[name] = value
		}
	}
	return got
}

// BareEnv is an environment without AWS settings, whose home is dir.
func BareEnv(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TERM=dumb"}
}

// WriteFile writes a file into dir.
func WriteFile(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// InHome puts the private key where ssh-keygen, or an owner of age keys, does, in a
// home of its own.
func (s Shell) InHome(t *testing.T, pair KeyPair) Shell {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, pair.file())
	Must(t, os.MkdirAll(filepath.Dir(file), 0o700))
	Must(t, os.WriteFile(file, []byte(pair.Private), 0o600))
	if s.Program == "fish" {
		s.Before += "set -gx HOME '" + dir + "'\n"
	} else {
		s.Before += "HOME='" + dir + "'\n"
	}
	return s
}

// AtExit is what s does when it ends, however it ends: it writes its environment
// to after.
func (s Shell) AtExit() Shell {
	if s.Program == "fish" {
		s.Before += "function at_end --on-event fish_exit; env -0 >after; end\n"
	} else {
		s.Before += "trap 'env -0 >after' EXIT\n"
	}
	return s
}

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
