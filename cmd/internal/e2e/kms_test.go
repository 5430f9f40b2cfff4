package e2e

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store/storetest"
)

const recordName = "example.com/assumebot"

var kmsKey = awstest.KMSKey{Account: "111111111111", Region: "eu-west-1", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Alias: "alias/assumebot"}

// wrapper wraps by a key of KMS, with the identity of an operator.
func (w *world) wrapper(t *testing.T) *app.Wrapper {
	t.Helper()
	w.aws.AddKMSKey(kmsKey)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": w.place, "AWS_ACCESS_KEY_ID": botKeyID, "AWS_SECRET_ACCESS_KEY": botSecret, "AWS_REGION": "eu-west-1",
	} {
		t.Setenv(name, value)
	}
	by, err := app.OpenWrapper(t.Context(), "awskms:///alias/assumebot", os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// botMayOnlyOpen gives the bot the shipped policies and nothing else.
func (w *world) botMayOnlyOpen(t *testing.T) {
	t.Helper()
	policy := func(name string) string {
		text, err := os.ReadFile("../../../deploy/iam/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	secrets := strings.Split(policy("bot-policy.json"), `"Statement": [`)[1]
	both := strings.Replace(policy("keys-policy.json"), `"Statement": [`, `"Statement": [`+secrets[:strings.LastIndex(secrets, "]")]+",", 1)
	w.aws.AddUser(awstest.User{Account: "111111111111", Name: "assumebot", AccessKeyID: botKeyID, SecretAccessKey: botSecret, Policy: both})
}

// inFiles are the settings of a bot whose keys stand in files.
func (w *world) inFiles(t *testing.T, url, seal, record string) app.Settings {
	t.Helper()
	w.writesKeys(t, "seal_keys", seal)
	w.writesKeys(t, "record_key", record)
	w.env["ASSUMEBOT_SEAL_KEYS_FILE"] = filepath.Join(w.dir, "seal_keys")
	settings := map[string]string{
		"SLACK_APP_TOKEN": w.slack.AppToken(), "SLACK_BOT_TOKEN": w.slack.BotToken(), "SLACK_API_URL": w.slack.APIURL(), "REDIS_URL": url,
		"AWS_REGION": "eu-west-1", "ASSUMEBOT_SEAL_KEYS_FILE": filepath.Join(w.dir, "seal_keys"), "ASSUMEBOT_RECORD_KEY_FILE": filepath.Join(w.dir, "record_key"),
	}
	s, err := app.ReadSettings(func(name string) string { return settings[name] })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) writesKeys(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestABotWhoseKeysKMSHasWrapped serves, has its seal keys changed without a restart, and keeps what was sealed before,
// also by a key that was removed too early.
// The clear keys are in no log and nowhere in Redis.
func TestABotWhoseKeysKMSHasWrapped(t *testing.T) {
	w := newSessionWorld(t)
	by := w.wrapper(t)
	clearFirst, clearSecond := app.NewSealKey(), app.NewSealKey()
	lines, err := by.SealKeys(t.Context(), clearFirst.Reveal()+"\n"+clearSecond.Reveal(), recordName)
	if err != nil {
		t.Fatal(err)
	}
	record, err := by.RecordKey(t.Context(), secret.New(recordKey))
	if err != nil {
		t.Fatal(err)
	}
	w.botMayOnlyOpen(t)
	url := storetest.RealRedis(t)
	r := w.run(sessionConfig, w.inFiles(t, url, lines[0], record))
	wantText(t, w.says("U01ALICE", "/mfa", w.alice.Code()), "Your MFA session runs until") // sealed by the first

	for i, ring := range []string{lines[0] + "\n" + lines[1], lines[1] + "\n" + lines[0], lines[1]} {
		w.writesKeys(t, "seal_keys", ring)
		asked := time.Now()
		for strings.Count(w.logs.String(), "seal keys read from their file") <= i {
			if time.Since(asked) > patience {
				t.Fatalf("the file is not read again: %s", w.logs.String())
			}
			r.look <- time.Now()
		}
	}
	m := w.says("U01ALICE", "/assume", "staging for 30m because INC-42") // by the MFA session that the first sealed
	wantText(t, m, "staging is yours", "AssumeRole from your MFA session, without a new code.")

	found := ""
	for key, value := range storetest.Dump(t, url) {
		found += key + " " + value + "\n"
	}
	read := strings.Split(w.logs.String(), "seal keys read from their file")
	_, newest, _ := strings.Cut(read[len(read)-1], `"newest_seal_key":"`)
	if newest, _, _ = strings.Cut(newest, `"`); len(newest) != 16 || !strings.Contains(found, newest+"=") {
		t.Errorf("nothing was written under the new key %q", newest)
	}
	for what, text := range map[string]string{"log": w.logs.String(), "Redis": found} {
		for name, key := range map[string]string{
			"first seal key": clearFirst.Reveal(), "second seal key": clearSecond.Reveal(), "record key": recordKey[len(recordKey)-43:],
		} {
			if strings.Contains(text, key) {
				t.Errorf("the %s has the %s in clear", what, name)
			}
		}
		if strings.Contains(text, "awskms://") {
			t.Errorf("the %s has a wrapped key", what)
		}
	}

	// KMS goes away: who runs goes on.
	w.aws.Inject(awstest.Fault{Action: "Decrypt", Refuse: true})
	wantText(t, w.says("U01ALICE", "/assume", "staging for 30m because INC-43"), "staging is yours")
}

func TestABotDoesNotStartWithAKeyThatKMSDoesNotOpen(t *testing.T) {
	w := newWorld(t)
	by := w.wrapper(t)
	ours, err := by.NewSealKey(t.Context(), recordName)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := by.NewSealKey(t.Context(), "example.com/other")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("config.yaml", []byte(worldConfig), nil)
	if err != nil {
		t.Fatal(err)
	}
	nothing := func() {}
	state := func(to awstest.KMSKeyState) func() { return func() { w.aws.SetKMSKeyState(kmsKey.ARN(), to) } }
	deny := func(actions ...string) func() {
		return func() {
			w.aws.AddUser(awstest.User{Account: "111111111111", Name: "assumebot", AccessKeyID: botKeyID, SecretAccessKey: botSecret, Deny: actions})
		}
	}
	for name, c := range map[string]struct {
		seal, says    string
		breaks, mends func()
	}{
		"of another bot":         {theirs, "was wrapped for the record example.com/other", nothing, nothing},
		"relabelled":             {strings.Replace(theirs, "example.com/other", recordName, 1), "KMS does not open what was wrapped", nothing, nothing},
		"with a disabled key":    {ours, "is disabled: enable it", state(awstest.KMSDisabled), state(awstest.KMSEnabled)},
		"without the permission": {ours, "allow kms:Decrypt on that key", deny("kms:Decrypt"), deny()},
	} {
		t.Run(name, func(t *testing.T) {
			c.breaks()
			defer c.mends()
			env := app.Environment{Getenv: w.getenv, AWS: w.botOnAWS(), Now: w.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
			_, err := app.New(t.Context(), cfg, w.inFiles(t, "redis://127.0.0.1:1", c.seal, recordKey), env)
			var setup *app.SetupError
			if !errors.As(err, &setup) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want that it needs a person: %q", err, c.says)
			}
		})
	}
}
