package policy_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// A draw makes choices of what the fuzzer gave; 0 when that is used up.
type draw struct{ data []byte }

func (d *draw) of(n int) int {
	if len(d.data) == 0 {
		return 0
	}
	v := int(d.data[0]) % n
	d.data = d.data[1:]
	return v
}

var (
	fuzzPeople = []string{"U01ALICE", "U02BOB", "U03CAROL"}
	fuzzWho    = []string{"U01ALICE", "U02BOB", "S01", "S02", "mixed", "*"}
)

func (d *draw) who() []string {
	var who []string
	for range d.of(4) {
		who = append(who, fuzzWho[d.of(len(fuzzWho))])
	}
	return who
}

func (d *draw) rules() policy.Rules {
	rules := policy.Rules{Deny: d.who(), BreakGlass: d.who()}
	if d.of(3) > 0 {
		rules.Deny = nil // or nearly all would be denied
	}
	for range d.of(4) {
		rules.Allow = append(rules.Allow, policy.Rule{Who: d.who(), Max: time.Duration(d.of(4)) * time.Hour, OnCall: d.of(3) == 0})
	}
	if d.of(2) == 0 {
		rules.Approval = &policy.ApprovalPolicy{Approvers: d.who(), Count: 1 + d.of(2), Expires: time.Hour}
	}
	if d.of(4) == 0 {
		rules.Channels = []string{"C01"}
	}
	if d.of(4) == 0 {
		rules.Hours = &policy.Hours{
			Days: [7]bool{d.of(2) == 0, true}, From: time.Duration(d.of(24)) * time.Hour, To: time.Duration(d.of(24)) * time.Hour, Zone: time.UTC,
		}
	}
	if d.of(4) == 0 {
		rules.Reason = policy.ReasonPolicy{Required: true, Pattern: regexp.MustCompile("^INC-")}
	}
	return rules
}

func (d *draw) membership() *policy.Membership {
	if d.of(4) == 0 {
		return nil
	}
	m := map[string][]string{}
	for _, group := range []string{"S01", "S02"} {
		for _, person := range fuzzPeople {
			if d.of(2) == 0 {
				m[group] = append(m[group], person)
			}
		}
	}
	return policy.Members(m)
}

func (d *draw) ask() policy.Ask {
	return policy.Ask{
		Account: "prod", User: fuzzPeople[d.of(3)], Channel: []string{"", "C01"}[d.of(2)],
		Duration: time.Duration(d.of(5)) * time.Hour, Reason: []string{"", "INC-1", "down"}[d.of(3)], BreakGlass: d.of(4) == 0,
	}
}

// takeAway removes something that allows: an entry of break_glass, a rule, a name
// within one, or a rule's mark of being on call.
func (d *draw) takeAway(r policy.Rules) policy.Rules {
	r.Allow, r.BreakGlass = slices.Clone(r.Allow), slices.Clone(r.BreakGlass)
	drop := func(list []string) []string {
		i := d.of(len(list))
		return slices.Delete(slices.Clone(list), i, i+1)
	}
	switch d.of(4) {
	case 0:
		if len(r.BreakGlass) > 0 {
			r.BreakGlass = drop(r.BreakGlass)
		}
	case 1:
		if len(r.Allow) > 0 {
			i := d.of(len(r.Allow))
			r.Allow = slices.Delete(r.Allow, i, i+1)
		}
	case 2:
		if len(r.Allow) > 0 {
			if i := d.of(len(r.Allow)); len(r.Allow[i].Who) > 0 {
				r.Allow[i].Who = drop(r.Allow[i].Who)
			}
		}
	case 3:
		if len(r.Allow) > 0 {
			r.Allow[d.of(len(r.Allow))].OnCall = false
		}
	}
	return r
}

var effects = map[policy.Effect]int{policy.Deny: 0, policy.NeedApproval: 1, policy.Allow: 2}

// FuzzTakingAllowsAwayGivesNothing: no sequence of edits of the config that only
// remove what allows makes a Decision give more, or for longer.
func FuzzTakingAllowsAwayGivesNothing(f *testing.F) {
	f.Add([]byte{0, 0, 1, 2, 3, 1, 0, 1, 2, 0, 1, 1, 1, 1, 2, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3})
	f.Add([]byte{0, 1, 0, 1, 2, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 3, 1, 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &draw{data}
		c := &policy.Config{
			Users:    policy.Users(policy.User{Slack: "U01ALICE"}, policy.User{Slack: "U02BOB"}, policy.User{Slack: "U03CAROL"}),
			Groups:   map[string]policy.Group{"mixed": policy.NewGroup("U03CAROL", "S02")},
			Accounts: policy.Accounts(policy.Account{Name: "prod", DefaultDuration: time.Hour, MaxDuration: 3 * time.Hour, Rules: d.rules()}),
		}
		m, ask := d.membership(), d.ask()
		at := time.Date(2026, time.November, 22, d.of(24), 0, 0, 0, time.UTC).AddDate(0, 0, d.of(7))
		before := policy.Decide(c, m, ask, at)
		if again := policy.Decide(c, m, ask, at); again != before {
			t.Fatalf("got %+v and then %+v of the same arguments", before, again)
		}
		for range 8 {
			c.Accounts.Find("prod").Rules = d.takeAway(c.Accounts.Find("prod").Rules)
			after := policy.Decide(c, m, ask, at)
			if effects[after.Effect] > effects[before.Effect] || after.Effect == before.Effect && after.Effect != policy.Deny && after.Max > before.Max {
				t.Fatalf("got %+v after taking away from what gave %+v", after, before)
			}
			before = after
		}
	})
}
