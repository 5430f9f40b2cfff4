package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestRefusalsSayWhatToDoNext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, user, command, text string
		want                      []string
		not                       []string
	}{
		{"seven digits", "U01ALICE", "/assume", "prod 1234567", []string{"six digits"}, []string{"1234567"}},
		{"letters", "U01ALICE", "/assume", "prod abc123", nil, nil},
		{"code without account", "U01ALICE", "/assume", "123456", []string{"account"}, []string{"123456"}},
		{"unknown account", "U01ALICE", "/assume", "prd 123456", []string{"no account of that name", "Did you mean prod?", "code was not used"}, nil},
		{"unknown account, only those one may have", "U02BOB", "/assume", "prd 123456", []string{"no account of that name", "staging, hub"}, []string{"prod"}},
		{"not allowed", "U02BOB", "/assume", "prod 123456", []string{"You may not have prod.", "#help-aws"}, nil},
		{"too long", "U01ALICE", "/assume", "staging 123456 for 2h", []string{"staging is issued for 1h at most", "1h or less"}, nil},
		{"too short", "U01ALICE", "/assume", "staging 123456 for 5m", []string{"shorter than 15 minutes"}, nil},
		{"stranger", "U03CAROL", "/assume", "prod 123456", []string{"not set up to use this bot", "#help-aws"}, []string{"prod", "staging"}},
		{"stranger's help", "U03CAROL", "/assume", "help", []string{"not set up"}, []string{"prod", "/assume"}},
		{"stranger's nonsense", "U03CAROL", "/assume", "prod 1234567", []string{"not set up"}, []string{"account"}},
		{"buckets without code", "U01ALICE", "/buckets", "prod", []string{"prod needs the code"}, nil},
	}
	w := newWorld(t)
	w.start()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := w.says(test.user, test.command, test.text)
			wantText(t, m, test.want...)
			for _, s := range test.not {
				if strings.Contains(m.Plain(), s) {
					t.Errorf("got %q, want it not to tell %q", m.Plain(), s)
				}
			}
			if m.Fallback() == "" {
				t.Error("got no fallback text")
			}
		})
	}
	if n := w.stsCalls("AssumeRole") + w.stsCalls("GetSessionToken"); n != 0 {
		t.Errorf("got %d calls to STS, want none", n)
	}
}

func TestOtherWorkspacesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slacktest.WithEnterprise("E0GRID")) // outside of a Grid the bot would not start
	w.run(strings.Replace(worldConfig, "[T0123]", "[T0OTHER]", 1), w.settings())
	for _, text := range []string{"prod " + w.alice.Code(), "help", "!!"} {
		m := w.says("U01ALICE", "/assume", text)
		wantText(t, m, "does not serve your Slack workspace", "#help-aws")
		if strings.Contains(m.Plain(), "prod") {
			t.Errorf("got %q, want nothing of the accounts", m.Plain())
		}
	}
	if n := w.stsCalls("AssumeRole"); n != 0 {
		t.Errorf("got %d calls to STS, want none", n)
	}
}

func TestGroupsThatSlackCannotTellAreDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "usergroups.list", Error: "fatal_error"})
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(t, m, "cannot say right now which user groups you are in", "code was not used", "Reference:")
	// What needs no group still works.
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours")
}

// TestWhatSlackSaidServesForAnHourWhileItGivesNoAnswer to those who were asked about.
func TestWhatSlackSaidServesForAnHourWhileItGivesNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "prod is yours")
	for _, method := range []string{"users.info", "users.list", "usergroups.list"} {
		w.slack.Inject(slacktest.Fault{Method: method, Times: -1, Error: "ratelimited", RetryAfter: time.Hour})
	}
	w.later(r, 50*time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "prod is yours")
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "cannot say right now whether you are a full member",
		"code was not used", "Try again in a minute")
	w.later(r, 15*time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "cannot say right now whether you are a full member", "code was not used")
}

func TestHelpAndAccountsShowOnlyWhatOneMayHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	wantText(t, w.says("U01ALICE", "/assume", "help more"), "/assume prod 123456", "/buckets prod")
	wantText(t, w.says("U02BOB", "/assume", "help more"), "/assume staging 123456")
	m := w.says("U02BOB", "/assume", "accounts")
	wantText(t, m, "staging", "Developer in 333333333333", "hub", "your own IAM user")
	if strings.Contains(m.Plain(), "prod") {
		t.Errorf("bob was told of prod:\n%s", m.Plain())
	}
}
