package broker_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
)

// another is the bench's broker on a replica that has another config.
func (b *bench) another(change func(*policy.Account)) *broker.Broker {
	mine := b.config
	defer func() { b.config = mine }()
	other := *mine
	prod := *mine.Accounts.Find("prod")
	change(&prod)
	other.Accounts = policy.Accounts(prod, *mine.Accounts.Find("hub"))
	b.config = &other
	return b.with(b.client)
}

// TestTwoConfigsDuringARollout: each replica goes by its own config, and what one
// was asked counts on no other that would not have asked it.
func TestTwoConfigsDuringARollout(t *testing.T) {
	b := newVault(t, 1)
	for name, change := range map[string]func(*policy.Account){
		"no approval yet":     func(a *policy.Account) { a.Approval = nil },
		"another role":        func(a *policy.Account) { a.RoleARN = "arn:aws:iam::222222222222:role/Another" },
		"the account is gone": func(a *policy.Account) { a.Name = "gone" },
	} {
		t.Run(name, func(t *testing.T) {
			other, a := b.another(change), b.ask(t)
			_, err := other.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID)
			wantCode(t, err, broker.CodeApprovalGone)
			_, err = other.Voting.DenyApproval(t.Context(), b.from("U02BOB"), a.User, a.ID, "")
			wantCode(t, err, broker.CodeApprovalGone)
			if got, err := b.Pending.Approval(t.Context(), a.User, a.ID); err != nil || got.State != approval.Waiting || len(got.Votes) > 0 {
				t.Errorf("got %+v, %v, want that it waits untouched", got, err)
			}
			if got := other.Asking.Approvers(a); name != "another role" && len(got) > 0 {
				t.Errorf("got approvers %v of what that config does not know", got)
			}
			if _, err := b.Pending.CancelApprovals(t.Context(), b.from("U01ALICE")); err != nil {
				t.Fatal(err)
			}
		})
	}
	stricter := b.another(func(a *policy.Account) {
		a.Approval = &policy.ApprovalPolicy{Approvers: []string{"S02LEADS"}, Count: 2, Expires: time.Hour}
	})
	a := b.approve(t, b.ask(t), "U02BOB")
	r := b.request("prod", b.device.Code())
	r.Approval = a.ID
	_, err := stricter.Issuing.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeApprovalGone)
	if n := len(b.aws.Calls()); n > 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
	if _, err := b.Issue(t.Context(), r); err != nil {
		t.Errorf("the replica that asked for one approval: %v", err)
	}
}
