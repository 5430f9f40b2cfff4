package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store/storetest"
)

const runConfig = `
slack: {workspaces: [T0123], audit_channel: C0AUDIT}
users: [{slack: U01ALICE, name: alice, mfa_serial: "arn:aws:iam::111111111111:mfa/alice", credentials: {env: ALICE}}]
accounts: [{name: prod, role_arn: "arn:aws:iam::222222222222:role/OnCall", allow: [U01ALICE]}]
`

// program runs the program itself, as a process of its own, against a fake
// Slack; TestMain makes the test binary the program under its name.
func program(t *testing.T, s *slacktest.Server, env ...string) (*exec.Cmd, *programLog) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte(runConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	log := newProgramLog()
	return &exec.Cmd{
		Path: self, Args: []string{"assumebot", "run", "--config", config}, Stderr: log,
		Env: append([]string{"SLACK_API_URL=" + s.APIURL(), "SLACK_APP_TOKEN=" + s.AppToken(), "SLACK_BOT_TOKEN=" + s.BotToken(),
			"REDIS_URL=embedded", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true"}, env...),
	}, log
}

// onRedis is the environment for a Redis that is not embedded.
func onRedis(t *testing.T, url string) []string {
	t.Helper()
	key, _, err := tree.NewKey("example.com/assumebot")
	if err != nil {
		t.Fatal(err)
	}
	return []string{"REDIS_URL=" + url, "ASSUMEBOT_SEAL_KEYS=" + storetest.KeyOne.Reveal(), "ASSUMEBOT_RECORD_KEY=" + key}
}

func startSlack(t *testing.T) *slacktest.Server {
	t.Helper()
	s, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", BotMember: true})
	return s
}

func TestRunEndsWithZeroAtSIGTERM(t *testing.T) {
	s := startSlack(t)
	cmd, log := program(t, s)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	log.await(t, saysReady, 1)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit 0\n%s", err, log)
	}
	lines := map[string]map[string]any{}
	for line := range strings.Lines(log.String()) {
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines[said["msg"].(string)] = said
	}
	ready, stopped := lines[saysReady], lines["stopped: all that was accepted is done"]
	version, _ := ready["version"].(string)
	replica, _ := ready["replica"].(string)
	if !strings.HasPrefix(version, "assumebot ") || len(replica) != 26 || ready["sockets"] != 2.0 || ready["users"] != 1.0 || ready["accounts"] != 1.0 {
		t.Errorf("got %v when it was ready, want version, replica, sockets, users and accounts\n%s", ready, log)
	}
	if took, _ := ready["took"].(string); took == "" || took == "0s" {
		t.Errorf("got %q, want how long the start took", took)
	}
	if took, there := stopped["took"]; !there || stopped["replica"] != replica || stopped["abandoned"] != 0.0 {
		t.Errorf("got %v after %v when it stopped, want the replica, and nothing abandoned\n%s", stopped, took, log)
	}
}

func TestRunEndsWithWhatMendsATokenThatSlackRefuses(t *testing.T) {
	s := startSlack(t)
	for name, variable := range map[string]string{"SLACK_APP_TOKEN": "xapp-1-REFUSED", "SLACK_BOT_TOKEN": "xoxb-REFUSED"} {
		cmd, log := program(t, s, name+"="+variable)
		err := cmd.Run()
		said := strings.Contains(log.String(), "Slack does not take the token in "+name)
		if cmd.ProcessState.ExitCode() != 78 || !said || strings.Contains(log.String(), "REFUSED") {
			t.Errorf("%s: got %v, want exit 78 and an error that names it and not the token\n%s", name, err, log)
		}
	}
}

// TestRunEndsWith78WhereOnlyAPersonCanMendIt takes a setting, the config, and what
// Redis says.
func TestRunEndsWith78WhereOnlyAPersonCanMendIt(t *testing.T) {
	s := startSlack(t)
	locked, newer := storetest.StartRedis(t, "--requirepass", "x"), storetest.StartRedis(t)
	storetest.WriteNewerSchema(t, newer.URL, storetest.KeyOne)
	for name, env := range map[string][]string{
		"setting": {"AWS_REGION=nowhere"}, "partition": {"AWS_REGION=cn-north-1"}, "profile": {"AWS_PROFILE=absent", "AWS_CONFIG_FILE=/dev/null"},
		"endpoint": {"AWS_ENDPOINT_URL_IAM=http://192.0.2.1"}, "password": onRedis(t, locked.URL),
		"newer data": onRedis(t, newer.URL),
	} {
		cmd, log := program(t, s, env...)
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 78 {
			t.Errorf("%s: got %v, want exit 78\n%s", name, err, log)
		}
	}
	cmd, log := program(t, s)
	if err := os.WriteFile(cmd.Args[3], []byte(runConfig+"contct: me\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 78 {
		t.Errorf("config: got %v, want exit 78\n%s", err, log)
	}
}

// TestRunRefusesAnAppThatCannotServe takes what Slack tells at a start.
func TestRunRefusesAnAppThatCannotServe(t *testing.T) {
	t.Parallel()
	audit := func(c slacktest.Channel) func(*slacktest.Server) {
		return func(s *slacktest.Server) { c.ID, c.Name = "C0AUDIT", "aws-audit"; s.AddChannel(c) }
	}
	tests := map[string]struct {
		harm func(*slacktest.Server)
		says string
	}{
		"scope": {func(s *slacktest.Server) { s.SetScopes("commands", "im:write", "users:read", "channels:read") },
			"the bot token lacks chat:write (posts to the audit channel, and direct messages): in the app's settings, App Manifest: paste what "},
		"audit channel": {audit(slacktest.Channel{}),
			"not in the audit channel C0AUDIT, so nothing could be told there: in Slack, in that channel: /invite @assumebot"},
		"private channel": {audit(slacktest.Channel{Private: true}), "slack.audit_channel is C0AUDIT, and the workspace has no such channel, or it is private"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSlack(t)
			test.harm(s)
			cmd, log := program(t, s)
			if err := cmd.Run(); cmd.ProcessState.ExitCode() != 78 || !strings.Contains(log.String(), test.says) {
				t.Errorf("got %v, want exit 78 and %q\n%s", err, test.says, log)
			}
			if n := len(s.Connections()); n != 0 {
				t.Errorf("got %d sockets, want none", n)
			}
		})
	}
	t.Run("workspace", func(t *testing.T) {
		t.Parallel()
		s, err := slacktest.Start(slacktest.WithTeam("T0OTHER", "other"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		cmd, log := program(t, s)
		const says = "the app is installed in the workspace T0OTHER, and slack.workspaces names T0123: write T0OTHER there"
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 78 || !strings.Contains(log.String(), says) {
			t.Errorf("got %v, want exit 78 and %q\n%s", err, says, log)
		}
	})
}

// TestRunServesWhereSlackDoesNotTell takes answers that say nothing of what a start looks at.
func TestRunServesWhereSlackDoesNotTell(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(*slacktest.Server){
		"no scopes in the answer": func(s *slacktest.Server) { s.SetScopes() },
		"no scope to ask by":      func(s *slacktest.Server) { s.SetScopes("commands", "chat:write", "im:write", "users:read") },
		"no answer": func(s *slacktest.Server) {
			s.Inject(slacktest.Fault{Method: "conversations.info", Drop: true, Times: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSlack(t)
			harm(s)
			cmd, log := program(t, s)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			log.await(t, saysReady, 1)
			if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
				t.Errorf("got %v, want exit 0\n%s", err, log)
			}
		})
	}
}

// TestRunWaitsForRedisAndStopsAtSIGTERM has no Redis at its address.
func TestRunWaitsForRedisAndStopsAtSIGTERM(t *testing.T) {
	s := startSlack(t)
	cmd, log := program(t, s, onRedis(t, "unix:///absent/redis.sock")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	log.await(t, "waiting for Redis", 2)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit 0\n%s", err, log)
	}
}

// TestRunReadsItsConfigAgainAtSIGHUP sends it while the program starts, where it
// would end it, and while it runs.
func TestRunReadsItsConfigAgainAtSIGHUP(t *testing.T) {
	s := startSlack(t)
	s.Inject(slacktest.Fault{Method: "auth.test", Status: 503, Times: 1})
	cmd, log := program(t, s)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	await := func(cond func(*slacktest.Server) bool) {
		t.Helper()
		if err := s.Await(ctx, cond); err != nil {
			t.Fatal(err)
		}
	}
	signal := func(sig os.Signal) {
		t.Helper()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	const hears = "SIGHUP: reading the config file"
	await(func(s *slacktest.Server) bool { return len(s.Calls()) > 0 })
	signal(syscall.SIGHUP)
	log.await(t, hears, 1)
	log.await(t, saysReady, 1)
	if err := os.WriteFile(cmd.Args[3], []byte(runConfig+"contct: me\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signal(syscall.SIGHUP)
	await(func(s *slacktest.Server) bool {
		told := s.InChannel("C0AUDIT")
		return len(told) > 0 && strings.Contains(told[0].Plain(), `config.yaml:5:1: unknown key "contct"`)
	})
	log.await(t, hears, 2)
	signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit 0\n%s", err, log)
	}
	if got := strings.Count(log.String(), hears); got != 2 {
		t.Errorf("got %d lines of SIGHUP in the log, want 2\n%s", got, log)
	}
}
