package e2e

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/telemetry"
)

// The keys that the world's users have. The canary test searches for them.
const (
	aliceSecret = "CANARYalice/secret+key0123456789abcdefgh"
	bobSecret   = "CANARYbob00/secret+key0123456789abcdefgh"
	botSecret   = "CANARYbot00/secret+key0123456789abcdefgh"

	aliceKeyID = "AKIAALICE00000000000"
	botKeyID   = "AKIABOT0000000000000"
)

// patience bounds every wait of a test; nothing is asserted about time.
const patience = time.Minute

// A world is Slack and AWS as fakes that speak the real protocols, and the real
// bot, wired as the program wires it.
type world struct {
	t            testing.TB
	slack        *slacktest.Server
	aws          *awstest.Server
	alice        *awstest.Device
	bob          *awstest.Device
	dir          string
	env          map[string]string // of the bot
	place        string            // where AWS is
	logs         *syncBuffer
	tele         *telemetry.Listener // of the replica that was started last; nil: nobody watches
	trace        *telemetry.Traces   // of what is started from now on; nil: nobody traces
	limit        int                 // of requests and calls, above what a config takes; 0: as the config says
	limitedPosts bool                // the audit channel takes a post a second, as Slack does
	pace         ledger.Pace         // zero: as usual
	pauseFor     time.Duration       // after which a pause ends by itself, as a drill's does; 0: it does not

	mu     sync.Mutex
	offset time.Duration
}

// now is the clock of everything but SigV4.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

const worldConfig = worldLimits + `
slack:
  workspaces: [T0123]
  audit_channel: C0AUDIT
contact: "#help-aws"
users:
  - slack: U01ALICE
    name: alice@example.com
    mfa_serial: arn:aws:iam::111111111111:mfa/alice
    credentials: {env: ALICE}
  - slack: U02BOB
    name: bob@example.com
    mfa_serial: arn:aws:iam::111111111111:mfa/bob
    credentials: {secret: assumebot/bob}
accounts:
  - name: prod
    role_arn: arn:aws:iam::222222222222:role/OnCall
    external_id: 7f3c-external
    region: eu-west-1
    duration: {default: 1h, max: 4h}
    mfa: fresh
    source_identity: true
    tags: {team: payments}
    allow: [S01ONCALL]
  - name: staging
    role_arn: arn:aws:iam::333333333333:role/Developer
    allow: [U01ALICE, U02BOB]
  - name: open
    role_arn: arn:aws:iam::333333333333:role/Open
    mfa: none
    allow: [U01ALICE]
  - name: hub
    allow: ["*"]
    outside_rules: accepted
`

// worldLimits are in no test's way but in those that are about limits.
const worldLimits = "limits: {requests: 1000, sts_calls: 1000}"

func worldEnv() map[string]string {
	return map[string]string{"ALICE_AWS_ACCESS_KEY_ID": aliceKeyID, "ALICE_AWS_SECRET_ACCESS_KEY": aliceSecret}
}

// newWorld starts the fakes. The bot is started by run, so that a test can
// change the world first.
func newWorld(t testing.TB, options ...slacktest.Option) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), logs: &syncBuffer{}, env: worldEnv()}
	var err error
	if w.slack, err = slacktest.Start(options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.slack.Close() })
	if w.aws, err = awstest.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.aws.Close() })
	w.place = w.aws.URL()
	w.slack.SetClock(w.now)
	w.aws.SetClock(w.now)
	w.people()
	w.iam()
	return w
}

// getenv is the environment of the bot: alice's key, and those of a crowd.
func (w *world) getenv(name string) string { return w.env[name] }

// botOnAWS is the bot's own identity, for Secrets Manager.
func (w *world) botOnAWS() *awsapi.Place {
	return &awsapi.Place{Endpoint: w.place, Key: secret.Credentials{AccessKeyID: botKeyID, SecretAccessKey: secret.New(botSecret)}}
}

func (w *world) people() {
	for id, name := range map[string]string{"U01ALICE": "alice", "U02BOB": "bob", "U03CAROL": "carol"} {
		w.slack.AddUser(slacktest.User{ID: id, Name: name})
	}
	w.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE", "U02BOB", "U03CAROL"}})
	w.slack.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", Members: []string{"U02BOB"}, BotMember: true})
	w.slack.SetUserGroup(slacktest.UserGroup{ID: "S01ONCALL", Handle: "oncall", Name: "On call", Members: []string{"U01ALICE"}})
}

func (w *world) iam() {
	w.aws.AddUser(awstest.User{Account: "111111111111", Name: "alice", AccessKeyID: aliceKeyID, SecretAccessKey: aliceSecret})
	w.aws.AddUser(awstest.User{Account: "111111111111", Name: "bob", AccessKeyID: "AKIABOB0000000000000", SecretAccessKey: bobSecret})
	w.aws.AddUser(awstest.User{Account: "111111111111", Name: "assumebot", AccessKeyID: botKeyID, SecretAccessKey: botSecret})
	w.alice = w.aws.AddDevice("111111111111", "alice", awstest.DeviceARN("111111111111", "alice"), []byte("alice-seed-0123456789"))
	w.bob = w.aws.AddDevice("111111111111", "bob", awstest.DeviceARN("111111111111", "bob"), []byte("bob-seed-0123456789ab"))
	w.aws.PutSecret("111111111111", "assumebot/bob", fmt.Sprintf(`{"access_key_id":"AKIABOB0000000000000","secret_access_key":%q}`, bobSecret))
	root := []string{"arn:aws:iam::111111111111:root"}
	w.aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", MaxSession: 4 * time.Hour, Trust: awstest.Trust{
		Principals: root, ExternalID: "7f3c-external", RequireMFA: true, TagSession: true, SetSourceIdentity: true}})
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Developer", Trust: awstest.Trust{Principals: root, RequireMFA: true}})
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Open", Trust: awstest.Trust{Principals: root}})
	for i := range 45 {
		w.aws.AddBuckets("222222222222", awstest.Bucket{
			Name: fmt.Sprintf("prod-%s-%02d", []string{"logs", "data", "site"}[i%3], i), Region: "eu-west-1",
			Created: time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC)})
	}
	w.aws.AddBuckets("111111111111", awstest.Bucket{Name: "hub-state", Region: "eu-west-1", Created: time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC)})
}

func (w *world) settings() app.Settings {
	return app.Settings{
		SlackAppToken: secret.New(w.slack.AppToken()), SlackBotToken: secret.New(w.slack.BotToken()),
		SlackAPIURL: w.slack.APIURL(), RedisURL: secret.New("embedded"), AWSRegion: "eu-west-1",
	}
}

// A replica is one running bot.
type replica struct {
	*app.App
	stop   func() error
	look   chan time.Time // has it look at its config file
	reload chan os.Signal
}

// run starts a replica and waits until a socket is open.
func (w *world) run(config string, s app.Settings) *replica {
	w.t.Helper()
	return w.runAt(config, s, w.now)
}

// runAt is run with a clock of the replica's own.
func (w *world) runAt(config string, s app.Settings, now func() time.Time) *replica {
	w.t.Helper()
	w.writes(config)
	return w.launch(filepath.Join(w.dir, "config.yaml"), s, now)
}

// launch is runAt with the config at path.
func (w *world) launch(path string, s app.Settings, now func() time.Time) *replica {
	w.t.Helper()
	read := config.Read(path)
	if err := read.Err(); err != nil {
		w.t.Fatal(err)
	}
	cfg := read.Config
	if w.limit > 0 {
		cfg.Broker.Limits = policy.Limits{Requests: w.limit, STSCalls: w.limit}
	}
	log := slog.New(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	look, reload := make(chan time.Time), make(chan os.Signal)
	env := app.Environment{Getenv: w.getenv, AWS: w.botOnAWS(), Now: now, Log: log, Read: &read, Look: look, Reload: reload, LedgerPace: w.pace}
	env.AuditPace = time.Millisecond
	env.PauseFor = w.pauseFor
	if w.limitedPosts {
		env.AuditPace = 0
	}
	if w.trace != nil {
		env.Trace = w.trace
	}
	if w.tele != nil {
		env.Watch = w.tele
	}
	a, err := app.New(w.t.Context(), cfg, s, env)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.tele != nil {
		w.tele.Show(a.State)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	r := &replica{App: a, look: look, reload: reload, stop: sync.OnceValue(func() error {
		cancel()
		err := <-ended
		if closing := a.Close(); err == nil {
			err = closing
		}
		return err
	})}
	w.t.Cleanup(func() { _ = r.stop() })
	select {
	case <-a.Bot.Ready():
	case err := <-ended:
		ended <- err
		w.t.Fatalf("the bot ended: %v", err)
	case <-time.After(patience):
		w.t.Fatal("the bot did not connect")
	}
	return r
}

// start runs one replica with the world's own config and embedded Redis.
func (w *world) start() *replica {
	w.t.Helper()
	return w.run(worldConfig, w.settings())
}

// says types a slash command in #general as user and returns the private answer.
func (w *world) says(user, command, text string) slacktest.Message {
	w.t.Helper()
	before := len(w.private(user))
	d, err := w.slack.Command(user, "C0GENERAL", command, text)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := d.Wait(ctx); err != nil {
		w.t.Fatalf("%s %s: not acknowledged: %v", command, text, err)
	}
	if err := w.slack.Await(ctx, func(*slacktest.Server) bool { return len(w.private(user)) > before }); err != nil {
		w.t.Fatalf("%s: no answer: %v\n%s", command, err, w.logs)
	}
	return w.private(user)[before]
}

// private is what user alone was shown in #general.
func (w *world) private(user string) []slacktest.Message {
	var out []slacktest.Message
	for _, m := range w.slack.SeenBy(user) {
		if m.Ephemeral && m.To == user {
			out = append(out, m)
		}
	}
	return out
}

// audit waits for n messages in the audit channel and returns them.
func (w *world) audit(n int) []slacktest.Message {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.slack.Await(ctx, func(s *slacktest.Server) bool { return len(s.InChannel("C0AUDIT")) >= n }); err != nil {
		w.t.Fatalf("audit channel has %d messages, want %d\n%s", len(w.slack.InChannel("C0AUDIT")), n, w.logs)
	}
	return w.slack.InChannel("C0AUDIT")
}

// later moves every clock but SigV4's.
func (w *world) later(r *replica, d time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	w.offset += d
	w.mu.Unlock()
	if r.Store.Embedded() {
		if err := r.Store.Advance(d); err != nil {
			w.t.Fatal(err)
		}
	}
}

// auditTells waits until one message of the audit channel holds all parts.
func (w *world) auditTells(parts ...string) slacktest.Message {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	var found slacktest.Message
	err := w.slack.Await(ctx, func(s *slacktest.Server) bool {
		for _, m := range s.InChannel("C0AUDIT") {
			if holdsAll(m.Plain(), parts) {
				found = m
				return true
			}
		}
		return false
	})
	if err != nil {
		w.t.Fatalf("the audit channel does not tell %q", parts)
	}
	return found
}

func holdsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// stsCalls counts the calls of an action that AWS saw.
func (w *world) stsCalls(action string) int {
	n := 0
	for _, c := range w.aws.Calls() {
		if c.Action == action {
			n++
		}
	}
	return n
}

func wantText(t *testing.T, m slacktest.Message, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(m.Plain(), part) {
			t.Errorf("got message:\n%s\nwant it to contain %q", m.Plain(), part)
		}
	}
}

// A syncBuffer collects logs from many goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
