package snippet

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

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker/prose"
)

// checkShell runs a snippet of v in s and compares bytes.
func checkShell(t *testing.T, s snippettest.Shell, f Format, v values) {
	t.Helper()
	want := left(v)
	if s.Name == "fishUniversal" {
		want["AWS_SECURITY_TOKEN"] = v.token // botocore takes it, an empty one too
	}
	if diff := cmp.Diff(want, s.Run(t, snippetOf(t, f, v))); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", s.Name, diff)
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
	for _, s := range snippettest.POSIX() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			for _, v := range hostileSets() {
				checkShell(t, s, Bash, v)
			}
		})
	}
}

func TestSnippetOfFishIsReadByFish(t *testing.T) {
	t.Parallel()
	for _, s := range snippettest.Fish() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			for _, v := range hostileSets() {
				checkShell(t, s, Fish, v)
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
	s := snippettest.Shell{Name: "fish", Program: "fish", Before: snippettest.UniversalVariables()}
	for _, script := range []string{snippetOf(t, Fish, v), sealedShown(t, Fish, v, snippettest.KeyPairs(t)[0]).Text + "\ntrue"} {
		if out, err := s.Command(t, dir, script).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		next := snippettest.Shell{Name: "fish", Program: "fish"}.Command(t, dir, "env -0 >after\n")
		next.Env = snippettest.BareEnv(dir)
		snippettest.Must(t, next.Run())
		got := s.After(t, dir)
		for _, entry := range snippettest.HostileEnv() {
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
		s := snippettest.Shell{Name: "sh", Program: "sh", Before: unsetCommand(t, howToUse(Dotenv, "prod")) + "\nset -a\n"}
		checkShell(t, s, Dotenv, v)
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
	sealed := sealedShown(t, Dotenv, ordinary(), snippettest.KeyPairs(t)[0])
	for _, use := range [][]prose.Part{howToUse(Dotenv, "prod"), sealed.Use} {
		got := snippettest.Shell{Name: "sh", Program: "sh"}.Run(t, unsetCommand(t, use))
		if diff := cmp.Diff(map[string]string{"AWS_REGION": "old", "AWS_DEFAULT_REGION": "old"}, got); diff != "" {
			t.Errorf("%q leaves more than the region: (-want +got)\n%s", use, diff)
		}
	}
}

// unsetCommand is the command in a sentence on how to use a .env file.
func unsetCommand(t *testing.T, use []prose.Part) string {
	t.Helper()
	for _, command := range literals(use) {
		if strings.HasPrefix(command, "unset ") {
			return command
		}
	}
	t.Fatalf("%q says nothing to unset", prose.Plain(use))
	return ""
}

// literals are what a sentence gives to be typed.
func literals(sentence []prose.Part) []string {
	var all []string
	for _, p := range sentence {
		if p.Kind == prose.KindLiteral {
			all = append(all, p.Text)
		}
	}
	return all
}

// requireCLI finds the AWS CLI, version 2, which alone can export credentials.
func requireCLI(t *testing.T) string {
	t.Helper()
	return snippettest.Require(t, "aws", func(path string) bool { return path == theCLI() })
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
	cmd.Env = append(snippettest.BareEnv(dir), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"))
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

func TestSnippetOfProfileIsReadByTheAWSCLI(t *testing.T) {
	t.Parallel()
	aws := requireCLI(t)
	v := values{accessKeyID: "-n!$(x)^", secretKey: "=%PATH%&|<a>{b}~*", token: strings.Repeat("aB3+/:=", 2400), region: "eu-west-1",
		expires: "2036-01-02T03:04:05Z"}
	dir := t.TempDir()
	snippettest.WriteFile(t, dir, "config", "")
	snippettest.WriteFile(t, dir, "credentials", "[other]\naws_access_key_id = x\n"+snippetOf(t, Profile, v)+"\n\n[last]\nregion = us-east-1\n")
	want := exported{AccessKeyID: v.accessKeyID, SecretAccessKey: v.secretKey, SessionToken: v.token}
	if diff := cmp.Diff(want, exportedByCLI(t, aws, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSnippetOfJSONIsACredentialProcess(t *testing.T) {
	t.Parallel()
	aws := requireCLI(t)
	v := values{accessKeyID: `"\'$`, secretKey: "<a>&b ü 日本 👩 ‘x’", token: strings.Repeat("aB3+/=", 3000), expires: "2036-01-02T03:04:05Z"}
	dir := t.TempDir()
	snippettest.WriteFile(t, dir, "config", "[profile prod]\ncredential_process = cat "+filepath.Join(dir, "snippet.json")+"\n")
	snippettest.WriteFile(t, dir, "credentials", "")
	snippettest.WriteFile(t, dir, "snippet.json", snippetOf(t, JSON, v))
	expires, err := time.Parse(time.RFC3339, v.expires)
	snippettest.Must(t, err)
	want := exported{v.accessKeyID, v.secretKey, v.token, expires}
	if diff := cmp.Diff(want, exportedByCLI(t, aws, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
