package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	aUser     = "slack: U01ALICE\nname: alice\nmfa_serial: GAHT12345678\ncredentials: {profile: alice}\n"
	anAgeKey  = "age1dfqsuujhw7mvd2epmqjzv3765xwfnu9wktj5mqsxdpjj39qt7v7ssmjgyq"
	anSSHKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL88ny8DQawjeG5AoQH4tLYApxc1FKtWPSq+6NyvmbaI"
	secretAge = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQ"
)

func TestParseConfigReadsAgeKeys(t *testing.T) {
	for text, want := range map[string]string{anAgeKey: anAgeKey, anSSHKey + " alice@laptop": anSSHKey, "'" + anSSHKey + "'": anSSHKey} {
		u := mustParse(t, user(aUser+"age_key: "+text+"\nsealed: required"), nil).Broker.Users.Find("U01ALICE")
		if u.AgeKey.Text != want || u.AgeKey.Fingerprint == "" || !u.SealRequired {
			t.Errorf("%s: got %+v", text, u)
		}
	}
	if a := mustParse(t, account("name: hub\nsealed: required"), nil).Broker.Accounts.Find("hub"); !a.SealRequired {
		t.Errorf("got %+v, want sealed delivery required", a)
	}
}

func TestParseConfigRefusesWrongSealing(t *testing.T) {
	tests := []problemTest{
		{"private key", user(aUser + "age_key: " + secretAge), nil, []string{"8:12 age_key: That is a private key, or a part of one. Treat it as leaked"}},
		{"PEM", user(aUser + "age_key: '-----BEGIN OPENSSH PRIVATE KEY-----'"), nil, []string{"8:12 Treat it as leaked"}},
		{"no key", user(aUser + "age_key: alice"), nil, []string{"8:12 not a public key"}},
		{"cut key", user(aUser + "age_key: " + anAgeKey[:50]), nil, []string{"8:12 not whole"}},
		{"other type", user(aUser + "age_key: ssh-dss AAAA"), nil, []string{"8:12 age takes ssh-ed25519 and ssh-rsa"}},
		{"list of keys", user(aUser + "age_key: [" + anAgeKey + "]"), nil, []string{"8:12 must be text, not a list"}},
		{"sealed by another word", user(aUser + "sealed: always"), nil, []string{`8:11 sealed is "always": write required`}},
		{"sealed true", account("name: hub\nsealed: true"), nil, []string{"5:11 write sealed: required"}},
		{"age_key of an account", account("name: hub\nage_key: " + anAgeKey), nil, []string{`5:3 unknown key "age_key"`}},
	}
	runProblemTests(t, tests)
	for _, test := range tests {
		if _, err := parse(test.text, nil); err != nil && strings.Contains(err.Error(), "QQQQ") {
			t.Errorf("%s: got %v, which repeats the key", test.name, err)
		}
	}
}

func TestParseConfigWarnsOfSealingThatLeavesNothing(t *testing.T) {
	text := goodSlack + `users:
- {slack: U01ALICE, name: alice, mfa_serial: GAHT12345678, credentials: {env: A}, age_key: ` + anAgeKey + `, sealed: required}
- {slack: U02BOB, name: bob, mfa_serial: GAHT12345679, credentials: {env: B}, sealed: required}
- {slack: U03CAROL, name: carol, mfa_serial: GAHT12345670, credentials: {env: C}}
accounts:
- {name: a, sealed: required, allow: ['*']}
- {name: b, sealed: required, allow: [U01ALICE, S01ONCALL]}
`
	var got []string
	for _, w := range mustParse(t, text, nil).Warnings {
		got = append(got, w.String())
	}
	want := []string{
		"config.yaml:4:3: user bob: sealed is required and there is no age_key: nothing is ever issued to this user",
		"config.yaml:7:3: account a: sealed is required, and without an age_key nothing of it is issued to bob, carol",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}
