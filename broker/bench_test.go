package broker_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
)

// configSizes are users × accounts.
var configSizes = []struct{ users, accounts int }{{100, 10}, {2000, 100}, {10000, 1000}}

func userID(i int) string { return fmt.Sprintf("U%08d", i) }

// sized is a config of which the last user may have every second account: by a
// Slack user group, by a group of the config, or by name.
func sized(users, accounts int) (*policy.Config, map[string][]string) {
	c := &policy.Config{Workspaces: []string{"T0123"}, RevealWindow: 10 * time.Minute, Groups: map[string]policy.Group{}}
	slack, own := map[string][]string{}, map[string][]string{}
	for i := range users {
		c.Users.Add(userID(i), policy.User{Slack: userID(i), Name: fmt.Sprintf("user%d", i), SessionName: fmt.Sprintf("user%d", i)})
		in := fmt.Sprintf("S%04d", i%20)
		slack[in] = append(slack[in], userID(i))
		group := fmt.Sprintf("group%d", i%20)
		own[group] = append(own[group], userID(i))
	}
	for name, members := range own {
		c.Groups[name] = policy.NewGroup(members...)
	}
	for i := range accounts {
		list := []string{userID(i), fmt.Sprintf("S%04d", i%20), fmt.Sprintf("S%04d", (i+1)%20), fmt.Sprintf("group%d", (i+2)%20)}
		if i%4 == 0 {
			list = append(list, userID(users-1))
		}
		name := fmt.Sprintf("account%d", i)
		c.Accounts.Add(name, policy.Account{
			Name: name, DefaultDuration: time.Hour, MaxDuration: time.Hour, MFA: policy.MFASession,
			Rules: policy.Rules{Allow: []policy.Rule{{Who: list}}, Deny: []string{"S0005"}},
		})
	}
	return c, slack
}

// decoded are groups as the bot has them, made once.
type decoded struct{ groups *policy.Membership }

func (d decoded) Groups(context.Context) (*policy.Membership, error) { return d.groups, nil }

func BenchmarkHelp(b *testing.B) {
	for _, size := range configSizes {
		b.Run(fmt.Sprintf("%dx%d", size.users, size.accounts), func(b *testing.B) {
			m := newMemory()
			c, slack := sized(size.users, size.accounts)
			br := broker.New(broker.Deps{
				Config: c, Directory: decoded{policy.Members(slack)}, People: m, Recorder: m, Approvals: m, Orders: m,
				Now: time.Now, Log: slog.New(slog.DiscardHandler),
			})
			r := broker.Request{ID: "1", Caller: broker.Caller{User: userID(size.users - 1), Team: "T0123"}}
			for b.Loop() {
				mine, _, err := br.Explaining.Help(b.Context(), r)
				if err != nil || !mine.Complete {
					b.Fatal(mine.Complete, err)
				}
				for range mine.Kinds() { // one that needs no approval is shown
					break
				}
			}
		})
	}
}

func BenchmarkConfigUser(b *testing.B) {
	for _, size := range configSizes {
		b.Run(fmt.Sprintf("%dx%d", size.users, size.accounts), func(b *testing.B) {
			c, _ := sized(size.users, size.accounts)
			last := userID(size.users - 1)
			for b.Loop() {
				if _, known := c.User(last); !known {
					b.Fatal("not known")
				}
			}
		})
	}
}
