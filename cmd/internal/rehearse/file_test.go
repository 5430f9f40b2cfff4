package rehearse

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// TestPolicyDecides holds policy to the tables in testdata.
func TestPolicyDecides(t *testing.T) {
	tables, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	for _, path := range tables {
		f := mustParse(t, path, mustRead(t, path))
		for _, failure := range f.Run() {
			t.Errorf("%s %s\ngot  %s\nwant %s", failure.Place, failure.Request, failure.Got, failure.Want)
		}
		for _, r := range f.requests {
			if d := f.decide(r); (d.Effect == policy.Deny) != (d.Why != "") {
				t.Errorf("%s:%d: got why %q with %s", path, r.line, d.Why, d.Effect)
			}
		}
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func mustParse(t *testing.T, path, text string) *File {
	t.Helper()
	f, err := Parse(path, []byte(text), noConfig)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func noConfig() (config.Config, error) { return config.Config{}, errors.New("which config file?") }

const small = `-- config.yaml --
slack: {workspaces: [T0123], audit_channel: C0AUDIT}
users:
  - {slack: U01ALICE, name: alice, mfa_serial: GAHT00000001, credentials: {env: ALICE}}
  - {slack: U02BOB, name: Bob Builder, mfa_serial: GAHT00000002, credentials: {env: BOB}}
accounts:
  - {name: prod, role_arn: 'arn:aws:iam::222222222222:role/OnCall', allow: [U01ALICE, S01ONCALL]}
  - {name: office, role_arn: 'arn:aws:iam::222222222222:role/Desk', allow: [U03CAROL], hours: {days: [mon], zone: UTC}}
`

func TestAFailureSaysWhereAndWhatPolicySaid(t *testing.T) {
	text := strings.ReplaceAll(small, "allow: [U03CAROL], hours", "allow: [], hours") + `-- groups --
S01ONCALL: Bob-Builder
-- requests --
# alice has it by herself
alice prod => allow U01ALICE

Bob-Builder prod for 1h because see me at 5 => allow U02BOB
`
	got := mustParse(t, "cases.txtar", text).Run()
	want := Failure{Place: "cases.txtar:15:", Request: "Bob-Builder prod for 1h because see me at 5", Want: "allow U02BOB", Got: "allow S01ONCALL"}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWhatIsNoCaseIsToldByLine(t *testing.T) {
	good := strings.ReplaceAll(small, "[U03CAROL]", "[U01ALICE]")
	for _, test := range []struct{ text, want string }{
		{good, "c:1:1: it asks nothing, so it could not fail"},
		{good + "-- requests --\n# nothing\n", "c:10:1: it asks nothing, so it could not fail"},
		{small + "-- requests --\nalice prod => deny hours", "c:8:77: this names U03CAROL"},
		{"-- requests --\nalice prod => deny hours", "c:1:1: which config file?"},
		{good + "-- requests --\nalice prod\n", "c:10:1: what is expected?"},
		{good + "-- requests --\nalice prod => yes\n", `c:10:1: "yes" is not what policy says: write allow, deny or approval`},
		{good + "-- requests --\nalice => deny hours\n", "c:10:1: who asks for what?"},
		{good + "-- requests --\nalcie prod => deny hours\n", `c:10:1: nobody is called "alcie" in the config: did you mean alice?`},
		{good + "-- requests --\nzoe prod => deny hours\n", `nobody is called "zoe" in the config: write a name`},
		{good + "-- requests --\nalice prod 123456 => deny hours\n", "c:10:1: a code decides nothing here"},
		{good + "-- requests --\nalice prod as fish => deny hours\n", "c:10:1: as fish decides nothing here"},
		{good + "-- requests --\nalice whoami => deny hours\n", "asks for no account"},
		{good + "-- requests --\nalice prod for ever => deny hours\n", `c:10:1: "prod for ever" cannot be typed so: `},
		{good + "-- requests --\nalice office => deny hours\n", "c:10:1: office has hours"},
		{good + "-- requests --\nalice office at 2026-01-05 => deny hours\n", `c:10:1: "2026-01-05" is no time`},
		{good + "-- groups --\nS01ONCALL alice\n", "c:10:1: \"S01ONCALL alice\": write a Slack user group"},
		{good + "-- groups --\nS01ONCAL: alice\n", `c:10:1: the config names no user group "S01ONCAL": did you mean S01ONCALL?`},
		{good + "-- groups --\nS01ONCALL: alice\nS01ONCALL: alice\n", "c:11:1: S01ONCALL is there already"},
		{good + "-- people --\nalice: guest\nU01ALICE: member\n", "c:11:1: U01ALICE is there already"},
		{good + "-- Requests --\nalice prod => deny hours\n", `c:9:1: the section "Requests" is not known`},
		{"alice prod => deny hours\n" + good, "c:1:1: this is before the first section"},
		{"# a comment\n\n--requests--\n" + good, "c:3:1: this is before the first section"},
		{good + "-- people --\nalice: boss\n", `c:10:1: "boss" is not known of people`},
		{good + "-- groups --\n-- groups --\n", `the section "groups" is already on line 9`},
		{strings.Replace(good, "name: prod,", "name: prod, session_policy: p.json,", 1), `session_policy "p.json": cannot be read`},
	} {
		_, err := Parse("c", []byte(test.text), noConfig)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", strings.TrimPrefix(test.text, good), err, test.want)
		}
	}
}

func TestOnlyFullMembersWhomTheConfigKnowsAreServed(t *testing.T) {
	text := strings.ReplaceAll(small, "[U03CAROL]", "[U01ALICE]") + `-- groups --
S01ONCALL: U09ERIN U02BOB
-- people --
alice: guest
U02BOB: member
-- requests --
alice prod => deny not a member
U02BOB prod => allow S01ONCALL
U09ERIN prod => deny not a user
U02BOB prod for 10m => deny shorter than AWS issues
`
	for _, f := range mustParse(t, "c", text).Run() {
		t.Errorf("%s %s\ngot  %s\nwant %s", f.Place, f.Request, f.Got, f.Want)
	}
}

// FuzzParse: whatever a file holds, it is read or refused.
func FuzzParse(f *testing.F) {
	f.Add(small + "-- groups --\nunknown\n-- requests --\nalice prod for 2h because INC-1 at 2026-01-05T10:00Z in C0OPS => allow U01ALICE\n")
	f.Fuzz(func(t *testing.T, text string) {
		if file, err := Parse("c", []byte(text), noConfig); err == nil && file.Len() > 0 {
			file.Run()
		} else if err == nil {
			t.Error("a file without requests is no error")
		}
	})
}
