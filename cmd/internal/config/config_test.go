package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// The parts that most tests leave as they are.
const (
	goodSlack   = "slack: {workspaces: [T0123], audit_channel: C0AUDIT}\n"
	goodUsers   = "users: [{slack: U01ALICE, name: alice, mfa_serial: 'arn:aws:iam::111111111111:mfa/alice', credentials: {profile: alice}}]\n"
	goodAccount = "accounts: [{name: hub, allow: ['*']}]\n"
)

// files is a directory for session policies.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// parse holds what is accepted to the schema too, so that everything that any test
// reads is its corpus.
func parse(text string, dir files) (Config, error) {
	cfg, err := Parse("config.yaml", []byte(text), dir.read)
	if err == nil {
		if refused := bySchema(text); refused != nil {
			return cfg, fmt.Errorf("check takes it, and the schema does not: %w", refused)
		}
	}
	return cfg, err
}

func mustParse(t *testing.T, text string, dir files) Config {
	t.Helper()
	cfg, err := parse(text, dir)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return cfg
}

// account puts keys into one account of an otherwise good file. Their first
// line is line 4.
func account(keys string) string {
	return goodSlack + goodUsers + "accounts:\n- " + strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n  ") + "\n"
}

// user does the same for one user, whose first line is line 4.
func user(keys string) string {
	return goodSlack + goodAccount + "users:\n- " + strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n  ") + "\n"
}

const roleAccount = "name: prod\nrole_arn: arn:aws:iam::222222222222:role/OnCall\n"

func TestParseConfigReadsWholeFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "whole.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got := mustParse(t, string(data), files{"readonly.json": "{\n \"Version\": \"2012-10-17\",\n \"Statement\": []\n}\n"})
	want := Config{
		Slack: SlackConfig{CommandPrefix: "aws-", AuditChannel: "C0AUDIT", ApprovalsChannel: "C0AUDIT", Connections: 3, Replicas: 1},
		Record: Record{
			Origin: "example.com/assumebot", Replicas: 1, Archive: "/var/lib/assumebot/record", RequireArchive: true, RequireWitnesses: true,
			Witnesses: []Witness{{URL: "https://witness.example/x", Key: witnessKey1}},
			Sinks: []Sink{
				{Name: "disk", File: "audit.jsonl", Size: 10 << 20, Keep: 5}, {Name: "shipper", Stdout: true},
				{Name: "siem", Webhook: "http://127.0.0.1/hook", Secret: "SIEM_WEBHOOK_SECRET", OCSF: true},
			},
		},
		Reminder: 10 * time.Minute,
		Warnings: Problems{
			{File: "config.yaml", Line: 51, Column: 11, Message: "account hub has no role, which is accepted: its credentials can assume, without the bot, " +
				"every role that trusts the person's IAM user, and check cannot see which roles trust whom"},
			{File: "config.yaml", Line: 51, Column: 11, Message: "account hub: Alice Jones, bob, carol, dave may also have prod"},
		},
		Broker: policy.Config{
			Workspaces: []string{"T0123", "T0456"}, Admins: []string{"U09ADMIN", "S09ADMINS"}, Limits: policy.Limits{Requests: 20, STSCalls: 50},
			Contact: "#help-aws", RevealWindow: 5 * time.Minute, MFASession: 8 * time.Hour,
			SigninEndpoint: "https://eu-west-1.signin.aws.amazon.com/federation",
			Users: policy.Users(
				policy.User{Slack: "U01ALICE", Name: "Alice Jones", SessionName: "Alice-Jones", MFASerial: "arn:aws:iam::111111111111:mfa/alice",
					Key: policy.KeySource{Profile: "alice"},
					AgeKey: secret.PublicKey{Text: "age1fr50qm5v9d82p9937ldk0dgchnfhquwm4y0gxsf6ymmpn0whra7qwyxhnd",
						Type: "age", Fingerprint: "age1fr50qm5v9d82…whra7qwyxhnd"}},
				policy.User{Slack: "W02BOB", Name: "bob", SessionName: "bob.builder", MFASerial: "GAHT12345678", Key: policy.KeySource{Env: "BOB"}},
				policy.User{Slack: "U03CAROL", Name: "carol", SessionName: "carol", MFASerial: "arn:aws:iam::111111111111:mfa/carol",
					Key: policy.KeySource{Secret: "assumebot/carol"}, SealRequired: true,
					AgeKey: secret.PublicKey{Text: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL88ny8DQawjeG5AoQH4tLYApxc1FKtWPSq+6NyvmbaI",
						Type: "ssh-ed25519", Fingerprint: "SHA256:mpJH2ZBPX6cs6a7DIEKTU7VqOrpJiA/6PWD4NhB8ClY"}},
				policy.User{Slack: "U04DAVE", Name: "dave", SessionName: "dave", MFASerial: "arn:aws:iam::111111111111:mfa/dave", Key: policy.KeySource{Default: true}},
			),
			Accounts: policy.Accounts(
				policy.Account{
					Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", ExternalID: "7f3c", Region: "eu-west-1",
					DefaultDuration: 90 * time.Minute, MaxDuration: 4 * time.Hour, MFA: policy.MFASession,
					Rules: policy.Rules{Allow: []policy.Rule{{Who: []string{"S01ONCALL"}}, {Who: []string{"U01ALICE"}}}}, SealRequired: true,
					DMLife: 3 * time.Minute, SourceIdentity: true, Tags: map[string]string{"team": "payments", "stage": ""},
					SessionPolicy: `{"Version":"2012-10-17","Statement":[]}`, PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
				},
				policy.Account{Name: "hub", DefaultDuration: time.Hour, MaxDuration: time.Hour, MFA: policy.MFASession,
					Rules: policy.Rules{Allow: []policy.Rule{{Who: []string{"*"}}}}, OutsideRules: true},
			),
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Config{}, "Summary"),
		cmp.AllowUnexported(policy.List[policy.User]{}, policy.List[policy.Account]{})); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestParseConfigFillsInDurations(t *testing.T) {
	tests := []struct{ written, wantDefault, wantMax string }{
		{"", "1h", "1h"},
		{"{default: 15m}", "15m", "1h"},
		{"{default: 2h}", "2h", "2h"},
		{"{max: 30m}", "30m", "30m"},
		{"{max: 12h}", "1h", "12h"},
		{"{default: 1h30m, max: 90m}", "1h30m", "1h30m"},
	}
	for _, test := range tests {
		t.Run(test.written, func(t *testing.T) {
			keys := roleAccount
			if test.written != "" {
				keys += "duration: " + test.written
			}
			a := mustParse(t, account(keys), nil).Broker.Accounts.Find("prod")
			got := text.FormatDuration(a.DefaultDuration) + " " + text.FormatDuration(a.MaxDuration)
			if want := test.wantDefault + " " + test.wantMax; got != want {
				t.Errorf("durations: got %s, want %s", got, want)
			}
		})
	}
}

func TestParseConfigWants36HoursWithoutRole(t *testing.T) {
	a := mustParse(t, account("name: hub\nduration: {max: 36h}"), nil).Broker.Accounts.Find("hub")
	if a.MaxDuration != policy.MaxSessionTokenDuration {
		t.Errorf("maximum: got %s, want 36h", a.MaxDuration)
	}
}

func TestParseConfigNeedsNoDeviceWhereNoAccountAsksForMFA(t *testing.T) {
	text := goodSlack + "users: [{slack: U01ALICE, name: alice, credentials: {default: true}}]\naccounts: [{name: hub, mfa: none, allow: ['*']}]\n"
	mustParse(t, text, nil)
}

func TestParseConfigTakesByteOrderMarkAndCRLF(t *testing.T) {
	mustParse(t, "\ufeff"+strings.ReplaceAll(goodSlack+goodUsers+goodAccount, "\n", "\r\n"), nil)
}

func TestParseConfigWarns(t *testing.T) {
	text := goodSlack + `users:
- {slack: U01ALICE, name: alice, mfa_serial: GAHT12345678, credentials: {default: true}}
- {slack: U02BOB, name: bob, mfa_serial: GAHT12345679, credentials: {default: true}}
accounts:
- {name: a, mfa: none, allow: ['*']}
- {name: b, allow: ['*', U02BOB]}
- {name: c}
`
	var got []string
	for _, w := range mustParse(t, text, nil).Warnings {
		got = append(got, w.String())
	}
	want := []string{
		"config.yaml:4:69: alice and bob share one AWS key (default chain): AWS cannot tell them apart until a role is assumed",
		"config.yaml:6:18: account a: no MFA: whoever may have it gets credentials without a code",
		`config.yaml:7:21: account b: "*" is every user already; the other entries of allow change nothing`,
		"config.yaml:8:3: account c: nobody may have it: allow names no one",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestLoadConfigReadsPolicyBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "config.yaml"), account(roleAccount+"session_policy: policies/p.json"))
	if err := os.Mkdir(filepath.Join(dir, "policies"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "policies", "p.json"), `{"Statement": []}`)
	cfg, err := Load(filepath.Join(dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Broker.Accounts.Find("prod").SessionPolicy, `{"Statement":[]}`; got != want {
		t.Errorf("policy: got %s, want %s", got, want)
	}
}

func TestLoadConfigNamesFileItCannotRead(t *testing.T) {
	_, err := Load("absent.yaml")
	want := "absent.yaml: cannot be read: no such file or directory: name the config file with --config FILE or ASSUMEBOT_CONFIG"
	if err == nil || err.Error() != want {
		t.Errorf("error:\ngot  %v\nwant %s", err, want)
	}
}

func TestAFileOfTenThousandAccountsIsNotTooLarge(t *testing.T) {
	const large = 5 << 20 // what 10,000 users and as many accounts take
	text := strings.Repeat("# "+strings.Repeat("x", 125)+"\n", large/128) + goodSlack + goodUsers + goodAccount
	mustParse(t, text, nil)
}

func TestLoadConfigRefusesHugeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, strings.Repeat("# x\n", maxConfigBytes/4+1))
	_, err := Load(path)
	if err == nil || !strings.Contains(err.Error(), "larger than 8388608 bytes") {
		t.Errorf("error: got %v, want one that names the limit", err)
	}
}

func TestProblemsAreCappedWhenPrinted(t *testing.T) {
	text := goodSlack + goodUsers + goodAccount
	for i := range 60 {
		text += fmt.Sprintf("zzzz%d: 1\n", i)
	}
	_, err := parse(text, nil)
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 60 {
		t.Fatalf("problems: got %d, want 60", len(problems))
	}
	lines := strings.Split(err.Error(), "\n")
	if got, want := len(lines), maxPrinted+1; got != want {
		t.Errorf("lines: got %d, want %d", got, want)
	}
	if got, want := lines[len(lines)-1], "and 10 more: mend these first"; got != want {
		t.Errorf("last line: got %q, want %q", got, want)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
