package approval_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func TestWhatIsExpiredTwiceStillSaysWhatTheStoreHas(t *testing.T) {
	k := approval.Kept{Approval: approval.Approval{State: approval.Waiting, Expires: noon}, Now: noon}
	for range 2 {
		if k.Expire(); k.State != approval.Expired || k.Stored != approval.Waiting {
			t.Errorf("got %s, and %s in the store, want it expired, and waiting in the store", k.State, k.Stored)
		}
	}
}

func TestOnlyWhatWaitsOrCanBeUsedExpires(t *testing.T) {
	for state, want := range map[approval.State]approval.State{
		approval.Waiting: approval.Expired, approval.Approved: approval.Expired, approval.Used: approval.Used, approval.Denied: approval.Denied,
		approval.Cancelled: approval.Cancelled, approval.Expired: approval.Expired, approval.Acknowledged: approval.Acknowledged,
	} {
		k := approval.Kept{Approval: approval.Approval{State: state, Expires: noon}, Now: noon}
		if k.Expire(); k.State != want || k.Open() {
			t.Errorf("%s: got %s, open %t, want %s", state, k.State, k.Open(), want)
		}
		k = approval.Kept{Approval: approval.Approval{State: state, Expires: noon}, Now: noon.Add(-time.Nanosecond)}
		open := state == approval.Waiting || state == approval.Approved
		if k.Expire(); k.State != state || k.Open() != open {
			t.Errorf("%s in time: got %s, open %t, want it as it is", state, k.State, k.Open())
		}
	}
}

// vault is an Account that two may approve by name, and others by a user group.
var vault = policy.Account{
	Name: "vault", RoleARN: "arn:aws:iam::222222222222:role/Vault",
	Rules: policy.Rules{Approval: &policy.ApprovalPolicy{Approvers: []string{"U02BOB", "U01ALICE", "S02LEADS"}, Count: 2}},
}

func ofVault() approval.Approval {
	return approval.Approval{User: "U01ALICE", Account: vault.Name, RoleARN: vault.RoleARN, Terms: vault.Terms(), Duration: time.Hour}
}

func TestAnApprovalIsForExactlyOnePersonAccountAndDuration(t *testing.T) {
	for name, test := range map[string]struct {
		change func(a *approval.Approval, now *policy.Account)
		d      time.Duration
		not    bool
	}{
		"that duration":      {d: time.Hour},
		"as long as it is":   {},
		"another duration":   {d: 2 * time.Hour, not: true},
		"another person":     {change: func(a *approval.Approval, _ *policy.Account) { a.User = "U02BOB" }, not: true},
		"another account":    {change: func(a *approval.Approval, _ *policy.Account) { a.Account = "prod" }, not: true},
		"another role since": {change: func(_ *approval.Approval, now *policy.Account) { now.RoleARN += "2" }, not: true},
		"more since":         {change: func(_ *approval.Approval, now *policy.Account) { now.SessionPolicy = "{}" }, not: true},
		"only taken note of": {change: func(a *approval.Approval, _ *policy.Account) { a.Acknowledge = true }, not: true},
	} {
		a, now := ofVault(), vault
		if test.change != nil {
			test.change(&a, &now)
		}
		if got := a.For("U01ALICE", now, test.d); got == test.not {
			t.Errorf("%s: got %t, want %t", name, got, !test.not)
		}
	}
}

func TestWhatIsAskedTwiceIsTheSameOnlyIfAllOfItIs(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*approval.Approval)
		want   bool
	}{
		"nothing":        {func(*approval.Approval) {}, true},
		"the reason":     {func(a *approval.Approval) { a.Reason = "another" }, true},
		"the account":    {func(a *approval.Approval) { a.Account = "prod" }, false},
		"the role":       {func(a *approval.Approval) { a.RoleARN += "2" }, false},
		"the terms":      {func(a *approval.Approval) { a.Terms = "" }, false},
		"the duration":   {func(a *approval.Approval) { a.Duration = 2 * time.Hour }, false},
		"a note of it":   {func(a *approval.Approval) { a.Acknowledge = true }, false},
		"how many votes": {func(a *approval.Approval) { a.Needs = 9 }, true},
	} {
		a := ofVault()
		test.change(&a)
		if got := a.Same(ofVault()); got != test.want {
			t.Errorf("%s differs: got same %t, want %t", name, got, test.want)
		}
	}
}

func TestOnlyVotesOfApproversOfTodayCountAndNeverOnesOwn(t *testing.T) {
	leads := policy.Members(map[string][]string{"S02LEADS": {"U03CAROL"}})
	for name, test := range map[string]struct {
		voters []string
		groups *policy.Membership
		want   int
	}{
		"nobody":                       {nil, leads, 0},
		"by name":                      {[]string{"U02BOB"}, leads, 1},
		"by group":                     {[]string{"U02BOB", "U03CAROL"}, leads, 2},
		"one's own":                    {[]string{"U01ALICE", "U02BOB"}, leads, 1},
		"no approver any more":         {[]string{"U02BOB", "U04DAVE"}, leads, 1},
		"left the group":               {[]string{"U03CAROL"}, policy.Members(map[string][]string{}), 0},
		"nobody knows who is in it":    {[]string{"U03CAROL"}, nil, 0},
		"by name while nobody knows":   {[]string{"U02BOB"}, nil, 1},
		"one's own while nobody knows": {[]string{"U01ALICE"}, nil, 0},
	} {
		a := ofVault()
		for _, id := range test.voters {
			a.Votes = append(a.Votes, approval.Vote{User: id})
		}
		if got := a.VotesThatCount(&policy.Config{}, vault, test.groups); got != test.want {
			t.Errorf("%s: got %d votes that count, want %d", name, got, test.want)
		}
	}
}
