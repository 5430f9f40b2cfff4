package setup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/deploy"
)

// answered has these answers set, one after the other, and the rest as it is by itself.
func answered(t *testing.T, more map[string]string) Answers {
	t.Helper()
	all := map[string]string{
		"workspace": "T0999", "channel": "C0999", "slack-user": "U0999",
		"iam-user": "arn:aws:iam::999999999999:user/staff/erin", "role": "arn:aws:iam::888888888888:role/Deploy",
	}
	maps.Copy(all, more)
	var a Answers
	for _, q := range Questions() {
		if value, ok := all[q.Flag]; ok {
			if _, err := a.Set(q, value); err != nil {
				t.Fatalf("%s: %v", q.Flag, err)
			}
		}
	}
	if err := a.Fill(); err != nil {
		t.Fatal(err)
	}
	return a
}

var withRevoker = map[string]string{"revoker": "arn:aws:iam::888888888888:role/Revoker"}

func TestWhatIsWrittenPassesCheckAndIsFilledIn(t *testing.T) {
	for name, more := range map[string]map[string]string{
		"the least":   nil,
		"a revoker":   withRevoker,
		"a profile":   {"key": "profile erin", "allow": "S0999,U0999", "command-prefix": "aws-", "account": "staging"},
		"environment": {"key": "env:ERIN", "allow": "*", "mfa-serial": "GAHT12345678"},
		"an ARN":      {"key": "secret arn:aws:secretsmanager:eu-west-1:999999999999:secret:erin-AbCdEf", "region": "us-east-1"},
		"China": {"iam-user": "arn:aws-cn:iam::999999999999:user/erin", "role": "arn:aws-cn:iam::888888888888:role/Deploy",
			"revoker": "arn:aws-cn:iam::888888888888:role/Revoker"},
	} {
		dir := t.TempDir()
		files, err := answered(t, more).Files()
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(dir, files, false); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(filepath.Join(dir, config.FileName))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(cfg.Warnings) > 0 {
			t.Errorf("%s: got warnings %v, want none", name, cfg.Warnings)
		}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(dir, f.Name))
			if err != nil {
				t.Fatal(err)
			}
			for _, sample := range []string{"111111111111", "222222222222", "333333333333", "alice", "OnCall", "EXAMPLE", "replace-with", "{{"} {
				if strings.Contains(string(text), sample) && f.Name != config.SchemaName {
					t.Errorf("%s: %s holds %s, which is not filled in", name, f.Name, sample)
				}
			}
			if strings.HasSuffix(f.Name, ".json") && !json.Valid(text) {
				t.Errorf("%s: %s is no JSON", name, f.Name)
			}
			if info, _ := os.Stat(filepath.Join(dir, f.Name)); info.Mode().Perm() != f.Mode {
				t.Errorf("%s: mode of %s: got %o, want %o", name, f.Name, info.Mode().Perm(), f.Mode)
			}
		}
	}
}

// What is filled in is all that differs from what deploy/iam ships, and is tested there.
func TestPoliciesAreTheShippedOnes(t *testing.T) {
	a := Answers{
		IAMUser: "arn:aws:iam::111111111111:user/alice", Role: "arn:aws:iam::222222222222:role/OnCall", Key: "secret assumebot/alice", Region: "eu-west-1",
		Revoker: "arn:aws:iam::222222222222:role/AssumebotRevoker", Boundary: "arn:aws:iam::222222222222:policy/OnCallBoundary",
		Bot: "arn:aws:iam::111111111111:role/assumebot", ExternalID: "replace-with-a-random-one",
	}
	got, err := a.Policies()
	if err != nil {
		t.Fatal(err)
	}
	if names := slices.Sorted(maps.Keys(got)); len(names) != 5 {
		t.Errorf("policies: got %v, want five", names)
	}
	for name, text := range got {
		shipped, err := deploy.IAM.ReadFile("iam/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var want, is any
		if err := errors.Join(json.Unmarshal(shipped, &want), json.Unmarshal(text, &is)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(oneEach(want), oneEach(is)); diff != "" {
			t.Errorf("%s (-shipped +filled in):\n%s", name, diff)
		}
	}
}

func TestBotReadsTheOneSecretOrThoseOfAssumebot(t *testing.T) {
	for name, want := range map[string]string{
		"erin": "erin-??????", "prod/erin": "prod/erin-??????", "/x": "/x-??????", "prod/assumebot/erin": "prod/assumebot/erin-??????",
		"assumebot/erin": "assumebot/*", "assumebot/staff/erin": "assumebot/staff/*",
	} {
		policies, err := answered(t, map[string]string{"key": "secret " + name}).Policies()
		if err != nil {
			t.Fatal(err)
		}
		want = `"arn:aws:secretsmanager:eu-west-1:999999999999:secret:` + want + `"`
		if got := string(policies["bot-policy.json"]); !strings.Contains(got, want) {
			t.Errorf("secret %s: got %s, want %s", name, got, want)
		}
	}
}

// oneEach keeps of every list of ARNs the first, which is that of the answers.
func oneEach(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			v[key] = oneEach(below)
		}
	case []any:
		if first, ok := v[0].(string); ok && strings.HasPrefix(first, "arn:") {
			return []any{first}
		}
		for i := range v {
			v[i] = oneEach(v[i])
		}
	}
	return v
}

func TestAnswersAreCheckedByTheConfigsChecks(t *testing.T) {
	for _, test := range []struct{ flag, value, want string }{
		{"workspace", "acme", "is not a workspace ID"},
		{"workspace", "", "no answer by itself"},
		{"channel", "#aws-audit", "bottom of About"},
		{"slack-user", "@alice", "Copy member ID"},
		{"slack-user", "alice", `"alice" is a name, and an ID such as U01ALICE is needed: open your profile in Slack, then the three dots, Copy member ID`},
		{"slack-user", "alice2", "is a name"},
		{"slack-user", "Alice Smith", "is a name"},
		{"slack-user", "S01LEADS", "user group ID"},
		{"slack-user", "u01alice", "write U01ALICE"},
		{"iam-user", "alice", "not the ARN of an IAM user"},
		{"iam-user", "arn:aws:iam::111111111111:root", "not the ARN of an IAM user"},
		{"mfa-serial", "arn:aws:iam::111111111111:u2f/user/a/b", "FIDO"},
		{"key", "vault", "write secret NAME"},
		{"key", "profile", "write secret NAME"},
		{"key", "env alice", "prefix in capitals"},
		{"key", "profile AKIAIOSFODNN7EXAMPLE", "looks like an access key"},
		{"account", "Prod", "write prod"},
		{"account", "help", "a word of the commands"},
		{"role", "OnCall", "not a role ARN"},
		{"role", "arn:aws-cn:iam::222222222222:role/OnCall", "partition"},
		{"region", "Ireland", "is not a region's code"},
		{"allow", "bob", "there is no group"},
		{"allow", "U99", "not one of users"},
		{"command-prefix", "/aws", "without the slash"},
		{"revoker", "arn:aws:iam::222222222222:role/OnCall", "account's own role"},
		{"boundary", "Boundary", "not a managed policy ARN"},
		{"bot-identity", "assumebot", "not the ARN of a role or a user"},
		{"iam-user", "arn:aws:iam::111111111111:user/*/alice", "not the ARN of an IAM user"},
		{"role", "arn:aws:iam::222222222222:role/*/OnCall", "not a role ARN"},
		{"role", "arn:aws:iam::222222222222:role/${aws:username}/OnCall", "letters, digits"},
		{"revoker", "arn:aws:iam::222222222222:role/??/Revoker", "not a role ARN"},
		{"boundary", "arn:aws:iam::222222222222:policy/*", "not a managed policy ARN"},
		{"boundary", "arn:aws:iam::222222222222:policy/$(pwned)/x", "letters, digits"},
		{"bot-identity", "arn:aws:iam::111111111111:role/*", "not the ARN of a role or a user"},
		{"bot-identity", "arn:aws:iam::111111111111:role/x;touch${IFS}pwned;#", "not the ARN of a role or a user"},
		{"account", "a\nb", "one line"},
		{"account", "\"]}\x00", "one line"},
	} {
		a := Answers{IAMUser: "arn:aws:iam::111111111111:user/alice", MFASerial: "arn:aws:iam::111111111111:mfa/alice", Role: "arn:aws:iam::222222222222:role/OnCall"}
		before := a
		_, err := a.Set(question(t, test.flag), test.value)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %q: got %v, want %s", test.flag, test.value, err, test.want)
		}
		if a != before {
			t.Errorf("%s %q: the wrong answer was kept", test.flag, test.value)
		}
	}
	var a Answers
	if warnings, err := a.Set(question(t, "region"), "eu-wset-1"); err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "did you mean eu-west-1?") {
		t.Errorf("region: got %q, %v, want a warning with eu-west-1", warnings, err)
	}
}

func TestCommandsToPasteQuoteEveryAnswer(t *testing.T) {
	for _, field := range []func(*Answers) *string{
		func(a *Answers) *string { return &a.IAMUser }, func(a *Answers) *string { return &a.Key }, func(a *Answers) *string { return &a.Role },
		func(a *Answers) *string { return &a.Region }, func(a *Answers) *string { return &a.Revoker },
		func(a *Answers) *string { return &a.Boundary }, func(a *Answers) *string { return &a.Bot },
	} {
		a := answered(t, withRevoker)
		*field(&a) += "=,@$IFS"
		for line := range strings.Lines(a.Next("it's")) {
			if bare := regexp.MustCompile(`'[^']*'|\\'`).ReplaceAllString(line, ""); strings.Contains(bare, "$") && strings.HasPrefix(line, "   ") {
				t.Errorf("unquoted: %s", line)
			}
		}
	}
}

func question(t *testing.T, flag string) Question {
	t.Helper()
	for _, q := range Questions() {
		if q.Flag == flag {
			return q
		}
	}
	t.Fatalf("no question %s", flag)
	return Question{}
}

func TestEveryExampleIsAnAnswer(t *testing.T) {
	a := Answers{}
	for _, q := range Questions() {
		if _, err := a.Set(q, q.Example); err != nil {
			t.Errorf("%s: %v", q.Flag, err)
		}
	}
}

func TestExternalIDsAreRandom(t *testing.T) {
	ids := map[string]bool{}
	for range 2 {
		files, err := answered(t, nil).Files()
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Parse("c", files[0].Data, nil)
		if err != nil {
			t.Fatal(err)
		}
		id := cfg.Broker.Accounts.Find("prod").ExternalID
		if len(id) < 32 || ids[id] {
			t.Errorf("external ID: got %q after %v", id, ids)
		}
		ids[id] = true
		for _, f := range files {
			if strings.HasSuffix(f.Name, "role-trust-policy.json") && !strings.Contains(string(f.Data), id) {
				t.Errorf("the trust policy asks for another external ID:\n%s", f.Data)
			}
		}
	}
}

// tree is what is in a directory, by name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			found[path] = "directory"
			return err
		}
		if d.Type() == fs.ModeSymlink {
			found[path], err = os.Readlink(path)
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWritingIsAllOrNothing(t *testing.T) {
	files := []File{{"a", 0o600, []byte("new")}, {"b/c", 0o644, []byte("new")}, {"d", 0o644, []byte("new")}}
	for name, test := range map[string]struct {
		force bool
		there func(t *testing.T, dir string)
	}{
		"the last is there": {false, func(t *testing.T, dir string) { put(t, dir, "d") }},
		"a directory is in the way": {true, func(t *testing.T, dir string) {
			put(t, dir, "a")
			put(t, dir, "b") // where the directory should be
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "x")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			test.there(t, dir)
			before := tree(t, dir)
			if err := Write(dir, files, test.force); err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("left behind (-before +after):\n%s", diff)
			}
		})
	}
	dir := t.TempDir()
	put(t, dir, "a")
	if err := Write(dir, files, true); err != nil {
		t.Fatal(err)
	}
	for path, text := range tree(t, dir) {
		if text != "new" && text != "directory" {
			t.Errorf("%s: got %q, want new", path, text)
		}
	}
}

// A directory, empty or not, is no file to overwrite, and what a link leads to is not
// below the directory that was named.
func TestNothingIsOverwrittenButFilesAndNothingIsWrittenElsewhere(t *testing.T) {
	files := []File{{"a", 0o600, []byte("new")}, {"b/c", 0o644, []byte("new")}}
	for name, there := range map[string]func(dir, elsewhere string) error{
		"an empty directory": func(dir, _ string) error { return os.Mkdir(filepath.Join(dir, "a"), 0o755) },
		"a directory":        func(dir, _ string) error { return os.MkdirAll(filepath.Join(dir, "b/c/d"), 0o755) },
		"a linked directory": func(dir, elsewhere string) error { return os.Symlink(elsewhere, filepath.Join(dir, "b")) },
		"a link to nowhere":  func(dir, elsewhere string) error { return os.Symlink(elsewhere+"/new", filepath.Join(dir, "b")) },
	} {
		dir, elsewhere := t.TempDir(), t.TempDir()
		if err := there(dir, elsewhere); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		if err := Write(dir, files, true); err == nil {
			t.Errorf("%s: got no error", name)
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("%s: left behind (-before +after):\n%s", name, diff)
		}
		if got := tree(t, elsewhere); len(got) != 1 {
			t.Errorf("%s: got %v elsewhere, want nothing", name, got)
		}
	}
	dir, elsewhere := t.TempDir(), t.TempDir()
	put(t, elsewhere, "a")
	if err := os.Symlink(filepath.Join(elsewhere, "a"), filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, files, true); err != nil {
		t.Errorf("a linked file: %v", err)
	}
	if got := tree(t, elsewhere)[filepath.Join(elsewhere, "a")]; got != "old" {
		t.Errorf("what the link led to: got %q, want old", got)
	}
}

func put(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A failure after some files are in their place takes these back.
func TestUndoPutsBackWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a")
	before := tree(t, dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	w := writing{root: root}
	for _, name := range []string{"a", "new"} {
		temp, err := w.temporary(File{name, 0o600, []byte("x")})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.place(temp, name, true); err != nil {
			t.Fatal(err)
		}
	}
	w.undo()
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("left behind (-before +after):\n%s", diff)
	}
}
