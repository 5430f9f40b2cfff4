package bot

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

func posixShells() []shell {
	return []shell{
		{name: "bash", program: "bash", args: []string{"--norc"}},
		{name: "bashStrict", program: "bash", before: "set -euo pipefail\n"},
		{name: "bashInteractive", program: "bash", args: []string{"--norc", "--noprofile", "-i"}, before: "set -o history\nset -H\n", stdin: true},
		{name: "sh", program: "sh"},
		{name: "shStrict", program: "sh", before: "set -eu\n"},
	}
}

// run runs script in a clean directory with AWS_PROFILE and old keys set, and
// returns the environment's AWS variables afterwards.
func (s shell) run(t *testing.T, script string) map[string]string {
	t.Helper()
	path := requireInterpreter(t, s.program, nil)
	dir := t.TempDir()
	script = s.before + script + "\nenv -0\n"
	writeFile(t, dir, "snippet", script)
	cmd := exec.CommandContext(t.Context(), path, s.args...)
	cmd.Dir = dir
	cmd.Env = append(bareEnv(dir), "AWS_PROFILE=other", "AWS_SESSION_TOKEN=old", "AWS_REGION=old", "LC_ALL=C.UTF-8")
	if s.stdin {
		cmd.Stdin = strings.NewReader(script)
	} else {
		cmd.Args = append(cmd.Args, filepath.Join(dir, "snippet"))
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("the shell ran a part of a value")
	}
	got := map[string]string{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, "AWS_") {
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
	want := map[string]string{}
	for _, each := range v.variables() {
		want[each.name] = each.value
	}
	if diff := cmp.Diff(want, s.run(t, snippetOf(t, f, v))); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", s.name, diff)
	}
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
	for _, s := range posixShells() {
		t.Run(s.name, func(t *testing.T) {
			for _, v := range hostileSets() {
				checkShell(t, s, FormatBash, v)
			}
		})
	}
}

func TestSnippetOfFishIsReadByFish(t *testing.T) {
	for _, v := range hostileSets() {
		checkShell(t, shell{name: "fish", program: "fish", args: []string{"--no-config"}}, FormatFish, v)
	}
}

func TestSnippetOfDotenvIsSourcedBySh(t *testing.T) {
	source := func(v values) {
		s := shell{name: "sh", program: "sh", before: "unset AWS_PROFILE\nset -a\n"}
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

// requireCLI finds the AWS CLI, version 2, which alone can export credentials.
func requireCLI(t *testing.T) string {
	t.Helper()
	return requireInterpreter(t, "aws", func(path string) bool {
		out, err := exec.CommandContext(t.Context(), path, "--version").Output()
		return err == nil && strings.HasPrefix(string(out), "aws-cli/2.")
	})
}

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
	aws := requireCLI(t)
	wild := values{accessKeyID: "-n!$(x)^", secretKey: "=%PATH%&|<a>{b}~*", token: strings.Repeat("aB3+/:=", 2400), region: "eu-west-1", expires: "2036-01-02T03:04:05Z"}
	for _, v := range []values{ordinary(), wild} {
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
}

func TestSnippetOfJSONIsACredentialProcess(t *testing.T) {
	aws := requireCLI(t)
	for _, v := range []values{
		ordinary(),
		{accessKeyID: `"\'$`, secretKey: "<a>&b ü 日本 👩 ‘x’", token: strings.Repeat("aB3+/=", 3000), expires: "2036-01-02T03:04:05Z"},
	} {
		dir := t.TempDir()
		writeFile(t, dir, "config", "[profile prod]\ncredential_process = cat "+filepath.Join(dir, "snippet.json")+"\n")
		writeFile(t, dir, "credentials", "")
		writeFile(t, dir, "snippet.json", snippetOf(t, FormatJSON, v))
		expires, err := time.Parse(time.RFC3339, v.expires)
		if err != nil {
			t.Fatal(err)
		}
		want := exported{v.accessKeyID, v.secretKey, v.token, expires}
		if diff := cmp.Diff(want, exportedByCLI(t, aws, dir)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
