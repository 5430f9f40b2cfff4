package compare

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// TestNobodyGainsUnseen: over any two policies, somebody may have more by some user groups,
// however many, if and only if the Report tells of a gain.
func TestNobodyGainsUnseen(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	gained := 0
	for range 1000 {
		before, after := someConfig(random), someConfig(random)
		told := len(accessGains(Configs(before, after))) > 0
		if told {
			gained++
		}
		if want := anybodyGains(before.Broker, after.Broker); told != want {
			t.Fatalf("got a gain told: %v, want %v\nbefore %s\nafter  %s", told, want, shown(before), shown(after))
		}
	}
	if gained == 0 || gained == 1000 {
		t.Errorf("got %d gains, want some and not always", gained)
	}
}

func shown(c config.Config) string {
	a, _ := c.Broker.Account("prod")
	return reach(c.Broker, a)
}

func accessGains(r Report) []Change {
	var all []Change
	for _, c := range r.Of(Gains) {
		if c.What == "access" {
			all = append(all, c)
		}
	}
	return all
}

var slackGroups = []string{"S1", "S2", "S3", "S4"}

// someConfig has one account, two users and one group, and rules that differ little.
func someConfig(random *rand.Rand) config.Config {
	var names []string
	for _, name := range append([]string{"U1", "U2", "*", "own"}, slackGroups...) {
		if random.IntN(4) == 0 {
			names = append(names, name)
		}
	}
	some := func() []string {
		var who []string
		for _, name := range names {
			if random.IntN(3) == 0 {
				who = append(who, name)
			}
		}
		return who
	}
	a := policy.Account{Name: "prod", MaxDuration: 4 * time.Hour}
	a.Deny = some()
	for range 1 + random.IntN(2) {
		a.Allow = append(a.Allow, policy.Rule{Who: some(), Max: time.Duration(random.IntN(3)) * time.Hour, OnCall: random.IntN(3) == 0})
	}
	if random.IntN(2) == 0 {
		a.Approval, a.BreakGlass = &policy.ApprovalPolicy{Approvers: []string{"U9"}, Count: 1}, some()
	}
	return config.Config{Broker: policy.Config{
		Users:    policy.Users(policy.User{Slack: "U1", SessionName: "one"}, policy.User{Slack: "U2", SessionName: "two"}),
		Accounts: policy.Accounts(a),
		Groups:   map[string]policy.Group{"own": policy.NewGroup("U2", "S4")},
	}}
}

// anybodyGains tries everybody in all sets of groups.
func anybodyGains(before, after policy.Config) bool {
	before, after = withAnybody(before), withAnybody(after)
	was, _ := before.Account("prod")
	is, _ := after.Account("prod")
	for _, user := range []string{"U1", "U2", anybody} {
		for set := range 1 << len(slackGroups) {
			in := map[string][]string{}
			for i, g := range slackGroups {
				if set&(1<<i) != 0 {
					in[g] = []string{user}
				}
			}
			members := policy.Members(in)
			for minutes := 15; minutes <= 4*60; minutes += 15 {
				for _, glass := range []bool{false, true} {
					ask := policy.Ask{User: user, Account: "prod", Duration: time.Duration(minutes) * time.Minute, BreakGlass: glass}
					if ranks[after.DecideWho(is, members, ask).Effect] > ranks[before.DecideWho(was, members, ask).Effect] {
						return true
					}
				}
			}
		}
	}
	return false
}
