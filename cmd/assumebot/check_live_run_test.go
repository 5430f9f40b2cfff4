package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/cmd/internal/doctor"
)

// TestCheckLivePassesWhereTheBotWouldRun runs the program against both fakes, and once
// more after the bot has left its audit channel.
func TestCheckLivePassesWhereTheBotWouldRun(t *testing.T) {
	t.Parallel()
	s := startSlack(t)
	s.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice"})
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	const account = "111111111111"
	aws.AddUser(awstest.User{Account: account, Name: "alice", AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: "CANARY"})
	aws.AddDevice(account, "alice", awstest.DeviceARN(account, "alice"), []byte("alice's device"))
	check := func(args ...string) (code int, out string) {
		cmd, log := program(t, s, "AWS_ENDPOINT_URL="+aws.URL(), "ALICE_AWS_ACCESS_KEY_ID=AKIAALICE00000000000", "ALICE_AWS_SECRET_ACCESS_KEY=CANARY",
			"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
		cmd.Args = append([]string{"assumebot", "check", "--live", "--config", cmd.Args[3]}, args...)
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		_ = cmd.Run() // the exit code tells
		if said := stdout.String() + log.String(); strings.Contains(said, "CANARY") {
			t.Errorf("a secret is told:\n%s", said)
		}
		return cmd.ProcessState.ExitCode(), stdout.String()
	}
	if code, out := check(); code != 0 || !strings.Contains(out, ", 0 wrong, ") {
		t.Errorf("got exit %d, want 0\n%s", code, out)
	}
	s.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit"})
	code, out := check("--json")
	var found []doctor.Finding
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&found); err != nil || code != 1 {
		t.Fatalf("got exit %d, %v, want 1 and an array\n%s", code, err, out)
	}
	for _, f := range found {
		if (f.State == doctor.Wrong) != (f.Check == "slack-channel") {
			t.Errorf("got %+v, want the channel alone to be wrong", f)
		}
	}
}
