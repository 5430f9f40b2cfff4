package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A problemTest is a file and what is wrong with it: each want is the position
// and a part of the message, in order, and there is nothing else.
type problemTest struct {
	name  string
	text  string
	dir   files
	wants []string
}

func runProblemTests(t *testing.T, tests []problemTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := parse(test.text, test.dir)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error: got %v and %+v, want Problems", err, cfg)
			}
			for i, want := range test.wants {
				place, part, _ := strings.Cut(want, " ")
				if i >= len(problems) || fmt.Sprintf("%d:%d", problems[i].Line, problems[i].Column) != place || !strings.Contains(problems[i].Message, part) {
					t.Errorf("problem %d: want %s\ngot all:\n%v", i, want, problems)
				}
			}
			if len(problems) != len(test.wants) {
				t.Errorf("problems: got %d, want %d:\n%v", len(problems), len(test.wants), problems)
			}
		})
	}
}

func TestParseConfigRefusesWhatIsNotOneStrictDocument(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	runProblemTests(t, []problemTest{
		{"empty", "", nil, []string{"1:1 file is empty"}},
		{"only a comment", "# nothing\n", nil, []string{"1:1 file is empty"}},
		{"a list", "- a\n", nil, []string{"1:1 must be a map"}},
		{"not UTF-8", rest + "# caf\xe9\n", nil, []string{"4:6 not UTF-8"}},
		{"UTF-16", "\xff\xfes\x00", nil, []string{"1:1 not UTF-8"}},
		{"control character", "a: 1\r\nb: \x00\r\n", nil, []string{"2:4 control character U+0000"}},
		{"two documents", rest + "---\na: 1\n", nil, []string{"4:1 second YAML document"}},
		{"syntax", "a: 1\nb: 2\n- c\n", nil, []string{"3:1 not valid YAML"}},
		{"bare star", rest + "x: [*]\n", nil, []string{`4:1 write "*" in quotes`}},
		{"tab", "slack:\n\tworkspaces: []\n", nil, []string{"2:1 begins with a tab"}},
		{"tab before a key of the file", goodSlack + "users:\n  - slack: U01ALICE\n    name: alice\n\taccounts:\n", nil,
			[]string{"5:1 begins with a tab, which YAML does not take; accounts is a key of the file itself: begin its line at the left edge"}},
		{"unknown anchor", rest + "contact: *star\n", nil, []string{"4:10 write the value out"}},
		{"anchor and alias", goodSlack + "users: &u " + goodUsers[7:] + "accounts: *u\n", nil,
			[]string{"2:8 anchor &u", "3:11 alias *u"}},
		{"merge key", rest + "<<: {a: 1}\n", nil, []string{"4:1 merge key"}},
		{"tag", rest + "contact: !!str 5\n", nil, []string{"4:10 tag !!str"}},
		{"unknown key", rest + "mfa_sessions: 8h\n", nil, []string{`4:1 unknown key "mfa_sessions" in the file: did you mean mfa_session?`}},
		{"misspelled key that others need", goodSlack + goodUsers + "accounts:\n- {name: hub, role_arm: x, external_id: 7f3c91d2, allow: ['*']}\n", nil,
			[]string{"4:15 did you mean role_arn?"}},
		{"misspelled key", rest + "Reveal-Windw: 5m\n", nil, []string{"4:1 did you mean reveal_window?"}},
		{"secret as a key", rest + "redis_url: redis://x\n", nil, []string{"4:1 secrets do not belong in this file"}},
		{"duplicate key", rest + goodSlack, nil, []string{`4:1 "slack" is already on line 1`}},
		{"key that is a list", rest + "[a, b]: 1\n", nil, []string{"4:1 a key must be a word, not a list"}},
		{"nothing in it", "contact: x\n", nil, []string{"1:1 slack is missing", "1:1 users is missing", "1:1 accounts is missing"}},
		{"sections without values", "slack:\nusers:\naccounts:\n", nil, []string{"1:7 slack has no value", "2:7 users has no value", "3:10 accounts has no value"}},
		{"sections of the wrong kind", "slack: [a]\nusers: {a: b}\naccounts: text\n", nil,
			[]string{"1:8 slack must be a map", "2:8 users must be a list", "3:11 accounts must be a list"}},
		{"entries of the wrong kind", goodSlack + "users: [alice]\naccounts: [[]]\n",
			nil, []string{"2:9 this user must be a map", "3:12 this account must be a map"}},
		{"no users or accounts", goodSlack + "users: []\naccounts: []\n",
			nil, []string{"2:8 nobody could use the bot", "3:11 accounts is empty: nobody could have anything"}},
	})
}

func TestParseConfigRefusesScalarsOfTheWrongType(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	runProblemTests(t, []problemTest{
		{"number for text", account("name: prod\nrole_arn: arn:aws:iam::222222222222:role/x\nexternal_id: 0123"), nil, []string{`6:16 put it in quotes, "0123"`}},
		{"date for text", rest + "contact: 2020-01-01\n", nil, []string{"4:10 YAML reads this as a date"}},
		{"list for text", rest + "contact: [a]\n", nil, []string{"4:10 contact must be text, not a list"}},
		{"comment for text", rest + "contact: #help-aws\n", nil, []string{"4:9 is a comment unless it is in quotes"}},
		{"empty text", rest + "contact: \"\"\n", nil, []string{"4:10 contact is empty"}},
		{"two lines", rest + "contact: \"a\\nb\"\n", nil, []string{"4:10 one line"}},
		{"space around", rest + "contact: \" a\"\n", nil, []string{"4:10 white space"}},
		{"long contact", rest + "contact: " + strings.Repeat("x", 201) + "\n", nil, []string{"4:10 contact has 201 characters"}},
		{"text for a switch", account(roleAccount + "source_identity: yes"), nil, []string{"6:20 must be true or false"}},
		{"number for a duration", rest + "reveal_window: 600\n", nil, []string{"4:16 600s are 10m; write that"}},
		{"days", rest + "reveal_window: 1d\n", nil, []string{"4:16 write 24h"}},
		{"fraction of a second", rest + "reveal_window: 90500ms\n", nil, []string{"4:16 whole seconds"}},
		{"negative duration", rest + "reveal_window: -5m\n", nil, []string{"4:16 one second or more"}},
		{"list for a duration", rest + "reveal_window: [5m]\n", nil, []string{"4:16 must be a duration"}},
		{"window too short", rest + "reveal_window: 59s\n", nil, []string{"4:16 between 1m and 1h"}},
		{"window too long", rest + "reveal_window: 61m\n", nil, []string{"4:16 between 1m and 1h"}},
		{"duration for an account", account("name: hub\nduration: 2h"), nil, []string{"5:13 write duration: {default: 2h, max: 2h}"}},
	})
}

func TestParseConfigRefusesWrongSlackSettings(t *testing.T) {
	rest := goodUsers + goodAccount
	in := func(slack string) string { return "slack: " + slack + "\n" + rest }
	runProblemTests(t, []problemTest{
		{"nothing in it", in("{}"), nil, []string{"1:8 workspaces is missing", "1:8 audit_channel is missing"}},
		{"no workspaces", in("{workspaces: [], audit_channel: C0AUDIT}"), nil, []string{"1:21 nobody could speak"}},
		{"workspace's name", in("{workspaces: [acme], audit_channel: C0AUDIT}"), nil, []string{"1:22 not a workspace ID (T…)"}},
		{"same workspace twice", in("{workspaces: [T0123, T0123], audit_channel: C0AUDIT}"), nil, []string{"1:29 already in workspaces"}},
		{"channel's name", in("{workspaces: [T0123], audit_channel: '#audit'}"), nil, []string{"1:45 bottom of About"}},
		{"user for a channel", in("{workspaces: [T0123], audit_channel: U01ALICE}"), nil, []string{`1:45 "U01ALICE" is a user ID; a channel ID`}},
		{"prefix with a slash", in("{workspaces: [T0123], audit_channel: C0AUDIT, command_prefix: /aws}"), nil, []string{"1:70 without the slash"}},
		{"too many sockets", in("{workspaces: [T0123], audit_channel: C0AUDIT, connections: 10}"), nil, []string{"1:67 write 1 to 9"}},
		{"no sockets", in("{workspaces: [T0123], audit_channel: C0AUDIT, connections: 0}"), nil, []string{"1:67 write 1 to 9"}},
		{"no replicas", in("{workspaces: [T0123], audit_channel: C0AUDIT, replicas: 0}"), nil, []string{"1:64 write 1 to 5"}},
		{"too many replicas", in("{workspaces: [T0123], audit_channel: C0AUDIT, replicas: 6}"), nil, []string{"1:64 write 1 to 5"}},
		{"replicas times sockets", in("{workspaces: [T0123], audit_channel: C0AUDIT, replicas: 3, connections: 3}"), nil,
			[]string{"1:64 3 × (3 + 1) = 12; lower connections to 2, or replicas to 2"}},
		{"replicas times two", in("{workspaces: [T0123], audit_channel: C0AUDIT, replicas: 4}"), nil,
			[]string{"1:64 4 × (2 + 1) = 12; lower connections to 1, or replicas to 3"}},
		{"half a socket", in("{workspaces: [T0123], audit_channel: C0AUDIT, connections: 1.5}"), nil, []string{"1:67 whole number"}},
		{"more sockets than numbers", in("{workspaces: [T0123], audit_channel: C0AUDIT, connections: 99999999999999999999}"), nil, []string{"1:67 whole number"}},
	})
}

func TestParseConfigRefusesWrongUsers(t *testing.T) {
	const device = "mfa_serial: GAHT12345678\n"
	const key = "credentials: {profile: alice}\n"
	runProblemTests(t, []problemTest{
		{"nothing but a device", user(device), nil, []string{"4:3 slack is missing", "4:3 name is missing", "4:3 credentials is missing"}},
		{"display name", user("slack: '@alice'\nname: alice\n" + device + key), nil, []string{"4:10 Copy member ID"}},
		{"group for a user", user("slack: S01ONCALL\nname: alice\n" + device + key), nil, []string{"4:10 is a user group ID; a user ID"}},
		{"lower case ID", user("slack: u01alice\nname: alice\n" + device + key), nil, []string{"4:10 in capitals: write U01ALICE"}},
		{"name that would be cut", user("slack: U01ALICE\nname: " + strings.Repeat("x", 65) + "\n" + device + key), nil, []string{"5:9 it is never cut"}},
		{"name of nothing", user("slack: U01ALICE\nname: '!!'\n" + device + key), nil, []string{"5:9 at least two letters"}},
		{"no device", user("slack: U01ALICE\nname: alice\n" + key), nil, []string{"4:3 mfa_serial is missing"}},
		{"malformed device", user("slack: U01ALICE\nname: alice\nmfa_serial: arn:aws:iam::1:mfa/a\n" + key), nil, []string{"6:15 not an MFA device ARN"}},
		{"security key", user("slack: U01ALICE\nname: alice\nmfa_serial: arn:aws:iam::111111111111:u2f/user/a/b\n" + key), nil, []string{"6:15 FIDO"}},
		{"two sources", user("slack: U01ALICE\nname: alice\n" + device + "credentials: {profile: a, env: A}"), nil, []string{"7:16 2 sources"}},
		{"no source", user("slack: U01ALICE\nname: alice\n" + device + "credentials: {}"), nil, []string{"7:16 0 sources"}},
		{"default off", user("slack: U01ALICE\nname: alice\n" + device + "credentials: {default: false}"), nil, []string{"7:26 names no source"}},
		{"key in the file", user("slack: U01ALICE\nname: alice\n" + device + "credentials: {profile: AKIAIOSFODNN7EXAMPLE}"),
			nil, []string{"7:26 looks like an access key ID"}},
		{"env in small letters", user("slack: U01ALICE\nname: alice\n" + device + "credentials: {env: alice}"), nil, []string{"7:22 prefix in capitals"}},
		{"whole variable", user("slack: U01ALICE\nname: alice\n" + device + "credentials: {env: ALICE_AWS_ACCESS_KEY_ID}"),
			nil, []string{`7:22 write "ALICE" alone`}},
		{"secret with a space", user("slack: U01ALICE\nname: alice\n" + device + "credentials: {secret: a b}"), nil, []string{"7:25 Secrets Manager"}},
	})
}

func TestParseConfigRefusesUsersThatCannotBeToldApart(t *testing.T) {
	two := func(first, second string) string {
		return goodSlack + goodAccount + "users:\n- {credentials: {profile: a}, " + first + "}\n- {credentials: {profile: b}, " + second + "}\n"
	}
	runProblemTests(t, []problemTest{
		{"one Slack ID", two("name: alice, mfa_serial: GAHT12345678, slack: U01ALICE", "name: bobby, mfa_serial: GAHT12345679, slack: U01ALICE"), nil,
			[]string{"5:77 already the user on line 4"}},
		{"one device", two("slack: U01ALICE, name: alice, mfa_serial: GAHT12345678", "slack: U02BOB, name: bob, mfa_serial: gaht12345678"), nil,
			[]string{"5:69 a device of their own"}},
		{"one session name", two("slack: U01ALICE, mfa_serial: GAHT12345678, name: Alice Jones", "slack: U02BOB, mfa_serial: GAHT12345679, name: alice/jones"), nil,
			[]string{"5:78 becomes the session name alice-jones, the same as that of \"Alice Jones\" on line 4"}},
	})
}
