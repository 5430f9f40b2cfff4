package snippet

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// snippetOf is a Snippet of these values in the clear.
func snippetOf(t testing.TB, f Format, v values) string {
	t.Helper()
	got, err := New(f, paramsOf(t, v))
	if err != nil {
		t.Fatalf("Snippet(%q) = %v", f, err)
	}
	return got.Reveal()
}

func paramsOf(t testing.TB, v values) Params {
	t.Helper()
	expires, err := time.Parse(time.RFC3339, v.expires)
	if err != nil {
		t.Fatal(err)
	}
	return Params{
		Credentials: secret.Credentials{
			AccessKeyID:     v.accessKeyID,
			SecretAccessKey: secret.New(v.secretKey),
			SessionToken:    secret.New(v.token),
			Expires:         expires.In(time.FixedZone("elsewhere", 3600)),
		},
		Region:  v.region,
		Profile: "prod",
	}
}

// ordinary is what AWS issues: letters, digits, + / and =.
func ordinary() values {
	return values{
		accessKeyID: "ASIAEXAMPLEEXAMPLE00", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		token: "IQoJb3JpZ2luX2VjEXAMPLE//" + strings.Repeat("x9+/", 100) + "A==", region: "eu-west-1", expires: "2036-01-02T03:04:05Z",
	}
}

// hostileValues are what AWS never issues, and a shell would like to act upon.
func hostileValues() []string {
	return []string{
		"it's", "''", "'", "a'b'c'", `"double"`, "$HOME", "${HOME}", "$(touch pwned)", "`touch pwned`", "two  spaces", " around ", `back\slash`,
		`\`, `\\`, `\'`, `trailing\`, "!!", "!x", "a!b'!c", "%PATH%", "100%", "a=b", "=", "==", "+/=", "~", "~/x", "#hash", " #hash",
		"*", "?[a]", "{a,b}", "a;b", "a&b", "a|b",
		"<a>", "(a)", "-n", "--", "-e x", "ünïcödé", "日本", "👩", "‘curly’", "‚low‛", "“double”",
		"^", "a:~b", strings.Repeat("'", 100), strings.Repeat("aB3+/=", 3000),
	}
}

var update = flag.Bool("update", false, "rewrite the golden files")

func TestSnippetMatchesGolden(t *testing.T) {
	for _, f := range Formats() {
		t.Run(string(f), func(t *testing.T) {
			without := ordinary()
			without.region = ""
			got := snippetOf(t, f, ordinary()) + "\n--- without a region ---\n" + snippetOf(t, f, without) + "\n"
			if f == PowerShell {
				got += "--- hostile ---\n"
				for _, hostile := range hostileValues() {
					if len(hostile) < 1000 {
						got += quotePowerShell(hostile) + "\n"
					}
				}
			}
			path := filepath.Join("testdata", string(f)+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSnippetIsBashUnlessSaid(t *testing.T) {
	if got, want := snippetOf(t, "", ordinary()), snippetOf(t, Bash, ordinary()); got != want {
		t.Errorf("Snippet of no format = %q, want %q", got, want)
	}
	if got, err := New("yaml", paramsOf(t, ordinary())); err == nil {
		t.Errorf("Snippet(yaml) = %q, want an error", got.Reveal())
	}
}

func TestSnippetRefusesWhatAWSNeverIssues(t *testing.T) {
	for _, f := range Formats() {
		for _, bad := range []string{"", "a\nb", "a\x00b", "a\rb", "a\tb", "a\x1b[31m", "a\x7fb", "a\u0085b", "a\u202eb", "a\u200bb", "a\u2028b", "a\xffb",
			"a\u00a0b"} {
			for name, change := range map[string]func(*values){
				"accessKeyID": func(v *values) { v.accessKeyID = bad },
				"secretKey":   func(v *values) { v.secretKey = bad },
				"token":       func(v *values) { v.token = bad },
				"region":      func(v *values) { v.region = bad + "\n" },
			} {
				v := ordinary()
				change(&v)
				checkUnfit(t, f, v, fmt.Sprintf("%s %q", name, bad))
			}
		}
	}
	p := paramsOf(t, ordinary())
	p.Credentials.Expires = time.Time{}
	if _, err := New(Bash, p); err == nil {
		t.Error("credentials without an end were not refused")
	}
}

func TestSnippetRefusesWhatTheFormatCannotSay(t *testing.T) {
	for f, unfit := range map[Format][]string{
		Cmd:     {"100%", "a!b", `a"b`, "ü", strings.Repeat("x", 12000), strings.Repeat("x", 8192)},
		Dotenv:  {"it's", `a"b`, "$HOME", "a`b", `a\b`},
		Profile: {"a b", "a#b", ";a", `"a"`, "'a'", "ü", `a\b`, "a`b"},
	} {
		for _, bad := range unfit {
			v := ordinary()
			v.token = bad
			checkUnfit(t, f, v, fmt.Sprintf("%.20q", bad))
		}
	}
	for _, profile := range []string{"", "default]\n[x", "a b", "[", "PROD", "-"} {
		p := paramsOf(t, ordinary())
		p.Profile = profile
		if got, err := New(Profile, p); err == nil {
			t.Errorf("the profile %q was written: %s", profile, got.Reveal())
		}
	}
}

// checkUnfit wants a refusal that gives away nothing of the values.
func checkUnfit(t *testing.T, f Format, v values, what string) {
	t.Helper()
	got, err := New(f, paramsOf(t, v))
	var refused *broker.Error
	if !errors.As(err, &refused) || prose.Plain(refused.What) == "" || prose.Plain(refused.Hint) == "" {
		t.Errorf("Snippet(%s) of %s = %q, %v, want a broker.Error", f, what, got.Reveal(), err)
		return
	}
	if !got.Empty() {
		t.Errorf("Snippet(%s) of %s gave both an error and a text", f, what)
	}
	if said := fmt.Sprintf("%+v %v", refused, err); strings.Contains(said, "wJalr") || strings.Contains(said, "IQoJ") {
		t.Errorf("Snippet(%s) of %s says %q", f, what, said)
	}
}

func TestSnippetHoldsATokenOfAnyLength(t *testing.T) {
	for _, length := range []int{1, 4096, 8000, 12000, 16384, 65536} {
		v := ordinary()
		v.token = strings.Repeat("aB3+/x=9", length/8+1)[:length]
		for _, f := range Formats() {
			if f == Cmd && length > 8000 {
				checkUnfit(t, f, v, "a token longer than a line of cmd")
				continue
			}
			got := snippetOf(t, f, v)
			if !strings.Contains(got, v.token) {
				t.Errorf("Snippet(%s) of a token of %d bytes does not hold it whole", f, length)
			}
			if strings.HasSuffix(got, "\n") || strings.ContainsAny(got, "\r\t\x00") {
				t.Errorf("Snippet(%s) ends with a newline or holds controls", f)
			}
		}
	}
}

func FuzzSnippetBash(f *testing.F) {
	for _, seed := range hostileValues() {
		f.Add(seed, "eu-west-1")
	}
	f.Fuzz(func(t *testing.T, secret, region string) {
		v := ordinary()
		v.secretKey, v.region = secret, region
		got, err := New(Bash, paramsOf(t, v))
		if err != nil {
			if secret != "" && isPrintable(secret) && isPrintable(region) {
				t.Fatalf("Snippet of %q, %q = %v", secret, region, err)
			}
			return
		}
		var want []string
		for _, each := range v.variables() {
			want = append(want, each.name+"="+each.value)
		}
		lines := strings.Split(got.Reveal(), "\n")
		if lines[0] != " unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SECURITY_TOKEN AWS_ACCOUNT_ID AWS_CREDENTIAL_SCOPE" {
			t.Errorf("the snippet begins with %q", lines[0])
		}
		var read []string
		for _, line := range lines[1:] {
			if line[0] != ' ' {
				t.Errorf("%q does not begin with a space", line)
			}
			words, err := shellWords(line)
			if err != nil || len(words) != 2 || words[0] != "export" {
				t.Fatalf("a shell reads %q as %q, %v", line, words, err)
			}
			read = append(read, words[1])
		}
		if diff := cmp.Diff(want, read); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// shellWords splits a line as a POSIX shell does, and refuses everything that a
// shell would expand, run or redirect.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, quoted := false, false
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case quoted && b == '\'':
			quoted = false
		case quoted:
			word.WriteByte(b)
		case b == '\'':
			in, quoted = true, true
		case b == '\\' && i+1 < len(line):
			i++
			in = true
			word.WriteByte(line[i])
		case b == ' ':
			if in {
				words = append(words, word.String())
			}
			in = false
			word.Reset()
		case b == '=' || b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z':
			in = true
			word.WriteByte(b)
		default:
			return nil, fmt.Errorf("%q stands outside quotes", b)
		}
	}
	if quoted {
		return nil, errors.New("a quote is left open")
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}
