package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/policy"
)

func TestAMembershipSaysWhatTheListsOfItsGroupsSay(t *testing.T) {
	lists := map[string][]string{
		"S01": {"U01ALICE", "U02BOB"},
		"S02": {"U02BOB", "W03CAROL", "U02BOB"},
		"S03": {},
	}
	m := policy.Members(lists)
	for _, group := range []string{"S01", "S02", "S03", "S04"} {
		for _, person := range []string{"U01ALICE", "U02BOB", "W03CAROL", "U04DAVE", ""} {
			if got, want := m.Has(group, person), slices.Contains(lists[group], person); got != want {
				t.Errorf("%s in %s: got %t, want %t", person, group, got, want)
			}
		}
		if got, want := slices.Collect(m.In(group)), lists[group]; !slices.Equal(got, want) {
			t.Errorf("in %s: got %v, want %v", group, got, want)
		}
	}
	if policy.Members(nil) != nil {
		t.Error("of no lists: got a Membership, want that it is unknown")
	}
}

func TestAMembershipKnowsAPersonByAllTheirIDs(t *testing.T) {
	m := policy.Members(map[string][]string{"S01": {"U01ALICE", "W02BOB"}, "S02": {"U02BOB"}})
	called := m.Calling("U02BOB", []string{"U02BOB", "W02BOB"}).Calling("W01ALICE", []string{"U01ALICE", "W01ALICE"})
	for _, test := range []struct {
		of            *policy.Membership
		group, person string
		want          bool
	}{
		{m, "S01", "U02BOB", false},
		{called, "S01", "U02BOB", true},
		{called, "S02", "U02BOB", true},
		{called, "S01", "W01ALICE", true},
		{called, "S02", "W01ALICE", false},
	} {
		if got := test.of.Has(test.group, test.person); got != test.want {
			t.Errorf("%s in %s: got %t, want %t", test.person, test.group, got, test.want)
		}
	}
	if diff := cmp.Diff([]string{"W01ALICE", "U02BOB"}, slices.Collect(called.In("S01"))); diff != "" {
		t.Errorf("in S01 (-want +got):\n%s", diff)
	}
	for groups, want := range map[*policy.Membership][2]bool{ // for U… and for W…
		m: {true, true}, policy.Members(map[string][]string{"S01": {"U01ALICE"}}): {false, true},
		policy.Members(map[string][]string{"S01": {"W01ALICE"}}): {true, false}, policy.Members(map[string][]string{}): {},
	} {
		if got := [2]bool{groups.Mixed("U03CAROL"), groups.Mixed("W03CAROL")}; got != want {
			t.Errorf("mixed: got %v, want %v", got, want)
		}
	}
}

// BenchmarkMembership is what a Request asks.
func BenchmarkMembership(b *testing.B) {
	for _, size := range []int{0, 100, 100_000} {
		lists := map[string][]string{"S01": nil}
		for i := range size {
			lists["S01"] = append(lists["S01"], fmt.Sprintf("U%08d", i))
		}
		m, last := policy.Members(lists), fmt.Sprintf("U%08d", size-1)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				if m.Mixed(last) || m.Has("S01", last) != (size > 0) {
					b.Fatal("it is wrong")
				}
			}
		})
	}
}
