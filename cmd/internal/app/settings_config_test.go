package app

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

func TestCheckConfigComparesRegionWithRolesAndDevices(t *testing.T) {
	var role, device config.Config
	role.Broker.Accounts = policy.Accounts(policy.Account{Name: "hub"}, policy.Account{Name: "prod", RoleARN: "arn:aws-cn:iam::222222222222:role/x"})
	device.Broker.Users = policy.Users(policy.User{Slack: "U02BOB", MFASerial: "GAHT12345678"},
		policy.User{Slack: "U01ALICE", Name: "alice", MFASerial: "arn:aws-cn:iam::111111111111:mfa/alice"})
	for want, cfg := range map[string]config.Config{"role of account prod": role, "MFA device of alice": device} {
		if err := embeddedIn("eu-west-1").CheckConfig(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error: got %v, want one with %q", err, want)
		}
		if err := embeddedIn("cn-north-1").CheckConfig(cfg); err != nil {
			t.Errorf("same partition: %v", err)
		}
	}
}

func embeddedIn(region string) Settings {
	return Settings{RedisURL: secret.New(Embedded), AWSRegion: region}
}

func TestTheRecordHasOneName(t *testing.T) {
	s, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]string{
		"": "", "example.com/assumebot": "",
		"example.com/other": "record.origin is example.com/other, and ASSUMEBOT_RECORD_KEY is of the record example.com/assumebot: set both to the same",
	} {
		err := s.CheckConfig(config.Config{Record: config.Record{Origin: origin, Archive: "s3://bucket", Replicas: 1}})
		if got := errorText(err); got != want {
			t.Errorf("%q: got %q, want %q", origin, got, want)
		}
	}
	s.RecordKeys = nil
	if err := s.CheckConfig(config.Config{}); err == nil || !strings.Contains(err.Error(), "ASSUMEBOT_RECORD_KEY: the record has no key") {
		t.Errorf("without a key: got %v", err)
	}
}

func TestEmbeddedKeepsNoRecordOutsideOfItself(t *testing.T) {
	for want, r := range map[string]config.Record{
		"": {Origin: "embedded"},
		"record.origin is x, and with REDIS_URL=embedded the record is called embedded: remove record.origin":                                       {Origin: "x"},
		"record.archive is set, and with REDIS_URL=embedded each start begins another record, which one archive cannot keep: remove record.archive": {Archive: "/x"},
		"record.witnesses is set, and with REDIS_URL=embedded each start begins another record with another key, which no witness knows: " +
			"remove record.witnesses": {Witnesses: []config.Witness{{}}},
		"record.replicas is 1, and REDIS_URL=embedded has none: remove record.replicas": {Replicas: 1},
	} {
		if got := errorText(embeddedIn("eu-west-1").CheckConfig(config.Config{Record: r})); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
