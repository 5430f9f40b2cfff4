package broker_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
)

func TestAReasonThatShowsNothingIsNone(t *testing.T) {
	rules := func(change func(*broker.Rules)) *broker.Config {
		r := broker.Rules{Allow: []broker.Rule{{Who: []string{"U01ALICE"}}}, BreakGlass: []string{"U01ALICE"}}
		change(&r)
		return &broker.Config{Accounts: broker.Accounts(broker.Account{Name: "prod", MaxDuration: broker.DefaultDuration, Rules: r})}
	}
	required := rules(func(r *broker.Rules) { r.Reason.Required = true })
	anything := rules(func(r *broker.Rules) {
		r.Reason = broker.ReasonPolicy{Required: true, Pattern: regexp.MustCompile(".")}
	})
	ask := broker.Ask{User: "U01ALICE", Account: "prod"}
	for name, text := range map[string]string{"Hangul filler": "\u3164", "joiner": "\u200d", "no-break space": "\u00a0", "override": "\u202e", "controls": "\x00\x1b"} {
		for _, glass := range []bool{false, true} {
			ask.Reason, ask.BreakGlass = text+text, glass
			for _, c := range []*broker.Config{required, anything} {
				if d := broker.Decide(c, nil, ask, time.Unix(0, 0)); d.Why != broker.NeedsReason {
					t.Errorf("%s, break-glass %t: got %s, %s, want that a reason is needed", name, glass, d.Effect, d.Why)
				}
				ask.Reason += "x"
				if d := broker.Decide(c, nil, ask, time.Unix(0, 0)); d.Effect != broker.Allow {
					t.Errorf("%s and a letter: got %s, %s, want it allowed", name, d.Effect, d.Why)
				}
				ask.Reason = text
			}
		}
	}
}

// TestOfRulesThatMatchTheOneThatGivesLongestCounts, whatever their order, and
// none gives more than the Account does.
func TestOfRulesThatMatchTheOneThatGivesLongestCounts(t *testing.T) {
	c := &broker.Config{
		Users: broker.Users(broker.User{Slack: "U01ALICE"}),
		Accounts: broker.Accounts(broker.Account{Name: "prod", DefaultDuration: time.Hour, MaxDuration: 3 * time.Hour, Rules: broker.Rules{Allow: []broker.Rule{
			{Who: []string{"*"}, Max: time.Hour}, {Who: []string{"U01ALICE"}, Max: 2 * time.Hour}, {Who: []string{"*"}, Max: 30 * time.Minute},
		}}}),
	}
	decide := func(asked time.Duration) broker.Decision {
		return broker.Decide(c, broker.Membership{}, broker.Ask{Account: "prod", User: "U01ALICE", Duration: asked}, time.Now())
	}
	if got := decide(0); got.Effect != broker.Allow || got.Rule != "allow U01ALICE" || got.Max != 2*time.Hour {
		t.Errorf("got %+v, want up to 2h", got)
	}
	if got := decide(4 * time.Hour); got.Why != broker.TooLong || got.Max != 2*time.Hour {
		t.Errorf("got %+v, want that 2h is the most", got)
	}
	c.Accounts.Find("prod").Allow[1].Max = 8 * time.Hour
	if got := decide(0); got.Max != 3*time.Hour {
		t.Errorf("got up to %s, want the account's 3h", got.Max)
	}
}
