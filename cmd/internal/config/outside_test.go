package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const outsideUsers = `users:
- {slack: U01ALICE, name: alice, mfa_serial: GAHT00000001, credentials: {env: A}}
- {slack: U02BOB, name: bob, mfa_serial: GAHT00000002, credentials: {env: B}}
- {slack: U03CAROL, name: carol, mfa_serial: GAHT00000003, credentials: {env: C}}
`

// beside is a file with hub, which has no role, on line 7 and the others after it.
func beside(hub string, others ...string) string {
	text := goodSlack + outsideUsers + "accounts:\n- {name: hub, " + hub + "}\n"
	for _, other := range others {
		text += "- {role_arn: 'arn:aws:iam::222222222222:role/R', " + other + "}\n"
	}
	return text
}

func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("p%d", i))
	}
	return names
}

func manyAccounts(n int) (accounts []string) {
	for _, name := range numbered(n) {
		accounts = append(accounts, "name: "+name+", allow: ['*']")
	}
	return accounts
}

func TestParseConfigRefusesWhatIsHadOutsideOfTheRules(t *testing.T) {
	const head = "account hub has no role"
	for _, test := range []struct {
		name, text string
		want       []string // who and which; none: it is right
	}{
		{"one person has both", beside("allow: [U01ALICE]", "name: prod, allow: [U01ALICE]"), []string{"alice may also have prod"}},
		{"everybody has it", beside("allow: ['*']", "name: prod, allow: [U02BOB]"), []string{"bob may also have prod"}},
		{"everybody has the other", beside("allow: [U03CAROL]", "name: prod, allow: ['*']"), []string{"carol may also have prod"}},
		{"a user group has it", beside("allow: [S01DEVS]", "name: prod, allow: [U02BOB]"), []string{"bob may also have prod"}},
		{"a user group has the other", beside("allow: [U01ALICE]", "name: prod, allow: [S01DEVS]"), []string{"alice may also have prod"}},
		{"who is on call has the other", beside("allow: [U01ALICE]", "name: prod, approval: {approvers: [U02BOB]}, allow: [{oncall: {group: S03PAGER}}]"),
			[]string{"alice may also have prod"}},
		{"by break-glass", beside("allow: [U01ALICE]", "name: prod, approval: {approvers: [U02BOB]}, break_glass: [U01ALICE]"), []string{"alice may also have prod"}},
		{"it by break-glass", beside("approval: {approvers: [U02BOB]}, break_glass: [U01ALICE]", "name: prod, allow: [U01ALICE]"),
			[]string{"alice may also have prod"}},
		{"with approval, and for less", beside("allow: [{who: [U01ALICE], max: 15m}]",
			"name: prod, approval: {approvers: [U02BOB]}, allow: [{who: [U01ALICE], max: 15m}]"),
			[]string{"alice may also have prod"}},
		{"by groups of the file", beside("allow: [a]", "name: prod, allow: [b]") + "groups: {a: [U01ALICE, U02BOB], b: [U02BOB, U03CAROL]}\n",
			[]string{"bob may also have prod"}},
		{"a group of the file with a user group", beside("allow: [a]", "name: prod, allow: [U02BOB]") + "groups: {a: [U01ALICE, S01DEVS]}\n",
			[]string{"bob may also have prod"}},
		{"shut out", beside("allow: [U01ALICE]", "name: prod, allow: [U02BOB], deny: [U01ALICE]"), []string{"alice may be denied prod"}},
		{"allowed and shut out", beside("allow: [U01ALICE]", "name: prod, allow: ['*'], deny: [U01ALICE]"), []string{"alice may be denied prod"}},
		{"shut out by a user group", beside("allow: [U01ALICE]", "name: prod, allow: [U02BOB], deny: [S09LEFT]"), []string{"alice may be denied prod"}},
		{"everybody is shut out", beside("allow: [U01ALICE]", "name: prod, allow: [U02BOB], deny: ['*']"), []string{"alice may be denied prod"}},
		{"several", beside("allow: ['*']", "name: prod, allow: [U01ALICE, U02BOB]", "name: vault, allow: [U01ALICE, U02BOB], deny: [U03CAROL]",
			"name: dev, allow: [U03CAROL]"),
			[]string{"alice, bob may also have prod, vault", "carol may also have dev and may be denied vault"}},
		{"by a user group, by name, and shut out of what others may have", beside("allow: ['*']", "name: prod, allow: [S01DEVS]",
			"name: vault, allow: [U01ALICE]", "name: dev, allow: [S01DEVS], deny: [U02BOB]", "name: lab, allow: [S01DEVS]"),
			[]string{"alice may also have prod, vault, dev, lab", "bob may also have prod, lab and may be denied dev", "carol may also have prod, dev, lab"}},
		{"more than anybody reads", beside("allow: [U01ALICE]", manyAccounts(25)...),
			[]string{"alice may also have " + strings.Join(numbered(20), ", ") + " and more"}},
		{"one key for two", strings.Replace(beside("allow: [U01ALICE]", "name: prod, allow: [U02BOB]"), "{env: B}", "{env: A}", 1),
			[]string{"alice (one AWS key with bob) may also have prod"}},

		{"who has nothing else", beside("allow: [U01ALICE]", "name: prod, allow: [U02BOB]"), nil},
		{"who is denied it", beside("allow: ['*'], deny: [U01ALICE]", "name: prod, allow: [U01ALICE]"), nil},
		{"the other is nobody's", beside("allow: ['*']", "name: prod"), nil},
		{"it is nobody's", beside("duration: {max: 2h}", "name: prod, allow: ['*']"), nil},
		{"none has a role", beside("allow: ['*']"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused, err := problems(parse(test.text, nil))
			accepted := mustParse(t, strings.Replace(test.text, "{name: hub, ", "{name: hub, outside_rules: accepted, ", 1), nil)
			if len(test.want) == 0 {
				if err != nil || mentions(accepted.Warnings, head) {
					t.Errorf("got %v and the warnings %v of what is right", err, accepted.Warnings)
				}
				return
			}
			want := []string{head + ": its credentials can assume, without the bot, every role"}
			for _, line := range test.want {
				want = append(want, "account hub: "+line)
			}
			wantLines(t, "refused", refused, want)
			if !strings.Contains(refused[0].Message, "check cannot see which roles trust whom") {
				t.Errorf("got %s, want it to say what check cannot see", refused[0].Message)
			}
			want[0] = head + ", which is accepted: "
			warnings := slices.DeleteFunc(accepted.Warnings, func(w Problem) bool {
				return !strings.Contains(w.Message, "which is accepted") && !strings.Contains(w.Message, "may also have") && !strings.Contains(w.Message, "may be denied")
			})
			wantLines(t, "accepted", warnings, want)
		})
	}
}

func problems(_ Config, err error) (Problems, error) {
	found, _ := err.(Problems) //nolint:errorlint // Parse returns it as it is
	return found, err
}

func mentions(ps Problems, text string) bool { return strings.Contains(ps.Error(), text) }

func wantLines(t *testing.T, what string, got Problems, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got\n%v\nwant %q", what, got, want)
	}
	for i, w := range want {
		// All of them stand where the account without a role does.
		if !strings.HasPrefix(got[i].Message, w) || i > 0 && got[i].Message != w || got[i].Line != 7 {
			t.Errorf("%s: got %s, want %q on line 7", what, got[i], w)
		}
	}
}

func TestParseConfigRefusesWrongOutsideRules(t *testing.T) {
	runProblemTests(t, []problemTest{
		{"another word", account("name: hub\noutside_rules: yes-please"), nil, []string{"5:18 write accepted, or remove it"}},
		{"true", account("name: hub\noutside_rules: true"), nil, []string{"5:18 write outside_rules: accepted"}},
		{"with a role", account(roleAccount + "outside_rules: accepted"), nil, []string{"6:18 for an account without role_arn"}},
		// What is wrong with a role does not make it none.
		{"with a wrong role", goodSlack + goodUsers + "accounts:\n- {name: hub, allow: ['*'], role_arn: x}\n" +
			"- {name: prod, allow: ['*'], role_arn: 'arn:aws:iam::222222222222:role/R'}\n", nil,
			[]string{"4:39 not a role ARN"}},
	})
}

func TestParseConfigRefusesWrongSessionNames(t *testing.T) {
	const rest = "\nmfa_serial: GAHT12345678\ncredentials: {env: A}"
	runProblemTests(t, []problemTest{
		{"a space", user("slack: U01ALICE\nname: Alice\nsession_name: Alice Example" + rest), nil, []string{"6:17 2 to 64 letters"}},
		{"empty", user("slack: U01ALICE\nname: Alice\nsession_name: ''" + rest), nil, []string{"6:17 session_name is empty"}},
		{"an ARN", user("slack: U01ALICE\nname: Alice\nsession_name: 'arn:aws:iam::111111111111:user/alice'" + rest), nil, []string{"6:17 2 to 64 letters"}},
		{"the same twice", goodSlack + goodAccount + "users:\n- {slack: U01A, name: a1, session_name: Ann, mfa_serial: GAHT12345678, credentials: {env: A}}\n" +
			"- {slack: U01B, name: b1, session_name: ann, mfa_serial: GAHT12345679, credentials: {env: B}}\n", nil,
			[]string{`5:41 session_name ann, the same as that of "a1" on line 4`}},
		{"as another's name", goodSlack + goodAccount + "users:\n- {slack: U01A, name: a1, session_name: b1, mfa_serial: GAHT12345678, credentials: {env: A}}\n" +
			"- {slack: U01B, name: b1, mfa_serial: GAHT12345679, credentials: {env: B}}\n", nil,
			[]string{`5:23 name "b1" becomes the session name b1, the same as that of "a1" on line 4`}},
	})
	// A name that could be none is fine beside one that is.
	u := mustParse(t, user("slack: U01ALICE\nname: 愛\nsession_name: -ai.chan@=+,_"+rest), nil).Broker.Users.Find("U01ALICE")
	if u.Name != "愛" || u.SessionName != "-ai.chan@=+,_" {
		t.Errorf("got %q and %q, want what is written", u.Name, u.SessionName)
	}
}
