package config

import (
	"errors"
	"strings"
	"testing"
)

// Each mistake is one that people make. What the message says to write, mended, is
// taken: the file that results is right.
func TestEachMessageSaysTheMendThatWorks(t *testing.T) {
	const below = "\n  " // of the account
	base := goodSlack + goodUsers + "accounts:\n- name: prod\n  role_arn: arn:aws:iam::222222222222:role/OnCall"
	for _, test := range []struct {
		name, before string
		says         []string
		after        string
	}{
		{"mfa off by YAML", below + "mfa: false", []string{"mfa: none", "no MFA at all"}, below + "mfa: none"},
		{"mfa off", below + "mfa: off", []string{"mfa: none"}, below + "mfa: none"},
		{"mfa no", below + "mfa: No", []string{"mfa: none"}, below + "mfa: none"},
		{"mfa on", below + "mfa: true", []string{"mfa: session", "mfa: fresh"}, below + "mfa: session"},
		{"mfa required", below + "mfa: required", []string{"mfa: session", "mfa: fresh"}, below + "mfa: fresh"},
		{"a word in capitals", below + "mfa: Fresh", []string{"mfa: fresh"}, below + "mfa: fresh"},
		{"sealed by YAML", below + "sealed: true", []string{"sealed: required"}, below + "sealed: required"},
		{"not sealed", below + "sealed: no", []string{"remove sealed"}, ""},
		{"reason by YAML", below + "reason: true", []string{"reason: required"}, below + "reason: required"},
		{"delivery in capitals", below + "delivery: DM", []string{"delivery: dm"}, below + "delivery: dm"},
		{"a switch in quotes", below + "source_identity: 'true'", []string{"source_identity: true"}, below + "source_identity: true"},
		{"a switch by another word", below + "source_identity: yes", []string{"source_identity: true"}, below + "source_identity: true"},
		{"a switch turned off", below + "source_identity: off", []string{"source_identity: false"}, below + "source_identity: false"},
		{"tags as text", below + "tags: [team=payments, stage=prod]", []string{"tags: {team: payments, stage: prod}"}, below + "tags: {team: payments, stage: prod}"},
		{"tags as maps", below + "tags: [{team: payments}]", []string{"tags: {team: payments}"}, below + "tags: {team: payments}"},
		{"tags as AWS has them", below + "tags: [{Key: team, Value: payments}]", []string{"tags: {team: payments}"}, below + "tags: {team: payments}"},
		{"tags on one line", below + "tags: team=payments", []string{"tags: {team: payments}"}, below + "tags: {team: payments}"},
		{"tags of something else", below + "tags: [1]", []string{"tags: {team: payments}"}, below + "tags: {team: payments}"},
		{"one for a list", below + "allow: U01ALICE", []string{"allow: [U01ALICE]"}, below + "allow: [U01ALICE]"},
		{"a list for a map", below + "approval: [S02LEADS]", []string{"approval: {approvers: [S02LEADS]}"}, below + "approval: {approvers: [S02LEADS]}"},
		{"seconds", below + "duration: {max: 7200}", []string{"7200s", "2h"}, below + "duration: {max: 2h}"},
		{"a number in quotes", "\nreveal_window: '10'", []string{"10m"}, "\nreveal_window: 10m"},
		{"minutes in words", "\nreveal_window: 10 minutes", []string{"write 10m"}, "\nreveal_window: 10m"},
		{"minutes cut", "\nreveal_window: 10min", []string{"write 10m"}, "\nreveal_window: 10m"},
		{"a day", "\nmfa_session: 1d", []string{"write 24h"}, "\nmfa_session: 24h"},
		{"one duration for two", below + "duration: 2h", []string{"duration: {default: 2h, max: 2h}"}, below + "duration: {default: 2h, max: 2h}"},
		{"region with underscores", below + "region: eu_west_1", []string{"write eu-west-1"}, below + "region: eu-west-1"},
		{"region in capitals", below + "region: EU-WEST-1", []string{"write eu-west-1"}, below + "region: eu-west-1"},
		{"availability zone", below + "region: eu-west-1a", []string{"write eu-west-1"}, below + "region: eu-west-1"},
		{"group in capitals", below + "allow: [leads]\ngroups: {Leads: [U01ALICE]}", []string{"write leads"}, below + "allow: [leads]\ngroups: {leads: [U01ALICE]}"},
		{"group named in capitals", below + "allow: [Leads]\ngroups: {leads: [U01ALICE]}",
			[]string{"write leads"}, below + "allow: [leads]\ngroups: {leads: [U01ALICE]}"},
		{"a key of an account at the edge", "\nmfa: fresh", []string{"a key of an entry of accounts", "indent"}, below + "mfa: fresh"},
		{"a key of the file in an account", below + "contact: a", []string{"a key of the file itself", "left edge"}, "\ncontact: a"},
		{"one space too few", "\n mfa: fresh", []string{"indented by 1", "by 2"}, below + "mfa: fresh"},
		{"one space too many", "\n   mfa: fresh", []string{"indented by 3", "by 2"}, below + "mfa: fresh"},
		{"a tab", "\n\tmfa: fresh", []string{"a tab", "by 2 spaces"}, below + "mfa: fresh"},
		{"no space after a colon", "\nmfa_session:8h", []string{"mfa_session: 8h"}, "\nmfa_session: 8h"},
		{"users by name", "\nadmins: {alice: U01ALICE}", []string{"admins: [U0ADMIN, S0PLATFORM]"}, "\nadmins: [U0ADMIN, S0PLATFORM]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(base+test.before+"\n", nil)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error: got %v, want Problems", err)
			}
			for _, part := range test.says {
				if !strings.Contains(problems[0].Message, part) {
					t.Errorf("message: got %s\nwant %s in it", problems[0], part)
				}
			}
			if len(problems) > 1 {
				t.Errorf("problems: got %d, want 1:\n%v", len(problems), problems)
			}
			if _, err := parse(base+test.after+"\n", nil); err != nil {
				t.Errorf("mended: %v", err)
			}
		})
	}
}

// A secret in the file is told where it goes, by its name there, and is never repeated.
func TestSecretsAreSentToTheEnvironment(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	for key, variable := range map[string]string{
		"slack_app_token": "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN": "SLACK_BOT_TOKEN", "slackBotToken": "SLACK_BOT_TOKEN", "app-token": "SLACK_APP_TOKEN",
		"token":     "SLACK_BOT_TOKEN",
		"redis_url": "REDIS_URL", "redis": "REDIS_URL", "seal_keys": "ASSUMEBOT_SEAL_KEYS", "ASSUMEBOT_RECORD_KEY": "ASSUMEBOT_RECORD_KEY",
		"aws_secret_access_key": "credentials", "access_key_id": "credentials", "password": "environment", "signing_secret": "environment",
	} {
		_, err := parse(rest+key+": CANARY\n", nil)
		if err == nil || !strings.Contains(err.Error(), "secrets do not belong in this file") || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s: got %v, want %s named", key, err, variable)
		}
	}
	for _, token := range []string{"xoxb-CANARY", "xapp-1-CANARY", "xoxp-CANARY"} {
		for _, text := range []string{rest + "contact: " + token + "\n", "slack: {workspaces: [" + token + "], audit_channel: C0AUDIT}\n" + goodUsers + goodAccount} {
			_, err := parse(text, nil)
			if err == nil || !strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("got %v, want a token that is refused and not repeated", err)
			}
		}
	}
}

func TestAnUnknownRegionIsAWarningThatNamesTheNearOne(t *testing.T) {
	for region, want := range map[string]string{
		"eu-wset-1": "did you mean eu-west-1?", "us-east-11": "did you mean us-east-1?", "ap-southeast-9": "did you mean ap-southeast-",
		"xx-nowhere-1": "is not one that this version knows",
	} {
		cfg := mustParse(t, account(roleAccount+"region: "+region+"\nallow: ['*']"), nil)
		if got := cfg.Warnings.Lines(); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: got %q, want one warning with %q", region, got, want)
		}
	}
	for _, region := range []string{"eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"} {
		if near, known := NearRegion(region); !known || near != region {
			t.Errorf("%s: got %q, %t, want it known", region, near, known)
		}
	}
}

func TestAnExternalIDThatWasCopiedFromTheExampleIsAWarning(t *testing.T) {
	cfg := mustParse(t, account(roleAccount+"external_id: replace-with-a-random-one\nallow: ['*']"), nil)
	if got := cfg.Warnings.Lines(); len(got) != 1 || !strings.Contains(got[0], "external_id is the example's") {
		t.Errorf("got %q, want one warning of external_id", got)
	}
}

func TestWindowsFilesAreTakenAndTheirSlipsPlaced(t *testing.T) {
	text := strings.ReplaceAll("\ufeff"+goodSlack+goodUsers+"accounts:\n- name: hub\n   mfa: fresh\n", "\n", "\r\n")
	_, err := parse(text, nil)
	if err == nil || !strings.Contains(err.Error(), "config.yaml:5:1: ") || !strings.Contains(err.Error(), "indented by 3") {
		t.Errorf("got %v, want the slip on line 5", err)
	}
}
