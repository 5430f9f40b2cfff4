package config

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/policy"
)

const everyRule = `
groups: {leads: [U01ALICE, S02LEADS]}
accounts:
  - name: vault
    role_arn: arn:aws:iam::222222222222:role/Vault
    duration: {max: 4h}
    allow: [{who: [leads, U01ALICE], max: 30m}, {oncall: {group: S03PAGER}}, S01ONCALL]
    deny: [S04LEFT]
    break_glass: [leads]
    approval: {approvers: [leads, U09ERIN], count: 2, expires: 45m}
    channels: [C0OPS]
    hours: {days: [mon-thu, sat], time: 22:00-06:30, zone: Europe/Berlin}
    reason: {pattern: '^(INC|CHG)-\d+'}
  - name: hub
    allow: ["*"]
    outside_rules: accepted
    approval: {approvers: [S02LEADS]}
    hours: {days: [fri-mon], zone: UTC}
    reason: required
`

func TestParseConfigReadsRules(t *testing.T) {
	cfg := mustParse(t, goodSlack+goodUsers+everyRule, nil)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	byPointer := cmp.Options{
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == b || a != nil && b != nil && a.String() == b.String() }),
	}
	want := []policy.Rules{
		{
			Deny: []string{"S04LEFT"}, BreakGlass: []string{"leads"}, Channels: []string{"C0OPS"},
			Allow: []policy.Rule{
				{Who: []string{"leads", "U01ALICE"}, Max: 30 * time.Minute},
				{Who: []string{"S03PAGER"}, OnCall: true},
				{Who: []string{"S01ONCALL"}},
			},
			Approval: &policy.ApprovalPolicy{Approvers: []string{"leads", "U09ERIN"}, Count: 2, Expires: 45 * time.Minute},
			Hours:    &policy.Hours{Days: [7]bool{false, true, true, true, true, false, true}, From: 22 * time.Hour, To: 6*time.Hour + 30*time.Minute, Zone: berlin},
			Reason:   policy.ReasonPolicy{Required: true, Pattern: regexp.MustCompile(`^(INC|CHG)-\d+`)},
		},
		{
			Allow:    []policy.Rule{{Who: []string{"*"}}},
			Approval: &policy.ApprovalPolicy{Approvers: []string{"S02LEADS"}, Count: 1, Expires: 30 * time.Minute},
			Hours:    &policy.Hours{Days: [7]bool{true, true, false, false, false, true, true}, Zone: time.UTC},
			Reason:   policy.ReasonPolicy{Required: true},
		},
	}
	for i, name := range cfg.Broker.Accounts.Names() {
		a := cfg.Broker.Accounts.Find(name)
		if diff := cmp.Diff(want[i], a.Rules, byPointer); diff != "" {
			t.Errorf("%s (-want +got):\n%s", a.Name, diff)
		}
	}
	if diff := cmp.Diff([]string{"S01ONCALL", "S02LEADS", "S03PAGER", "S04LEFT"}, cfg.Broker.UserGroups()); diff != "" {
		t.Errorf("user groups (-want +got):\n%s", diff)
	}
	if got := cfg.Broker.Accounts.Find("vault").Hours.String(); got != "Mon, Tue, Wed, Thu, Sat 22:00–06:30 (Europe/Berlin)" {
		t.Errorf("got hours %q", got)
	}
}

func TestParseConfigRefusesWrongRules(t *testing.T) {
	runProblemTests(t, []problemTest{
		{"group that is not there", account("name: hub\nallow: [leeds]"), nil, []string{"5:11 there is no group \"leeds\" under groups"}},
		{"misspelt group", "groups: {leads: [U01ALICE]}\n" + account("name: hub\nallow: [leeds]"), nil, []string{"6:11 did you mean leads?"}},
		{"group in capitals", "groups: {Leads: [U01ALICE]}\n" + account("name: hub\nallow: ['*']"), nil, []string{"1:10 write leads"}},
		{"empty group", "groups: {leads: []}\n" + account("name: hub\nallow: [leads]"), nil, []string{"1:17 nobody is in it"}},
		{"group within a group", "groups: {leads: [U01ALICE], all: [leads]}\n" + account("name: hub\nallow: [all]"), nil, []string{"1:35 is not a user ID"}},
		{"stranger in a rule", account("name: hub\nallow: [{who: [U09ERIN], max: 30m}]"), nil, []string{"5:18 U09ERIN, who is not one of users"}},
		{"rule of nobody", account("name: hub\nallow: [{who: []}]"), nil, []string{"5:17 it allows nobody"}},
		{"rule of two kinds", account("name: hub\nallow: [{who: [U01ALICE], oncall: {group: S01}}]"), nil, []string{"5:11 either who or oncall"}},
		{"rule over the maximum", account("name: hub\nallow: [{who: [U01ALICE], max: 2h}]"), nil, []string{"5:34 max is 2h"}},
		{"rule too short", account("name: hub\nallow: [{who: [U01ALICE], max: 5m}]"), nil, []string{"5:34 max is 5m"}},
		{"oncall without approval", account("name: hub\nallow: [{oncall: {group: S01PAGER}}]"), nil, []string{"5:10 oncall needs approval"}},
		{"oncall of a person", account("name: hub\napproval: {approvers: [S02]}\nallow: [{oncall: {group: U01ALICE}}]"), nil, []string{"6:28 is a user ID"}},
		{"break-glass without approval", account("name: hub\nbreak_glass: [U01ALICE]"), nil, []string{"5:16 break_glass needs approval"}},
		{"break-glass of a stranger", account("name: hub\nbreak_glass: [U09ERIN]\napproval: {approvers: [S02LEADS]}"),
			nil, []string{"5:17 U09ERIN, who is not one of users"}},
		{"approval by everybody", account("name: hub\napproval: {approvers: ['*']}"), nil, []string{`5:26 "*" is not taken here`}},
		{"approval by nobody", account("name: hub\napproval: {approvers: []}"), nil, []string{"5:25 nobody could approve"}},
		{"more approvals than approvers", account("name: hub\napproval: {approvers: [U01ALICE, U02BOB], count: 3}"),
			nil, []string{"5:52 count is 3, and approvers are 2"}},
		{"no approvals", account("name: hub\napproval: {approvers: [S02], count: 0}"), nil, []string{"5:39 count is 0"}},
		{"waits too long", account("name: hub\napproval: {approvers: [S02LEADS], expires: 48h}"), nil, []string{"5:46 expires is 48h"}},
		{"no approvers", account("name: hub\napproval: {count: 1}"), nil, []string{"5:13 approvers is missing"}},
		{"display name of a channel", account("name: hub\nchannels: ['#ops']"), nil, []string{"5:14 is a display name"}},
		{"no channels", account("name: hub\nchannels: []"), nil, []string{"5:13 channels is empty: nobody could ask for it from anywhere"}},
		{"hours without a zone", account("name: hub\nhours: {days: [mon]}"), nil, []string{"5:10 zone is missing"}},
		{"hours of no zone", account("name: hub\nhours: {days: [mon], zone: CEST}"), nil, []string{"5:30 not a time zone"}},
		{"hours that say nothing", account("name: hub\nhours: {zone: UTC}"), nil, []string{"5:10 hours says nothing"}},
		{"hours of no day", account("name: hub\nhours: {days: [monday], zone: UTC}"), nil, []string{`5:18 "monday" is no day`}},
		{"hours of no time", account("name: hub\nhours: {time: '9-17', zone: UTC}"), nil, []string{`5:17 "9-17"`}},
		{"hours that are empty", account("name: hub\nhours: {time: '09:00-09:00', zone: UTC}"), nil, []string{`5:17 "09:00-09:00"`}},
		{"hour 25", account("name: hub\nhours: {time: '09:00-25:00', zone: UTC}"), nil, []string{`5:17 "09:00-25:00"`}},
		{"minute 75", account("name: hub\nhours: {time: '09:75-12:00', zone: UTC}"), nil, []string{`5:17 "09:75-12:00"`}},
		{"reason of another word", account("name: hub\nreason: optional"), nil, []string{`5:11 reason is "optional"`}},
		{"reason without a pattern", account("name: hub\nreason: {}"), nil, []string{"5:11 pattern is missing"}},
		{"pattern that is none", account("name: hub\nreason: {pattern: '(INC'}"), nil, []string{"5:21 not a regular expression"}},
		{"approvals channel by name", "slack: {workspaces: [T0123], audit_channel: C0AUDIT, approvals_channel: approvals}\n" + goodUsers + goodAccount,
			nil, []string{"1:73 approvals_channel"}},
	})
}
