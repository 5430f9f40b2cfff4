package e2e

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// newGridWorld is a world whose workspace T0123 is in an Enterprise Grid, with
// Alice as she is in it.
func newGridWorld(t *testing.T, id string, in slacktest.Grid) *world {
	t.Helper()
	w := newWorld(t, slacktest.WithEnterprise("E0123"))
	w.slack.AddUser(slacktest.User{ID: id, Name: "alice", Grid: &in})
	w.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{id, "U02BOB", "U03CAROL"}})
	return w
}

// TestAMemberOfAServedWorkspaceIsServedFromAllOfTheGrid in commands, presses, forms
// and Home, whichever workspace Slack names or leaves out.
func TestAMemberOfAServedWorkspaceIsServedFromAllOfTheGrid(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]slacktest.Grid{
		"another workspace of the Grid": {Teams: []string{"T0456", "T0123"}, ActsIn: "T0456"},
		"no workspace named":            {Teams: []string{"T0456", "T0123"}, Bare: true},
		"the served one":                {Teams: []string{"T0123"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newGridWorld(t, "U01ALICE", in)
			w.start()
			shown := w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
			wantText(t, shown, "staging is yours")
			w.acked(w.slack.Press("U01ALICE", shown.Ref(), "", "end"))
			w.shown("U01ALICE", "staging", "has forgotten")
			w.acked(w.slack.Shortcut("U01ALICE", "assume"))
			v := w.modal("U01ALICE", "Account")
			w.choose("U01ALICE", v, "account", "", "open")
			w.acked(w.slack.Submit("U01ALICE", w.offered("U01ALICE", "1h").ID, nil))
			w.modal("U01ALICE", "open is yours until")
			w.acked(w.slack.OpenHome("U01ALICE"))
			w.await("Home", func() bool {
				home, ok := w.slack.Home("U01ALICE")
				return ok && strings.Contains(home.Plain(), "What you may have")
			})
		})
	}
}

// TestWhoIsInNoServedWorkspaceStaysAStranger, and the log says of which they are.
func TestWhoIsInNoServedWorkspaceStaysAStranger(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]*slacktest.Grid{
		"of the same Grid":       {Teams: []string{"T0456"}, ActsIn: "T0456"},
		"of nothing that we see": {ActsIn: "T0456"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newGridWorld(t, "U01ALICE", *in)
			w.start()
			wantText(t, w.says("U01ALICE", "/assume", "help"), "does not serve your Slack workspace")
			if !strings.Contains(w.logs.String(), `"team":"T0456"`) {
				t.Errorf("got log %s, want the workspace in it", w.logs)
			}
		})
	}
	w := newWorld(t)
	w.slack.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice", Team: "T0999", Stranger: true})
	w.start()
	wantText(t, w.says("U01ALICE", "/assume", "help"), "Only full members")
}

// TestOneOfTwoIDsIsAsGoodAsTheOther in the config, payloads and user groups.
func TestOneOfTwoIDsIsAsGoodAsTheOther(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, payload, other, config, group string }{
		{"the group has W", "U01ALICE", "W01ALICE", "U01ALICE", "W01ALICE"},
		{"the payload has W", "W01ALICE", "U01ALICE", "U01ALICE", "U01ALICE"},
		{"the payload alone has U", "U01ALICE", "W01ALICE", "W01ALICE", "W01ALICE"},
		{"the config alone has W", "U01ALICE", "W01ALICE", "W01ALICE", "U01ALICE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newGridWorld(t, test.payload, slacktest.Grid{ID: test.other, Teams: []string{"T0123"}})
			w.slack.SetUserGroup(slacktest.UserGroup{ID: "S01ONCALL", Handle: "oncall", Name: "On call", Members: []string{test.group}})
			w.run(strings.ReplaceAll(worldConfig, "U01ALICE", test.config), w.settings())
			shown := w.says(test.payload, "/assume", "prod "+w.alice.Code())
			wantText(t, shown, "prod is yours")
			w.acked(w.slack.Press(test.payload, shown.Ref(), "", "end"))
			w.shown(test.payload, "prod", "has forgotten")
			wantText(t, w.audit(1)[0], "Granted prod to alice@example.com ("+test.config+")")
		})
	}
}

// TestWhatTakesAwayHoldsByEitherID: a group that denies, and a block, whichever ID
// the admin's mention has.
func TestWhatTakesAwayHoldsByEitherID(t *testing.T) {
	t.Parallel()
	w := newGridWorld(t, "W01ALICE", slacktest.Grid{ID: "U01ALICE", Teams: []string{"T0123"}})
	w.slack.SetUserGroup(slacktest.UserGroup{ID: "S09LEFT", Handle: "left", Name: "Left", Members: []string{"U01ALICE"}})
	config := strings.ReplaceAll(worldConfig, "U01ALICE", "W01ALICE")
	config = strings.Replace(config, "contact:", "admins: [U02BOB]\ncontact:", 1)
	w.run(strings.Replace(config, "    allow: [W01ALICE, U02BOB]", "    allow: [W01ALICE, U02BOB]\n    deny: [S09LEFT]", 1), w.settings())
	wantText(t, w.says("W01ALICE", "/assume", "staging "+w.alice.Code()), "You may not have staging")
	wantText(t, w.says("W01ALICE", "/assume", "open"), "open is yours")
	wantText(t, w.says("U02BOB", "/assume", "block @alice because INC-42"), "Blocked alice@example.com (W01ALICE)")
	wantText(t, w.says("W01ALICE", "/assume", "open"), "You are blocked")
}
