package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/policy"
)

// indexed are Accounts with rules of d, some of which several have, in a Config.
func (d *draw) indexed() *policy.Config {
	c := &policy.Config{
		Users:  policy.Users(policy.User{Slack: "U01ALICE"}, policy.User{Slack: "U02BOB"}),
		Groups: map[string]policy.Group{"mixed": policy.NewGroup("U03CAROL", "U02BOB", "S02")},
	}
	rules := []policy.Rules{d.rules(), d.rules(), d.rules()}
	for i := range 6 {
		name := fmt.Sprintf("a%d", i)
		c.Accounts.Add(name, policy.Account{
			Name: name, DefaultDuration: time.Hour, MaxDuration: time.Duration(1+d.of(2)) * time.Hour, Rules: rules[d.of(len(rules))],
		})
	}
	return c
}

// FuzzAnIndexFindsWhatPolicyGives: the same Accounts, as narrow, in the same order, as
// when policy is asked about each.
func FuzzAnIndexFindsWhatPolicyGives(f *testing.F) {
	f.Add([]byte{1, 1, 5, 0, 2, 3, 2, 0, 1, 2, 4, 1, 0, 3, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 2, 2, 4, 0, 5, 1, 2, 1, 0, 0, 1, 2, 0, 1, 2, 1, 1, 0, 1, 0, 1})
	f.Add([]byte{2, 1, 2, 1, 1, 0, 1, 3, 4, 4, 4, 1, 1, 0, 0, 1, 3, 3, 3, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 0, 1, 0, 1, 1, 0})
	f.Add([]byte("\x05\xff\xff\x01\x00\x01\x01\xd9\xd9\xd9\xf7\xd9\x05\xff\xff\x05u\xfa\x03\xe4\x03\x03\x02\x02\x01\x00" +
		"\x01\x01\u069a$\x03\x03\x03\xe0f\xcb\x00\x00\x00\x01\x03\x03\x10\xa5!\xd9\u06a3\x85\x8f\x03\xdb$$$$\x00\x02\x02\x03\x00\x01\x00\b\x01\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &draw{data}
		c := d.indexed()
		m, user := d.membership(), fuzzPeople[d.of(len(fuzzPeople))]
		var want []policy.Account
		unknown := false
		for a := range c.Accounts.All() {
			decision := c.DecideWho(*a, m, policy.Ask{User: user})
			unknown = unknown || decision.Unknown
			if decision.Effect != policy.Deny {
				want = append(want, a.Narrowed(decision))
			}
		}
		asked := 0
		mine := c.Index().Mine(user, func() (*policy.Membership, error) {
			asked++
			if m == nil {
				return nil, errors.New("Slack is away")
			}
			return m, nil
		})
		got := slices.Collect(mine.All())
		byPattern := cmp.Comparer(func(a, b policy.ReasonPolicy) bool { return a.Required == b.Required })
		byZone := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
		if diff := cmp.Diff(want, got, byPattern, byZone); diff != "" || mine.Len() != len(want) || asked > 1 {
			t.Fatalf("asked %d times, %d (-want +got):\n%s", asked, mine.Len(), diff)
		}
		if mine.Complete != (asked == 0 || m != nil) || !mine.Complete && !unknown {
			t.Fatalf("got complete %t, asked %d times, something is unknown: %t", mine.Complete, asked, unknown)
		}
		for _, is := range []func(policy.Account) bool{
			func(policy.Account) bool { return true },
			func(a policy.Account) bool { return a.Approval == nil },
			func(a policy.Account) bool { return len(a.BreakGlass) > 0 },
			func(a policy.Account) bool { return a.MaxDuration > time.Hour },
		} {
			kinds := slices.Collect(mine.Kinds())
			i, j := slices.IndexFunc(want, is), slices.IndexFunc(kinds, is)
			if (i < 0) != (j < 0) || i >= 0 && want[i].Name != kinds[j].Name {
				t.Fatalf("got %d of the kinds %v, want %d of %v", j, kinds, i, want)
			}
		}
	})
}
