package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/deploy"
)

// TestTheAgesOfAccessKeysAreToldAsFarAsIAMTells: one User's key may be looked up, another's
// policy lets them see nothing, and a third has no key.
func TestTheAgesOfAccessKeysAreToldAsFarAsIAMTells(t *testing.T) {
	t.Parallel()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	const account, aliceKey, bobKey = "111111111111", "AKIAALICE00000000000", "AKIABOB0000000000000"
	made := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	aws.AddUser(awstest.User{Account: account, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: "alice-secret"})
	aws.AddUser(awstest.User{Account: account, Name: "bob", AccessKeyID: bobKey, SecretAccessKey: "bob-secret", Deny: []string{"iam:ListAccessKeys"}})
	aws.SetKeyCreated(aliceKey, made)
	env := map[string]string{
		"ALICE_AWS_ACCESS_KEY_ID": aliceKey, "ALICE_AWS_SECRET_ACCESS_KEY": "alice-secret",
		"BOB_AWS_ACCESS_KEY_ID": bobKey, "BOB_AWS_SECRET_ACCESS_KEY": "bob-secret",
	}
	users := policy.Users(
		policy.User{Slack: "U01ALICE", Name: "alice", Key: policy.KeySource{Env: "ALICE"}},
		policy.User{Slack: "U02BOB", Name: "bob", Key: policy.KeySource{Env: "BOB"}},
		policy.User{Slack: "U03CAROL", Name: "carol", Key: policy.KeySource{Env: "CAROL"}},
	)
	client := awsapi.NewAt(awsapi.Place{Endpoint: aws.URL()}, "eu-west-1", func(name string) string { return env[name] }, time.Now)
	k := newKeyAges(awsapi.NewInspector(client), nil, func() policy.List[policy.User] { return users }, slog.New(slog.DiscardHandler))
	k.pause = 0
	k.look(t.Context())
	want := []watch.Key{{User: "alice", Created: made}}
	if diff := cmp.Diff(want, k.told()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	k.keep(nil)
	if got := k.told(); len(got) != 0 {
		t.Errorf("got %v once another replica tells them, want none", got)
	}
}

// TestTheBotsIdentityTellsTheAgeWhereItReplacesKeys: users have the shipped policy, which lets them ask IAM nothing.
func TestTheBotsIdentityTellsTheAgeWhereItReplacesKeys(t *testing.T) {
	t.Parallel()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	shipped := func(name string) string {
		text, err := deploy.IAM.ReadFile("iam/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const account, aliceKey, bobKey = "111111111111", "AKIAALICE00000000000", "AKIABOB0000000000000"
	made := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	aws.AddUser(awstest.User{Account: account, Name: "bot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot", Policy: shipped("rotation-policy.json")})
	for name, key := range map[string]string{"assumebot/alice": aliceKey, "bob": bobKey} { // bob is none of those whose keys it replaces
		aws.AddUser(awstest.User{Account: account, Name: name, AccessKeyID: key, SecretAccessKey: "secret", Policy: shipped("user-policy.json")})
		aws.SetKeyCreated(key, made)
	}
	env := map[string]string{
		"ALICE_AWS_ACCESS_KEY_ID": aliceKey, "ALICE_AWS_SECRET_ACCESS_KEY": "secret",
		"BOB_AWS_ACCESS_KEY_ID": bobKey, "BOB_AWS_SECRET_ACCESS_KEY": "secret",
	}
	users := policy.Users(
		policy.User{Slack: "U01ALICE", Name: "alice", Key: policy.KeySource{Env: "ALICE"}},
		policy.User{Slack: "U02BOB", Name: "bob", Key: policy.KeySource{Env: "BOB"}},
	)
	place := awsapi.Place{Endpoint: aws.URL(), Key: secret.Credentials{AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: secret.New("bot")}}
	client := awsapi.NewAt(place, "eu-west-1", func(name string) string { return env[name] }, time.Now)
	k := newKeyAges(awsapi.NewInspector(client), nil, func() policy.List[policy.User] { return users }, slog.New(slog.DiscardHandler))
	k.pause = 0
	k.look(t.Context())
	if diff := cmp.Diff([]watch.Key{{User: "alice", Created: made}}, k.told()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}
