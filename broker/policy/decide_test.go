package policy_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// TestAReasonThatShowsNothingIsNone takes one of each kind; all that show nothing are
// tested where it is said what does, in text.
func TestAReasonThatShowsNothingIsNone(t *testing.T) {
	rules := func(change func(*policy.Rules)) *policy.Config {
		r := policy.Rules{Allow: []policy.Rule{{Who: []string{"U01ALICE"}}}, BreakGlass: []string{"U01ALICE"}}
		change(&r)
		return &policy.Config{Accounts: policy.Accounts(policy.Account{Name: "prod", MaxDuration: policy.DefaultDuration, Rules: r})}
	}
	required := rules(func(r *policy.Rules) { r.Reason.Required = true })
	anything := rules(func(r *policy.Rules) {
		r.Reason = policy.ReasonPolicy{Required: true, Pattern: regexp.MustCompile(".")}
	})
	ask := policy.Ask{User: "U01ALICE", Account: "prod"}
	for name, text := range map[string]string{"Hangul filler": "\u3164", "joiner": "\u200d", "no-break space": "\u00a0", "controls": "\x00\x1b"} {
		for _, glass := range []bool{false, true} {
			ask.Reason, ask.BreakGlass = text+text, glass
			for _, c := range []*policy.Config{required, anything} {
				if d := policy.Decide(c, nil, ask, time.Unix(0, 0)); d.Why != policy.NeedsReason {
					t.Errorf("%s, break-glass %t: got %s, %s, want that a reason is needed", name, glass, d.Effect, d.Why)
				}
				ask.Reason += "x"
				if d := policy.Decide(c, nil, ask, time.Unix(0, 0)); d.Effect != policy.Allow {
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
	c := &policy.Config{
		Users: policy.Users(policy.User{Slack: "U01ALICE"}),
		Accounts: policy.Accounts(policy.Account{Name: "prod", DefaultDuration: time.Hour, MaxDuration: 3 * time.Hour, Rules: policy.Rules{Allow: []policy.Rule{
			{Who: []string{"*"}, Max: time.Hour}, {Who: []string{"U01ALICE"}, Max: 2 * time.Hour}, {Who: []string{"*"}, Max: 30 * time.Minute},
		}}}),
	}
	decide := func(asked time.Duration) policy.Decision {
		return policy.Decide(c, policy.Members(map[string][]string{}), policy.Ask{Account: "prod", User: "U01ALICE", Duration: asked}, time.Now())
	}
	if got := decide(0); got.Effect != policy.Allow || got.Rule != "allow U01ALICE" || got.Max != 2*time.Hour {
		t.Errorf("got %+v, want up to 2h", got)
	}
	if got := decide(4 * time.Hour); got.Why != policy.TooLong || got.Max != 2*time.Hour {
		t.Errorf("got %+v, want that 2h is the most", got)
	}
	c.Accounts.Find("prod").Allow[1].Max = 8 * time.Hour
	if got := decide(0); got.Max != 3*time.Hour {
		t.Errorf("got up to %s, want the account's 3h", got.Max)
	}
}

// TestForHowLongMayDependOnAUserGroup: a rule names the person, another a user group and
// a longer time. Who names no duration is not told the shorter one as all there is.
func TestForHowLongMayDependOnAUserGroup(t *testing.T) {
	account := func(rules policy.Rules) *policy.Config {
		return &policy.Config{Accounts: policy.Accounts(policy.Account{Name: "prod", DefaultDuration: time.Hour, MaxDuration: 3 * time.Hour, Rules: rules})}
	}
	rules := policy.Rules{Allow: []policy.Rule{{Who: []string{"U01ALICE"}, Max: time.Hour}, {Who: []string{"S01"}, Max: 2 * time.Hour}}}
	approval := &policy.ApprovalPolicy{Approvers: []string{"U02BOB"}, Count: 1, Expires: time.Hour}
	onCall := policy.Rules{Allow: slices.Clone(rules.Allow), Approval: approval}
	onCall.Allow[0].OnCall = true // the only one that needs nobody's approval
	for name, tc := range map[string]struct {
		rules   policy.Rules
		asked   time.Duration
		unknown bool
	}{
		"no duration":                    {rules, 0, true},
		"no longer than is theirs":       {rules, time.Hour, false},
		"longer with approval alone":     {onCall, 0, false},
		"the user group gives no longer": {policy.Rules{Allow: []policy.Rule{rules.Allow[0], {Who: []string{"S01"}, Max: time.Hour}}}, 0, false},
	} {
		got := policy.Decide(account(tc.rules), nil, policy.Ask{User: "U01ALICE", Account: "prod", Duration: tc.asked}, time.Unix(0, 0))
		if got.Effect != policy.Allow || got.Max != time.Hour || got.Unknown != tc.unknown {
			t.Errorf("%s: got %+v, want it allowed for 1h, and unknown %t", name, got, tc.unknown)
		}
	}
	in := policy.Members(map[string][]string{"S01": {"U01ALICE"}})
	if got := policy.Decide(account(rules), in, policy.Ask{User: "U01ALICE", Account: "prod"}, time.Unix(0, 0)); got.Max != 2*time.Hour || got.Unknown {
		t.Errorf("got %+v, want 2h of whoever is in the user group", got)
	}
}
