package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseConfigReadsMFASession(t *testing.T) {
	for written, want := range map[string]time.Duration{
		"": 0, "mfa_session: 0": 0, "mfa_session: 0s": 0, `mfa_session: "0"`: 0,
		"mfa_session: 15m": 15 * time.Minute, "mfa_session: 8h": 8 * time.Hour, "mfa_session: 36h": 36 * time.Hour,
	} {
		if got := mustParse(t, account(roleAccount)+written+"\n", nil).Broker.MFASession; got != want {
			t.Errorf("%q: got %s, want %s", written, got, want)
		}
	}
}

func TestParseConfigRefusesWrongMFASession(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	runProblemTests(t, []problemTest{
		{"too short", rest + "mfa_session: 14m59s\n", nil, []string{"4:14 GetSessionToken takes 15m to 36h"}},
		{"too long", rest + "mfa_session: 37h\n", nil, []string{"4:14 mfa_session is 37h"}},
		{"no unit", rest + "mfa_session: 8\n", nil, []string{"4:14 a number without a unit"}},
		{"negative", rest + "mfa_session: -8h\n", nil, []string{"4:14 one second or more"}},
		{"a word", rest + "mfa_session: off\n", nil, []string{"4:14 not a duration"}},
		{"nothing", rest + "mfa_session:\n", nil, []string{"4:13 no value"}},
	})
}

func TestParseConfigWarnsOfMFASessionsThatNobodyCanUse(t *testing.T) {
	const nobody = "mfa_session: no account may be had from an MFA session: it takes one with role_arn and mfa: session, the default"
	for keys, want := range map[string][]string{
		roleAccount + "allow: ['*']":             nil,
		roleAccount + "allow: ['*']\nmfa: fresh": {"config.yaml:8:14: " + nobody},
		"name: hub\nallow: ['*']":                {"config.yaml:6:14: " + nobody},
	} {
		var got []string
		for _, w := range mustParse(t, account(keys)+"mfa_session: 8h\n", nil).Warnings {
			got = append(got, w.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", keys, diff)
		}
	}
}
