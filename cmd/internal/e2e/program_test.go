package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/store/storetest"
)

// The program itself, as a process of its own, and a crowd of Users for it.

// buildProgram builds it as it is released.
func buildProgram(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "assumebot")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "github.com/assumebot/assumebot/cmd/assumebot")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// program is a command of the program in the world, with the Redis at redisURL.
func (w *world) program(path, redisURL string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "SLACK_APP_TOKEN="+w.slack.AppToken(), "SLACK_BOT_TOKEN="+w.slack.BotToken(),
		"SLACK_API_URL="+w.slack.APIURL(), "REDIS_URL="+redisURL, "ASSUMEBOT_SEAL_KEYS="+storetest.KeyOne.Reveal(), "ASSUMEBOT_RECORD_KEY="+recordKey,
		"AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+w.place, "AWS_ACCESS_KEY_ID="+botKeyID, "AWS_SECRET_ACCESS_KEY="+botSecret)
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

func crowdID(i int) string   { return fmt.Sprintf("U%05d", i) }
func crowdName(i int) string { return fmt.Sprintf("user%05d", i) }

// crowd adds n Users with a device each, who may have staging, and returns the world's
// config with them.
func (w *world) crowd(n int) (devices []*awstest.Device, config string) {
	var users, members strings.Builder
	ids := []string{"U01ALICE", "U02BOB", "U03CAROL"}
	for i := range n {
		id, name := crowdID(i), crowdName(i)
		ids = append(ids, id)
		w.slack.AddUser(slacktest.User{ID: id, Name: name})
		key, secret := fmt.Sprintf("AKIAUSER%012d", i), fmt.Sprintf("secret%034d", i)
		w.aws.AddUser(awstest.User{Account: "111111111111", Name: name, AccessKeyID: key, SecretAccessKey: secret})
		devices = append(devices, w.aws.AddDevice("111111111111", name, awstest.DeviceARN("111111111111", name), []byte(name+"-seed-0123456789")))
		prefix := fmt.Sprintf("USER%d", i)
		w.env[prefix+"_AWS_ACCESS_KEY_ID"], w.env[prefix+"_AWS_SECRET_ACCESS_KEY"] = key, secret
		fmt.Fprintf(&users, "  - {slack: %s, name: %s, mfa_serial: %q, credentials: {env: %s}}\n", id, name, awstest.DeviceARN("111111111111", name), prefix)
		fmt.Fprintf(&members, ", %s", id)
	}
	w.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: ids})
	config = strings.Replace(worldConfig, "accounts:\n", users.String()+"accounts:\n", 1)
	return devices, strings.Replace(config, "[U01ALICE, U02BOB]", "[U01ALICE, U02BOB"+members.String()+"]", 1)
}
