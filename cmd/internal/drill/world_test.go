package drill

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const worldConfig = `
slack: {workspaces: [T0123], audit_channel: C0AUDIT}
limits: {requests: 1000, sts_calls: 1000}
mfa_session: 8h
admins: [U02BOB]
users:
  - {slack: U01ALICE, name: alice, session_name: alice, mfa_serial: "arn:aws:iam::111111111111:mfa/alice", credentials: {env: ALICE}}
  - {slack: U03CAROL, name: carol, mfa_serial: "arn:aws:iam::111111111111:mfa/carol", credentials: {env: CAROL}}
accounts:
  - name: staging
    role_arn: arn:aws:iam::333333333333:role/Developer
    region: eu-west-1
    allow: [U01ALICE]
    revoker: arn:aws:iam::333333333333:role/Revoker
  - {name: prod, role_arn: "arn:aws:iam::222222222222:role/OnCall", allow: [U03CAROL]}
`

// A world is the fakes that one drill is run against.
type world struct {
	slack *slacktest.Server
	aws   *awstest.Server
	alice *awstest.Device
	key   string
	env   map[string]string
	Options
}

func newWorld(t *testing.T, edits ...string) *world {
	t.Helper()
	t.Parallel()
	w := &world{}
	var err error
	if w.slack, err = slacktest.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.slack.Close() })
	if w.aws, err = awstest.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.aws.Close() })
	people := map[string]string{"U01ALICE": "alice", "U02BOB": "bob", "U03CAROL": "carol"}
	for id, name := range people {
		w.slack.AddUser(slacktest.User{ID: id, Name: name})
	}
	w.slack.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", Members: []string{"U02BOB"}, BotMember: true})
	for id, name := range map[string]string{"AKIABOT0000000000000": "assumebot", "AKIAALICE00000000000": "alice"} {
		w.aws.AddUser(awstest.User{Account: "111111111111", Name: name, AccessKeyID: id, SecretAccessKey: name + "-secret-key"})
	}
	w.alice = w.aws.AddDevice("111111111111", "alice", awstest.DeviceARN("111111111111", "alice"), []byte("alice-seed-0123456789"))
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Developer", Trust: awstest.Trust{
		Principals: []string{awstest.UserARN("111111111111", "alice")}, RequireMFA: true}})
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Revoker", Trust: awstest.Trust{
		Principals: []string{awstest.UserARN("111111111111", "assumebot")}}})
	w.aws.AddBuckets("333333333333", awstest.Bucket{Name: "staging-assets", Region: "eu-west-1", Created: time.Now()})
	if w.key, _, err = tree.NewKey("record.example/drill"); err != nil {
		t.Fatal(err)
	}
	w.env = map[string]string{
		"ALICE_AWS_ACCESS_KEY_ID": "AKIAALICE00000000000", "ALICE_AWS_SECRET_ACCESS_KEY": "alice-secret-key",
		"SLACK_APP_TOKEN": w.slack.AppToken(), "SLACK_BOT_TOKEN": w.slack.BotToken(), "SLACK_API_URL": w.slack.APIURL(),
		"AWS_REGION": "eu-west-1", "REDIS_URL": storetest.RealRedis(t), "ASSUMEBOT_RECORD_KEY": w.key,
		"ASSUMEBOT_SEAL_KEYS": storetest.KeyOne.Reveal(),
	}
	w.configure(t, strings.NewReplacer(edits...).Replace(worldConfig), w.aws.URL())
	w.Code = func(context.Context) (string, error) { return w.alice.Code(), nil }
	return w
}

// configure makes the options of a drill, of the environment and of where AWS is.
func (w *world) configure(t *testing.T, text, aws string) {
	t.Helper()
	getenv := func(name string) string { return w.env[name] }
	var err error
	if w.Settings, err = app.ReadSettings(getenv); err != nil {
		t.Fatal(err)
	}
	if w.Config, err = config.Parse("config.yaml", []byte(text), os.ReadFile); err != nil {
		t.Fatal(err)
	}
	place := awsapi.Place{Endpoint: aws, Key: secret.Credentials{AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: secret.New("assumebot-secret-key")}}
	w.Env = app.Environment{Getenv: getenv, AWS: &place, Now: time.Now, Log: slog.New(slog.DiscardHandler), AuditPace: time.Millisecond, Version: "test"}
	w.User, w.Admin, w.Account, w.RunBy, w.RevokedWithin = "U01ALICE", "U02BOB", "staging", "carol", 2*time.Second
	w.Say = func(line string) { t.Log(line) }
}

// drills runs the drill, and returns its report.
func (w *world) drills(t *testing.T) Report {
	t.Helper()
	r, err := Run(t.Context(), w.Options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// results are what became of the steps that did not pass.
func results(r Report) map[string]string {
	out := map[string]string{}
	for _, s := range r.Steps {
		if s.Result != Passed {
			out[s.Name] = s.Result
		}
	}
	return out
}

func wantFailed(t *testing.T, r Report, name string, parts ...string) {
	t.Helper()
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == name })
	if i < 0 || r.Steps[i].Result != Failed || r.Result != Failed {
		t.Fatalf("got %v, want the step %s to fail", results(r), name)
	}
	for _, part := range parts {
		if !strings.Contains(strings.Join(r.Lines(), "\n"), part) {
			t.Errorf("got\n%s\nwant it to say %q", strings.Join(r.Lines(), "\n"), part)
		}
	}
}
