package compare

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

const world = `slack: {workspaces: [T0123], audit_channel: C0AUDIT}
groups: {engineers: [U02BOB, S05PLATFORM]}
users:
  - {slack: U01ALICE, name: alice, mfa_serial: GAHT00000001, credentials: {env: ALICE}}
  - {slack: U02BOB, name: bob, mfa_serial: GAHT00000002, credentials: {env: BOB}}
`

const prod = world + `accounts:
  - name: prod
    role_arn: arn:aws:iam::222222222222:role/OnCall
`

// with is the config whose only account has these keys.
func with(keys string) string {
	return prod + "    " + strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n    ") + "\n"
}

func parse(t *testing.T, text string) config.Config {
	t.Helper()
	files := map[string]string{"readonly.json": `{"Statement": []}`, "a.json": `{"Statement": []}`, "b.json": `{"Statement": {}}`}
	c, err := config.Parse("c.yaml", []byte(text), func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file")
	})
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return c
}

// lines are what a reviewer reads of a Report.
func lines(r Report) []string {
	var all []string
	for _, c := range r {
		line := strings.Join(strings.Fields(fmt.Sprintf("%s %s: %s %s", c.Kind, c.Who, c.Account, c.What)), " ")
		if c.Was+c.Is != "" {
			line += fmt.Sprintf(": %q, %q", c.Was, c.Is)
		}
		for _, added := range c.Added {
			line += " +" + added
		}
		for _, removed := range c.Removed {
			line += " -" + removed
		}
		if c.Unjudged {
			line += " unjudged"
		}
		all = append(all, line)
	}
	return all
}

func TestADifferenceSaysWhoGainsAndWhoLoses(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after string
		want          []string
	}{
		{"nothing", with("allow: [U01ALICE]"), with("allow: [U01ALICE]"), nil},
		{"the same by another name", with("allow: [U02BOB, S05PLATFORM]"), with("allow: [engineers]"),
			[]string{"changes whoever has it: prod allow +engineers -S05PLATFORM -U02BOB"}},
		{"one more", with("allow: [U01ALICE]"), with("allow: [U01ALICE, U02BOB]"), []string{
			`gains bob (U02BOB): prod access: "nothing", "at once, up to 1h"`, "changes whoever has it: prod allow +U02BOB"}},
		{"everybody", with("allow: [U01ALICE]"), with(`allow: ["*"]`), []string{
			`gains every user: prod access: "nothing", "at once, up to 1h"`, "changes whoever has it: prod allow +* -U01ALICE"}},
		{"a user group", with("allow: [U01ALICE]"), with("allow: [U01ALICE, engineers]"), []string{
			`gains who is in S05PLATFORM: prod access: "nothing", "at once, up to 1h"`,
			`gains bob (U02BOB): prod access: "nothing", "at once, up to 1h"`, "changes whoever has it: prod allow +engineers"}},
		{"no longer denied", with("allow: [S01ONCALL]\ndeny: [S04LEFT, U01ALICE]"), with("allow: [S01ONCALL]"), []string{
			`gains who is in S01ONCALL and S04LEFT: prod access: "nothing", "at once, up to 1h"`,
			`gains alice (U01ALICE), if in S01ONCALL: prod access: "nothing", "at once, up to 1h"`,
			"gains whoever has it: prod deny -S04LEFT -U01ALICE"}},
		{"denied", with("allow: [U01ALICE]"), with("allow: [U01ALICE]\ndeny: [U01ALICE]"), []string{
			`loses alice (U01ALICE): prod access: "at once, up to 1h", "nothing"`, "loses whoever has it: prod deny +U01ALICE"}},
		{"longer for one", with("duration: {max: 4h}\nallow: [{who: [U01ALICE], max: 1h}, U02BOB]"),
			with("duration: {max: 4h}\nallow: [{who: [U01ALICE], max: 2h}, U02BOB]"),
			[]string{`gains alice (U01ALICE): prod access: "at once, up to 1h", "at once, up to 2h"`,
				"changes whoever has it: prod allow +U01ALICE for up to 2h -U01ALICE for up to 1h"}},
		{"approval dropped", with("allow: [U01ALICE]\napproval: {approvers: [U02BOB]}"), with("allow: [U01ALICE]"), []string{
			`gains alice (U01ALICE): prod access: "with approval, up to 1h", "at once, up to 1h"`,
			`gains whoever has it: prod approval: "by 1, within 30m", ""`, "changes whoever has it: prod approvers -U02BOB"}},
		{"shorter and at once", with("duration: {max: 4h}\nallow: [U01ALICE]\napproval: {approvers: [U02BOB]}"),
			with("duration: {max: 4h}\nallow: [U02BOB, {oncall: {group: S03PAGER}}]\napproval: {approvers: [S02LEADS]}"), []string{
				`gains who is in S03PAGER: prod access: "nothing", "at once, up to 4h"`,
				`gains bob (U02BOB): prod access: "nothing", "with approval, up to 4h"`,
				"gains who is in S02LEADS: prod may approve",
				`loses alice (U01ALICE): prod access: "with approval, up to 4h", "nothing"`,
				"loses bob (U02BOB): prod may approve",
				"changes whoever has it: prod allow +S03PAGER on call +U02BOB -U01ALICE",
				"changes whoever has it: prod approvers +S02LEADS -U02BOB"}},
		{"break-glass", with("allow: [U01ALICE]\napproval: {approvers: [U02BOB]}"),
			with("allow: [U01ALICE]\napproval: {approvers: [U02BOB]}\nbreak_glass: [U01ALICE]"), []string{
				`gains alice (U01ALICE): prod access: "with approval, up to 1h", "with approval, up to 1h; by break-glass, up to 1h"`,
				"changes whoever has it: prod break_glass +U01ALICE"}},
		{"admins", with("allow: [U01ALICE]"), with("allow: [U01ALICE]") + "admins: [U01ALICE, engineers]\n", []string{
			"gains who is in S05PLATFORM: may act as an admin", "gains alice (U01ALICE): may act as an admin", "gains bob (U02BOB): may act as an admin",
			"changes everybody: admins +U01ALICE +engineers"}},
		{"an account", with("allow: [U01ALICE]"),
			with("allow: [U01ALICE]") + "  - {name: dev, role_arn: 'arn:aws:iam::333333333333:role/Dev', allow: [U02BOB]}\n", []string{
				`gains bob (U02BOB): dev access: "nothing", "at once, up to 1h"`, "changes the config: dev is a new account"}},
		{"a user", with(`allow: ["*"]`), strings.Replace(with(`allow: ["*"]`), "users:\n",
			"users:\n  - {slack: U03CAROL, name: carol, mfa_serial: GAHT00000003, credentials: {env: CAROL}}\n", 1), []string{
			"gains carol (U03CAROL): may use the bot, and have what Slack user groups give",
			`gains carol (U03CAROL): prod access: "nothing", "at once, up to 1h"`}},
		{"a group's member", with("allow: [engineers]"), strings.Replace(with("allow: [engineers]"), "[U02BOB, S05", "[U01ALICE, S05", 1), []string{
			`gains alice (U01ALICE): prod access: "nothing", "at once, up to 1h"`, `loses bob (U02BOB): prod access: "at once, up to 1h", "nothing"`,
			"changes group engineers: members +U01ALICE -U02BOB"}},
	} {
		before, after := parse(t, test.before), parse(t, test.after)
		got := lines(Configs(before, after))
		slices.Sort(got)
		want := slices.Sorted(slices.Values(test.want))
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		gained, lost := Configs(before, after).Of(Gains), Configs(after, before).Of(Loses)
		if len(gained) != len(lost) {
			t.Errorf("%s: %d gains, and %d losses the other way round", test.name, len(gained), len(lost))
		}
	}
}

// TestTermsAreJudged: the kind of the one change from the first to the second, and back.
func TestTermsAreJudged(t *testing.T) {
	const g, l, n, u = "gains", "loses", "changes", "gains unjudged"
	whole := func(keys string) string { return with("allow: [U01ALICE]") + keys }
	for _, test := range []struct{ before, after, forth, back string }{
		{with("mfa: fresh"), with("mfa: session"), g, l},
		{with("mfa: session"), with("mfa: none"), g, l},
		{with("sealed: required"), with("region: eu-west-1"), g, l},
		{with("region: eu-west-1"), with("region: eu-west-2"), n, n},
		{with("external_id: aa"), with("external_id: bb"), u, u},
		{with("source_identity: true"), with("source_identity: false"), g, u},
		{with("tags: {team: a}"), with("tags: {team: b}"), u, u},
		{with("session_policy: a.json"), with("mfa: session"), g, l},
		{with("session_policy: a.json"), with("session_policy: b.json"), u, u},
		{with("policy_arns: ['arn:aws:iam::aws:policy/a']"), with("policy_arns: ['arn:aws:iam::aws:policy/a', 'arn:aws:iam::aws:policy/b']"), g, l},
		{with("policy_arns: ['arn:aws:iam::aws:policy/a']"), with("mfa: session"), g, l},
		{with("session_policy: a.json"), with("session_policy: a.json\npolicy_arns: ['arn:aws:iam::aws:policy/a']"), g, l},
		{with("revoker: arn:aws:iam::222222222222:role/Revoker"), with("mfa: session"), g, u},
		{with("revoker: arn:aws:iam::222222222222:role/Revoker"), with("revoker: arn:aws:iam::222222222222:role/Other"), u, u},
		{with("delivery: ephemeral"), with("delivery: dm"), g, l},
		{with("channels: [C0OPS]"), with("channels: [C0OPS, C0DUTY]"), g, l},
		{with("channels: [C0OPS]"), with("mfa: session"), g, l},
		{with("hours: {days: [mon], zone: UTC}"), with("hours: {days: [mon, tue], zone: UTC}"), g, l},
		{with("hours: {days: [mon], zone: UTC}"), with("mfa: session"), g, l},
		{with("hours: {days: [mon], zone: UTC}"), with("hours: {days: [mon], zone: Europe/Berlin}"), u, u},
		{with("hours: {time: '09:00-17:00', zone: UTC}"), with("hours: {time: '10:00-18:00', zone: UTC}"), g, g},
		{with("reason: required"), with("mfa: session"), g, l},
		{with("reason: {pattern: '^a'}"), with("reason: {pattern: '^b'}"), u, u},
		{with("duration: {default: 2h, max: 4h}"), with("duration: {default: 3h, max: 4h}"), g, l},
		{whole("mfa_session: 1h"), whole("mfa_session: 8h"), g, l},
		{whole("reveal_window: 1m"), whole("reveal_window: 1h"), g, l},
		{whole("limits: {requests: 1}"), whole("limits: {requests: 2}"), g, l},
		{whole("contact: me"), whole("contact: you"), n, n},
		{whole("reminder: 1m"), whole("reminder: 2m"), n, n},
		{whole("record: {replicas: 2}"), whole("record: {replicas: 1}"), g, l},
		{whole("record: {archive: /a}"), whole("record: {}"), g, u},
		{whole("record: {archive: /a}"), whole("record: {archive: /b}"), u, u},
		{whole("record: {archive: /a, require: [archive]}"), whole("record: {archive: /a}"), g, l},
		{whole("record: {archive: 's3://bucket/p', object_lock: {mode: COMPLIANCE, days: 2}}"),
			whole("record: {archive: 's3://bucket/p', object_lock: {mode: COMPLIANCE, days: 1}}"), g, l},
		{whole(""), strings.Replace(whole(""), "[T0123]", "[T0123, T0456]", 1), g, l},
		{whole(""), strings.Replace(whole(""), "{env: BOB}", "{env: ROB}", 1), u, u},
		{whole(""), strings.Replace(whole(""), "GAHT00000002", "GAHT00000009", 1), u, u},
		{whole(""), strings.Replace(whole(""), "name: bob,", "name: rob, session_name: bob,", 1), n, n},
		{strings.Replace(whole(""), "name: bob,", "name: bob, age_key: age1mtnp88juv9ls005marju8vnxlms7hz2c4cc99zqwn8mkxphehdcqshsh3u,", 1), whole(""), g, u},
		{strings.Replace(whole(""), "name: bob,", "name: bob, sealed: required,", 1), whole(""), g, l},
	} {
		for _, way := range []struct{ before, after, want string }{{test.before, test.after, test.forth}, {test.after, test.before, test.back}} {
			r := Configs(parse(t, way.before), parse(t, way.after))
			var got []string
			for _, c := range r {
				if c.What == "region" && strings.Contains(way.before+way.after, "sealed") {
					continue // it stands in the place of nothing
				}
				word := string(c.Kind)
				if c.Unjudged {
					if strings.Contains("age_key revoker record.archive source_identity", c.What) && c.Why == "" {
						t.Errorf("%s: it does not say why", c.What)
					}
					word += " unjudged"
				}
				got = append(got, word)
			}
			if len(got) != 1 || got[0] != way.want {
				t.Errorf("%s\n%s\ngot  %v\nwant %s", strings.TrimPrefix(way.before, prod), strings.TrimPrefix(way.after, prod), lines(r), way.want)
			}
		}
	}
}

// TestEveryKeyHasAJudge: a key without one would count as a gain whatever becomes of it.
func TestEveryKeyHasAJudge(t *testing.T) {
	text, err := os.ReadFile("../config/testdata/whole.yaml")
	if err != nil {
		t.Fatal(err)
	}
	whole := parse(t, string(text))
	seen := 0
	for key := range whole.Summary {
		kind, _, _ := strings.Cut(key, " ")
		judges := map[string]map[string]judge{"user": userJudges, "group": groupJudges, "account": accountJudges, config.WholeEntry: wholeJudges}[kind]
		for _, c := range config.Changes(nil, only(whole.Summary, key), false) {
			seen++
			if c.Field != "" && judges[c.Field] == nil {
				t.Errorf("%s has no judge", kind+" "+c.Field)
			}
		}
	}
	if seen < 40 {
		t.Errorf("got %d keys, want all that there are", seen)
	}
}
