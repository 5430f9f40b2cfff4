package bot

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// requireInterpreter finds a program that is not everywhere. Without it the test
// is skipped, unless ASSUMEBOT_REQUIRE_SHELLS=1 says that it must be there.
// fits, if given, tells the right one from others of its name.
func requireInterpreter(t *testing.T, name string, fits func(path string) bool) string {
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

// A shell is one way to run a snippet.
type shell struct {
	name, program string
	args          []string // before the script
	before        string   // lines before the snippet
	stdin         bool     // the script comes as if typed
}

// universalVariables are the lines of fish that make every old setting one of all
// its sessions.
func universalVariables() string {
	var lines strings.Builder
	for _, entry := range hostileEnv() {
		name, value, _ := strings.Cut(entry, "=")
		lines.WriteString("set -eg " + name + "; set -Ux " + name + " " + quoteFish(value) + "\n")
	}
	return lines.String()
}

func posixShells() []shell {
	return []shell{
		{name: "bash", program: "bash", args: []string{"--norc"}},
		{name: "bashStrict", program: "bash", before: "set -euo pipefail\n"},
		{name: "bashInteractive", program: "bash", args: []string{"--norc", "--noprofile", "-i"}, before: "set -o history\nset -H\n", stdin: true},
		{name: "zsh", program: "zsh", args: []string{"-f"}},
		{name: "zshStrict", program: "zsh", args: []string{"-f"}, before: "set -euo pipefail\n"},
		{name: "zshInteractive", program: "zsh", args: []string{"-f", "-i"}, stdin: true},
		{name: "sh", program: "sh"},
		{name: "shStrict", program: "sh", before: "set -eu\n"},
	}
}

func fishShells() []shell {
	return []shell{
		{name: "fish", program: "fish"},
		{name: "fishInteractive", program: "fish", args: []string{"-i"}, stdin: true},
		{name: "fishUniversal", program: "fish", before: universalVariables()},
	}
}

// hostileEnv is what an earlier session may have left: settings that one reader or
// another prefers to the keys of a snippet, and other keys.
func hostileEnv() []string {
	return []string{
		"AWS_PROFILE=other", "AWS_DEFAULT_PROFILE=other", "AWS_SECURITY_TOKEN=old", "AWS_ACCOUNT_ID=999999999999", "AWS_CREDENTIAL_SCOPE=old",
		"AWS_ACCESS_KEY_ID=AKIAOLD", "AWS_SECRET_ACCESS_KEY=old", "AWS_SESSION_TOKEN=old", "AWS_CREDENTIAL_EXPIRATION=2001-01-01T00:00:00Z",
		"AWS_REGION=old", "AWS_DEFAULT_REGION=old",
	}
}

// command is s about to run script in dir, with hostileEnv set.
func (s shell) command(t *testing.T, dir, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), requireInterpreter(t, s.program, nil), s.args...)
	cmd.Dir = dir
	cmd.Env = append(append(bareEnv(dir), hostileEnv()...), "LC_ALL=C.UTF-8")
	script = s.before + script
	writeFile(t, dir, "snippet", script)
	if s.stdin {
		cmd.Stdin = strings.NewReader(script)
	} else {
		cmd.Args = append(cmd.Args, filepath.Join(dir, "snippet"))
	}
	return cmd
}

// run runs script in a clean directory and returns the environment's AWS
// variables afterwards. One that fish can only hide is as good as gone.
func (s shell) run(t *testing.T, script string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	out, err := s.command(t, dir, script+"\nenv -0 >after\n").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", s.name, err, out)
	}
	return s.after(t, dir)
}

// after reads what env -0 left in dir.
func (s shell) after(t *testing.T, dir string) map[string]string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("the shell ran a part of a value")
	}
	out, err := os.ReadFile(filepath.Join(dir, "after"))
	must(t, err)
	got := map[string]string{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		name, value, ok := strings.Cut(entry, "=")
		if hidden := s.name == "fishUniversal" && value == ""; ok && !hidden && strings.HasPrefix(name, "AWS_") {
			got[name] = value
		}
	}
	return got
}

// bareEnv is an environment without AWS settings, whose home is dir.
func bareEnv(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TERM=dumb"}
}

// checkShell runs a snippet of v in s and compares bytes.
func checkShell(t *testing.T, s shell, f Format, v values) {
	t.Helper()
	want := left(v)
	if s.name == "fishUniversal" {
		want["AWS_SECURITY_TOKEN"] = v.token // botocore takes it, an empty one too
	}
	if diff := cmp.Diff(want, s.run(t, snippetOf(t, f, v))); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", s.name, diff)
	}
}

// left are the variables that a snippet of v leaves.
func left(v values) map[string]string {
	want := map[string]string{}
	for _, each := range v.variables() {
		want[each.name] = each.value
	}
	return want
}

// hostileSets spreads the hostile values over as few sets as will do, since a
// process is slow to start. The region keeps one of them too.
func hostileSets() []values {
	all := hostileValues()
	sets := []values{ordinary()}
	for len(all) > 0 {
		v := ordinary()
		for _, field := range []*string{&v.accessKeyID, &v.secretKey, &v.token, &v.region} {
			if len(all) > 0 {
				*field, all = all[0], all[1:]
			}
		}
		sets = append(sets, v)
	}
	return sets
}

func TestSnippetOfBashIsReadByPOSIXShells(t *testing.T) {
	t.Parallel()
	for _, s := range posixShells() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, v := range hostileSets() {
				checkShell(t, s, FormatBash, v)
			}
		})
	}
}

func TestSnippetOfFishIsReadByFish(t *testing.T) {
	t.Parallel()
	for _, s := range fishShells() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, v := range hostileSets() {
				checkShell(t, s, FormatFish, v)
			}
		})
	}
}

// TestSnippetOfFishErasesNothingUniversal looks at another session afterwards.
func TestSnippetOfFishErasesNothingUniversal(t *testing.T) {
	t.Parallel()
	v := ordinary()
	v.region = ""
	dir := t.TempDir()
	s := shell{name: "fish", program: "fish", before: universalVariables()}
	for _, script := range []string{snippetOf(t, FormatFish, v), sealedShown(t, FormatFish, v, keyPairs(t)[0]).text + "\ntrue"} {
		if out, err := s.command(t, dir, script).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		next := shell{name: "fish", program: "fish"}.command(t, dir, "env -0 >after\n")
		next.Env = bareEnv(dir)
		must(t, next.Run())
		got := s.after(t, dir)
		for _, entry := range hostileEnv() {
			name, want, _ := strings.Cut(entry, "=")
			if got[name] != want {
				t.Errorf("another session has %s=%q, want %q", name, got[name], want)
			}
		}
	}
}

func TestSnippetOfDotenvIsSourcedBySh(t *testing.T) {
	t.Parallel()
	source := func(v values) {
		s := shell{name: "sh", program: "sh", before: unsetCommand(t, howToUse(FormatDotenv, "prod")) + "\nset -a\n"}
		checkShell(t, s, FormatDotenv, v)
	}
	source(ordinary())
	for _, hostile := range hostileValues() {
		if strings.ContainsAny(hostile, "'\"`\\$") {
			continue // refused, as TestSnippetRefusesWhatTheFormatCannotSay shows
		}
		v := ordinary()
		v.token = hostile
		source(v)
	}
}

// TestDotenvSaysWhatToUnset runs what the reply says, since readers of .env files
// leave what is set already.
func TestDotenvSaysWhatToUnset(t *testing.T) {
	t.Parallel()
	sealed := sealedShown(t, FormatDotenv, ordinary(), keyPairs(t)[0])
	for _, use := range []string{howToUse(FormatDotenv, "prod"), sealed.use} {
		got := shell{name: "sh", program: "sh"}.run(t, unsetCommand(t, use))
		if diff := cmp.Diff(map[string]string{"AWS_REGION": "old", "AWS_DEFAULT_REGION": "old"}, got); diff != "" {
			t.Errorf("%q leaves more than the region: (-want +got)\n%s", use, diff)
		}
	}
}

// unsetCommand is the command in a sentence on how to use a .env file.
func unsetCommand(t *testing.T, use string) string {
	t.Helper()
	_, command, ok := strings.Cut(use, "`unset ")
	command, _, closed := strings.Cut(command, "`")
	if !ok || !closed {
		t.Fatalf("%q says nothing to unset", use)
	}
	return "unset " + command
}

// requireCLI finds the AWS CLI, version 2, which alone can export credentials.
func requireCLI(t *testing.T) string {
	t.Helper()
	return requireInterpreter(t, "aws", func(path string) bool { return path == theCLI() })
}

// theCLI is looked for once, since each that there is has to say its version.
var theCLI = sync.OnceValue(func() string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "aws")
		if out, err := exec.Command(path, "--version").Output(); err == nil && strings.HasPrefix(string(out), "aws-cli/2.") {
			return path
		}
	}
	return ""
})

// exported is what `aws configure export-credentials` prints.
type exported struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
}

func runCLI(t *testing.T, aws, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), aws, append(args, "--profile", "prod")...)
	cmd.Env = append(bareEnv(dir), "AWS_CONFIG_FILE="+filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"), "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aws %v: %v", args, err)
	}
	return string(out)
}

func exportedByCLI(t *testing.T, aws, dir string) exported {
	t.Helper()
	var got exported
	if err := json.Unmarshal([]byte(runCLI(t, aws, dir, "configure", "export-credentials", "--format", "process")), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func writeFile(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSnippetOfProfileIsReadByTheAWSCLI(t *testing.T) {
	t.Parallel()
	aws := requireCLI(t)
	v := values{accessKeyID: "-n!$(x)^", secretKey: "=%PATH%&|<a>{b}~*", token: strings.Repeat("aB3+/:=", 2400), region: "eu-west-1", expires: "2036-01-02T03:04:05Z"}
	dir := t.TempDir()
	writeFile(t, dir, "config", "")
	writeFile(t, dir, "credentials", "[other]\naws_access_key_id = x\n"+snippetOf(t, FormatProfile, v)+"\n\n[last]\nregion = us-east-1\n")
	want := exported{AccessKeyID: v.accessKeyID, SecretAccessKey: v.secretKey, SessionToken: v.token}
	if diff := cmp.Diff(want, exportedByCLI(t, aws, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := strings.TrimSpace(runCLI(t, aws, dir, "configure", "get", "region")); got != v.region {
		t.Errorf("aws reads the region %q, want %q", got, v.region)
	}
}

func TestSnippetOfJSONIsACredentialProcess(t *testing.T) {
	t.Parallel()
	aws := requireCLI(t)
	v := values{accessKeyID: `"\'$`, secretKey: "<a>&b ü 日本 👩 ‘x’", token: strings.Repeat("aB3+/=", 3000), expires: "2036-01-02T03:04:05Z"}
	dir := t.TempDir()
	writeFile(t, dir, "config", "[profile prod]\ncredential_process = cat "+filepath.Join(dir, "snippet.json")+"\n")
	writeFile(t, dir, "credentials", "")
	writeFile(t, dir, "snippet.json", snippetOf(t, FormatJSON, v))
	expires, err := time.Parse(time.RFC3339, v.expires)
	must(t, err)
	want := exported{v.accessKeyID, v.secretKey, v.token, expires}
	if diff := cmp.Diff(want, exportedByCLI(t, aws, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
