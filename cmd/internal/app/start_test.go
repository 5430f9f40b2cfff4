package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// TestWhatCannotBeRightIsRefusedBeforeAnybodyIsAsked: neither KMS nor Redis answers, and a start tells at once what a
// person must mend, all of it together.
func TestWhatCannotBeRightIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	t.Parallel()
	b := newWrapBench(t)
	right := b.wrapped(t)
	right.RedisURL = secret.New("redis://127.0.0.1:1")
	foreign := right
	foreign.SealKeys = append([]secret.Text{secret.New(sealKey("clear"))}, secret.New(b.sealKey(t, "example.com/other")))
	b.aws.Inject(awstest.Fault{Action: "Decrypt", Refuse: true})
	var role config.Config
	role.Broker.Accounts = policy.Accounts(policy.Account{Name: "prod", RoleARN: "arn:aws-cn:iam::222222222222:role/x"})
	both := role
	both.Record.Origin = "example.com/other"
	siem := config.Sink{Name: "siem", Webhook: "https://siem.example", Secret: "SIEM_KEY"}
	keeping := func(r config.Record) config.Config { return config.Config{Record: r} }
	key := secret.Credentials{AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: secret.New("bot-secret")}
	for name, c := range map[string]struct {
		s    Settings
		cfg  config.Config
		says []string
	}{
		"another partition": {right, role, []string{"the role of account prod is in aws-cn"}},
		"another record, and the former": {right, both, []string{
			"record.origin is example.com/other, and ASSUMEBOT_RECORD_KEY is of the record example.com/assumebot", "account prod",
		}},
		"a seal key of another record": {foreign, config.Config{}, []string{
			"ASSUMEBOT_SEAL_KEYS: key 2 was wrapped for the record example.com/other, and this one is " + ourOrigin,
		}},
		"a sink without its key":      {right, keeping(config.Record{Sinks: []config.Sink{siem}}), []string{"record.sinks: siem: SIEM_KEY"}},
		"no directory of the archive": {right, keeping(config.Record{Archive: t.TempDir() + "/none"}), []string{"the archive of the record", "make it"}},
	} {
		asked := len(b.aws.Calls())
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		env := Environment{
			AWS:    &awsapi.Place{Endpoint: b.aws.URL(), Key: key},
			Getenv: func(string) string { return "" },
			Now:    time.Now,
			Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		}
		_, err := New(ctx, c.cfg, c.s, env)
		cancel()
		var setup *SetupError
		if !errors.As(err, &setup) || len(b.aws.Calls()) != asked {
			t.Errorf("%s: got %v after %d calls, want what a person must mend after none", name, err, len(b.aws.Calls())-asked)
			continue
		}
		for _, want := range c.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want %q in it", name, err, want)
			}
		}
	}
}
