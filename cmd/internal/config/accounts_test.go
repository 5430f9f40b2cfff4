package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseConfigRefusesWrongAccounts(t *testing.T) {
	runProblemTests(t, []problemTest{
		{"no name", account("mfa: fresh"), nil, []string{"4:3 name is missing"}},
		{"capitals", account("name: PROD"), nil, []string{"4:9 write prod"}},
		{"digits", account("name: '123456'"), nil, []string{"4:9 read as an MFA code"}},
		{"word of the grammar", account("name: help"), nil, []string{"4:9 a word of the commands"}},
		{"the same twice", goodSlack + goodUsers + "accounts:\n- name: hub\n- name: hub\n", nil, []string{"5:9 already on line 4"}},
		{"malformed role", account("name: prod\nrole_arn: arn:aws:iam::2222:role/x"), nil, []string{"5:13 not a role ARN"}},
		{"user for a role", account("name: prod\nrole_arn: arn:aws:iam::222222222222:user/x"), nil, []string{"5:13 not a role ARN"}},
		{"malformed external ID", account(roleAccount + "external_id: a b"), nil, []string{"6:16 external ID is 2 to 1224"}},
		{"zone for a region", account("name: hub\nregion: eu-west-1a"), nil, []string{"5:11 not a region's code"}},
		{"mfa of another word", account("name: hub\nmfa: always"), nil, []string{"5:8 write session (the default), fresh"}},
		{"mfa off", account("name: hub\nmfa: false"), nil, []string{"5:8 mfa is false: write mfa: none"}},
		{"too short", account(roleAccount + "duration: {default: 14m59s}"), nil, []string{"6:23 AssumeRole takes 15m to 12h"}},
		{"too long with a role", account(roleAccount + "duration: {max: 13h}"), nil, []string{"6:19 AssumeRole takes 15m to 12h"}},
		{"too long without", account("name: hub\nduration: {max: 37h}"), nil, []string{"5:19 GetSessionToken takes 15m to 36h"}},
		{"default over maximum", account(roleAccount + "duration: {default: 2h, max: 1h}"), nil, []string{"6:23 more than duration.max, 1h"}},
		{"misspelled duration key", account(roleAccount + "duration: {maximum: 1h}"), nil, []string{"6:14 did you mean max?"}},
		{"role's keys without a role", account("name: hub\nexternal_id: abc\nsession_policy: p.json\npolicy_arns: []\ntags: {a: b}\nsource_identity: true"), nil,
			[]string{"5:16 needs role_arn", "6:19 needs role_arn", "7:16 needs role_arn", "8:9 needs role_arn", "9:20 needs role_arn"}},
		{"later keys", account("name: hub\nquorum: {}"), nil, []string{`5:3 unknown key "quorum"`}},
	})
}

func TestParseConfigRefusesAllowThatNamesNobody(t *testing.T) {
	runProblemTests(t, []problemTest{
		{"display name", account("name: hub\nallow: ['@oncall']"), nil, []string{"5:11 Copy group ID"}},
		{"channel", account("name: hub\nallow: [C0AUDIT]"), nil, []string{"5:11 is a channel ID"}},
		{"who is not a user", account("name: hub\nallow: [U01ALICE, U09ERIN]"), nil, []string{"5:21 U09ERIN, who is not one of users"}},
		{"the same twice", account("name: hub\nallow: [S01ONCALL, S01ONCALL]"), nil, []string{"5:22 already in allow"}},
		{"not a list", account("name: hub\nallow: S01ONCALL"), nil, []string{"5:10 must be a list"}},
		{"nothing", account("name: hub\nallow: [~]"), nil, []string{"5:11 no value"}},
	})
}

func TestParseConfigRefusesWrongSessions(t *testing.T) {
	manyTags := "tags: {"
	for i := range 51 {
		manyTags += fmt.Sprintf("t%d: x, ", i)
	}
	manyTags += "}"
	const managed = "arn:aws:iam::aws:policy/"
	manyARNs := "policy_arns: ["
	for i := range 11 {
		manyARNs += fmt.Sprintf("%q, ", managed+fmt.Sprint(i))
	}
	manyARNs += "]"
	// 2,048 characters come from the policy alone; the ARN is one too many.
	fits := files{"p.json": `{ "Statement": [ "` + strings.Repeat("x", 2048-len(`{"Statement":[""]}`)) + "\" ] }\n"}
	mustParse(t, account(roleAccount+"session_policy: p.json"), fits)
	policy := account(roleAccount + "session_policy: p.json")
	runProblemTests(t, []problemTest{
		{"too many tags", account(roleAccount + manyTags), nil, []string{"6:9 51 entries: AWS takes 50"}},
		{"reserved tag", account(roleAccount + "tags: {AWS:x: y}"), nil, []string{"6:10 aws: is reserved"}},
		{"tags that differ in case", account(roleAccount + "tags: {team: a, Team: b}"), nil, []string{"6:19 in case alone"}},
		{"long tag", account(roleAccount + "tags:\n  ? " + strings.Repeat("k", 129) + "\n  : " + strings.Repeat("v", 257)),
			nil, []string{"7:7 AWS takes 128", "8:7 AWS takes 256"}},
		{"tag with other characters", account(roleAccount + "tags: {a*: b, c: 'd;'}"), nil, []string{"6:10 remove the rest", "6:20 remove the rest"}},
		{"empty tag key", account(roleAccount + "tags: {'': b}"), nil, []string{"6:10 needs a character"}},
		{"number in a tag", account(roleAccount + "tags: {cost: 12}"), nil, []string{"6:16 put it in quotes"}},
		{"too many policies", account(roleAccount + manyARNs), nil, []string{"6:16 11 entries: AWS takes 10"}},
		{"malformed policy ARN", account(roleAccount + "policy_arns: [ReadOnlyAccess]"), nil, []string{"6:17 not a managed policy ARN"}},
		{"absent policy", policy, nil, []string{"6:19 file does not exist: the path is relative"}},
		{"policy that is not JSON", policy, files{"p.json": "{\n\"Statement\": [],\n}"}, []string{"6:19 not JSON, at line 3"}},
		{"policy that is a list", policy, files{"p.json": "[]"}, []string{"6:19 not a JSON object"}},
		{"policy of null", policy, files{"p.json": "null"}, []string{"6:19 no Statement"}},
		{"policy without statement", policy, files{"p.json": `{"Version": "2012-10-17"}`}, []string{"6:19 no Statement"}},
		{"policy with other letters", policy, files{"p.json": `{"Statement": "→"}`}, []string{"6:19 beyond U+00FF"}},
		{"large policy file", policy, files{"p.json": strings.Repeat(" ", maxPolicyBytes+1)}, []string{"6:19 is this the policy?"}},
		{"policies too long together", policy + "  policy_arns: ['" + managed + "x']\n", fits, []string{"6:19 come to 2073 characters: AWS takes 2048"}},
	})
}

func TestParseConfigRefusesMixedPartitions(t *testing.T) {
	runProblemTests(t, []problemTest{
		{"role", account("name: prod\nrole_arn: arn:aws-cn:iam::222222222222:role/x\nregion: eu-west-1"), nil,
			[]string{"5:13 role_arn is in the partition aws-cn, and most of this file in aws"}},
		{"region", account(roleAccount + "region: us-gov-west-1"), nil, []string{"6:11 region us-gov-west-1 is in the partition aws-us-gov"}},
		{"serial", strings.Replace(account(roleAccount+"region: eu-west-1"), "arn:aws:iam::111111111111:mfa", "arn:aws-us-gov:iam::111111111111:mfa", 1), nil,
			[]string{"2:52 mfa_serial is in the partition aws-us-gov"}},
		{"policy", account(roleAccount + "policy_arns: ['arn:aws-cn:iam::aws:policy/x']"), nil, []string{"6:17 partition aws-cn"}},
	})
	mustParse(t, account("name: hub\nregion: eusc-de-east-1")[:len(goodSlack)]+strings.Replace(account("name: hub\nregion: eusc-de-east-1")[len(goodSlack):],
		"arn:aws:", "arn:aws-eusc:", 1), nil)
}
