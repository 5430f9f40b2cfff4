package broker_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

func (m *memory) ApprovalClock(context.Context) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asOf(), m.saveErr
}

func (m *memory) SaveApproval(_ context.Context, a approval.Approval, keep time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.approvalFor = keep
	if _, there := m.approvals[a.ID]; there || m.saveErr != nil {
		return fmt.Errorf("%s is there already, or %w", a.ID, m.saveErr)
	}
	m.approvals[a.ID] = a
	return nil
}

func (m *memory) LoadApproval(_ context.Context, user, id string) (approval.Kept, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.approvals[id]
	return approval.Kept{Approval: a, Sealed: []byte(fmt.Sprint(a)), Now: m.asOf()}, ok && a.User == user, m.saveErr
}

func (m *memory) SwapApproval(_ context.Context, old approval.Kept, a approval.Approval) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if string(old.Sealed) != fmt.Sprint(m.approvals[a.ID]) || m.saveErr != nil {
		return false, m.saveErr
	}
	m.approvals[a.ID] = a
	return true, nil
}

func (m *memory) ApprovalsOf(_ context.Context, user string) ([]approval.Kept, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []approval.Kept
	for _, a := range m.approvals {
		if a.User == user {
			out = append(out, approval.Kept{Approval: a, Sealed: []byte(fmt.Sprint(a)), Now: m.asOf()})
		}
	}
	slices.SortFunc(out, func(a, b approval.Kept) int { return a.Asked.Compare(b.Asked) })
	return out, m.saveErr
}

// newVault is a bench whose prod needs the approval of count of S02LEADS.
func newVault(t *testing.T, count int) *bench {
	t.Helper()
	b := newBench(t)
	b.groups["S02LEADS"] = []string{"U02BOB", "U03CAROL", "U01ALICE"}
	b.config.Accounts.Find("prod").Approval = &policy.ApprovalPolicy{Approvers: []string{"S02LEADS"}, Count: count, Expires: 30 * time.Minute}
	return b
}

func (b *bench) advance(d time.Duration) { b.offset += d }

// ask is alice's question for prod.
func (b *bench) ask(t *testing.T) approval.Approval {
	t.Helper()
	r := b.request("prod", b.device.Code())
	r.Reason, r.Duration = "INC-1", 2*time.Hour
	_, err := b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeNeedsApproval)
	a, again, err := b.Asking.Ask(t.Context(), r)
	if err != nil || again || a.State != approval.Waiting {
		t.Fatalf("got %+v, %t, %v, want a new one that waits", a, again, err)
	}
	return a
}

func (b *bench) from(user string) broker.Request {
	r := b.request("", "")
	r.Caller.User = user
	return r
}

// approve is bob's and carol's consent.
func (b *bench) approve(t *testing.T, a approval.Approval, by ...string) approval.Approval {
	t.Helper()
	for _, user := range by {
		var err error
		if a, err = b.Voting.Approve(t.Context(), b.from(user), a.User, a.ID); err != nil {
			t.Fatalf("%s: %v", user, err)
		}
	}
	return a
}

func TestAnApprovalIsUsedOnceForExactlyWhatItWasGiven(t *testing.T) {
	b := newVault(t, 2)
	a := b.ask(t)
	if got := b.approve(t, a, "U02BOB"); got.State != approval.Waiting || len(got.Votes) != 1 {
		t.Errorf("got %+v after one of two, want that it waits", got)
	}
	if got := b.approve(t, a, "U03CAROL"); got.State != approval.Approved || got.Expires.Sub(b.now()).Round(time.Minute) != time.Hour {
		t.Errorf("got %+v after two of two, want an hour to use it", got)
	}
	longer := b.request("prod", b.device.Code())
	longer.Approval, longer.Duration = a.ID, 3*time.Hour
	_, err := b.Issue(t.Context(), longer)
	wantCode(t, err, broker.CodeApprovalGone)

	r := b.request("prod", b.device.Code())
	issued, err := b.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got := b.last(t)
	voters := []event.Person{{ID: "U02BOB", Name: "U02BOB"}, {ID: "U03CAROL", Name: "U03CAROL"}}
	if diff := cmp.Diff(voters, got.ApprovedBy); diff != "" || got.Approval != a.ID || got.Reason != "INC-1" || got.Seconds != 7200 {
		t.Errorf("got %+v on the record, want the approval (-want +got):\n%s", got, diff)
	}
	if issued.Grant.Approval != a.ID {
		t.Errorf("got a grant of approval %q, want %q", issued.Grant.Approval, a.ID)
	}
	b.advance(30 * time.Second)
	_, err = b.Issue(t.Context(), b.request("prod", b.device.Code()))
	wantCode(t, err, broker.CodeNeedsApproval)
	again := b.request("prod", b.device.Code())
	again.Approval = a.ID
	_, err = b.Issue(t.Context(), again)
	if e := wantCode(t, err, broker.CodeApprovalGone); !strings.Contains(prose.Plain(e.What), "used already") {
		t.Errorf("got %q, want that it was used", prose.Plain(e.What))
	}
}

func TestACodeSentForApprovalIsNeitherUsedNorReserved(t *testing.T) {
	b := newVault(t, 1)
	b.ask(t)
	if len(b.codes) > 0 || len(b.aws.Calls()) > 0 {
		t.Errorf("got reserved codes %v and %d calls to AWS, want neither", b.codes, len(b.aws.Calls()))
	}
}

func TestNobodyDecidesWhoMayNot(t *testing.T) {
	b := newVault(t, 2)
	a := b.ask(t)
	wants := func(user string, want broker.Code) {
		t.Helper()
		_, err := b.Voting.Approve(t.Context(), b.from(user), a.User, a.ID)
		wantCode(t, err, want)
	}
	wants("U01ALICE", broker.CodeOwnApproval)
	wants("U04DAVE", broker.CodeNotApprover)
	b.approve(t, a, "U02BOB")
	wants("U02BOB", broker.CodeApprovedOnce)
	foreign := b.from("U03CAROL")
	foreign.Caller.Team = "T0999"
	_, err := b.Voting.Approve(t.Context(), foreign, a.User, a.ID)
	wantCode(t, err, broker.CodeWorkspace)
	b.standing = &broker.Standing{Team: "T0123", Guest: true}
	wants("U03CAROL", broker.CodeNotAMember)
	b.standing = nil
	b.groupErr = errDown
	wants("U03CAROL", broker.CodeDirectory)
	b.groupErr = nil
	b.saveErr = errDown
	wants("U03CAROL", broker.CodeStore)
	b.saveErr = nil
	if got, err := b.Pending.Approval(t.Context(), a.User, a.ID); err != nil || got.State != approval.Waiting || len(got.Votes) != 1 {
		t.Errorf("got %+v, %v, want that one vote counts", got, err)
	}
}

func TestAnApproverWhoLeftCountsNoMore(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	b.groups["S02LEADS"] = []string{"U03CAROL"}
	r := b.request("prod", b.device.Code())
	r.Approval = a.ID
	_, err := b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeApprovalGone)
	if n := len(b.aws.Calls()); n > 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
	b.groupErr = errDown
	_, err = b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeDirectory)
	b.groups["S02LEADS"], b.groupErr = []string{"U02BOB"}, nil
	b.config.Accounts.Find("prod").RoleARN = "arn:aws:iam::222222222222:role/Another"
	_, err = b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeApprovalGone)
}

func TestPolicyIsAskedAgainWhenAnApprovalIsUsed(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	b.config.Accounts.Find("prod").Deny = []string{"U01ALICE"}
	r := b.request("prod", b.device.Code())
	r.Approval = a.ID
	_, err := b.Issue(t.Context(), r)
	if e := wantCode(t, err, broker.CodeNotAllowed); e.Rule != "deny U01ALICE" {
		t.Errorf("got rule %q, want the deny", e.Rule)
	}
}

func TestAWrongCodeGivesTheApprovalBack(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	r := b.request("prod", "000000")
	r.Approval = a.ID
	_, err := b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeWrongCode)
	b.failOn[event.Intent] = true
	r = b.request("prod", b.device.Code())
	r.Approval = a.ID
	_, err = b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeRecord)
	b.failOn[event.Intent] = false
	if _, err = b.Issue(t.Context(), r); err != nil {
		t.Errorf("the approval was not given back: %v", err)
	}
}

func TestALostAnswerLeavesTheApprovalUsed(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	b.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, LoseAnswer: true})
	r := b.request("prod", b.device.Code())
	r.Approval = a.ID
	_, err := b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeOutcomeUnknown)
	if got, err := b.Pending.Approval(t.Context(), a.User, a.ID); err != nil || got.State != approval.Used {
		t.Errorf("got %v, %v, want that it is used: credentials may exist", got.State, err)
	}
}

func TestApprovalsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(t *testing.T, b *bench, a approval.Approval)
		want approval.State
	}{
		"denied": {func(t *testing.T, b *bench, a approval.Approval) {
			if _, err := b.Voting.DenyApproval(t.Context(), b.from("U02BOB"), a.User, a.ID, "not today"); err != nil {
				t.Error(err)
			}
			if got := b.last(t); got.Comment != "not today" || got.Actor.User != "U02BOB" || got.Target.ID != "U01ALICE" {
				t.Errorf("got %+v on the record, want bob's comment", got)
			}
		}, approval.Denied},
		"cancelled": {func(t *testing.T, b *bench, a approval.Approval) {
			if got, err := b.Pending.CancelApprovals(t.Context(), b.from("U01ALICE")); err != nil || len(got) != 1 || got[0].ID != a.ID {
				t.Errorf("got %v, %v, want it cancelled", got, err)
			}
			if got, err := b.Pending.CancelApprovals(t.Context(), b.from("U01ALICE")); err != nil || len(got) > 0 {
				t.Errorf("again: got %v, %v, want nothing", got, err)
			}
		}, approval.Cancelled},
		"expired": {func(t *testing.T, b *bench, a approval.Approval) {
			if _, left, err := b.Pending.ExpireApproval(t.Context(), a.User, a.ID); err != nil || left <= 0 {
				t.Errorf("got %s left, %v, want that it is not over", left, err)
			}
			b.advance(31 * time.Minute)
			for range 2 {
				if got, left, err := b.Pending.ExpireApproval(t.Context(), a.User, a.ID); err != nil || left > 0 || got.State != approval.Expired {
					t.Errorf("got %+v, %s, %v, want expired", got, left, err)
				}
			}
			if n := countStates(b, approval.Expired); n != 1 {
				t.Errorf("got %d events of the expiry, want 1", n)
			}
		}, approval.Expired},
		"expired unnoticed": {func(_ *testing.T, b *bench, _ approval.Approval) { b.advance(31 * time.Minute) }, approval.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			b := newVault(t, 1)
			a := b.ask(t)
			test.do(t, b, a)
			if got, err := b.Pending.Approval(t.Context(), a.User, a.ID); err != nil || got.State != test.want {
				t.Errorf("got %v, %v, want %s", got.State, err, test.want)
			}
			_, err := b.Voting.Approve(t.Context(), b.from("U03CAROL"), a.User, a.ID)
			wantCode(t, err, broker.CodeApprovalGone)
			_, err = b.Issue(t.Context(), b.request("prod", b.device.Code()))
			wantCode(t, err, broker.CodeNeedsApproval)
		})
	}
}

func countStates(b *bench, s approval.State) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.events {
		if e.Kind == event.Approval && e.State == s {
			n++
		}
	}
	return n
}

func TestAnApprovalUnusedForAnHourIsOver(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	b.advance(61 * time.Minute)
	r := b.request("prod", b.device.Code())
	r.Approval = a.ID
	_, err := b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeApprovalGone)
}

func TestTheSameQuestionIsAskedOnce(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	r := b.request("prod", "")
	r.Duration = 2 * time.Hour
	if got, again, err := b.Asking.Ask(t.Context(), r); err != nil || !again || got.ID != a.ID {
		t.Errorf("got %+v, %t, %v, want the one that waits", got, again, err)
	}
	for i := range 4 {
		r := b.request("prod", "")
		r.Duration = time.Duration(3+i) * time.Hour
		if _, _, err := b.Asking.Ask(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	r = b.request("prod", "")
	_, _, err := b.Asking.Ask(t.Context(), r)
	wantCode(t, err, broker.CodeTooMany)
}

func TestOfDecisionsAtOnceOneCounts(t *testing.T) {
	b := newVault(t, 1)
	for range 50 {
		a := b.ask(t)
		var wg sync.WaitGroup
		results := make([]error, 2)
		wg.Go(func() { _, results[0] = b.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID) })
		wg.Go(func() { _, results[1] = b.Voting.DenyApproval(t.Context(), b.from("U03CAROL"), a.User, a.ID, "") })
		wg.Wait()
		if (results[0] == nil) == (results[1] == nil) {
			t.Fatalf("got %v and %v, want that one of two counts", results[0], results[1])
		}
		if _, err := b.Pending.CancelApprovals(t.Context(), b.from("U01ALICE")); err != nil {
			t.Fatal(err)
		}
		b.advance(15 * time.Minute) // to ask and cancel in a row has a limit
	}
}

func TestWhoeverIsOnCallNeedsNoApproval(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").Allow = append(b.config.Accounts.Find("prod").Allow, policy.Rule{Who: []string{"S03PAGER"}, OnCall: true})
	_, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	wantCode(t, err, broker.CodeNeedsApproval)
	b.groups["S03PAGER"] = []string{"U01ALICE"}
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	if got := b.last(t); got.Rule != "oncall S03PAGER" {
		t.Errorf("got rule %q on the record, want the on-call group", got.Rule)
	}
}

func TestBreakGlassNeedsAReasonAndAFreshCodeAndNoApproval(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").BreakGlass, b.config.Accounts.Find("prod").MFA = []string{"U01ALICE"}, policy.MFANone
	r := b.request("prod", "")
	r.BreakGlass = true
	_, err := b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeReason)
	if got := b.kinds(); len(got) != 0 {
		t.Errorf("got %v on the record, want nothing: the form asks for the reason", got)
	}
	r.Reason = "all of prod is down"
	_, err = b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeNeedsCode)
	r.Code, _ = secret.ParseTokenCode(b.device.Code())
	issued, err := b.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.last(t); !got.BreakGlass || !got.MFA || got.Rule != "break_glass U01ALICE" || !issued.Grant.BreakGlass {
		t.Errorf("got %+v, want it flagged", got)
	}
	use := approval.Approval{ID: r.ID, User: "U01ALICE", UserName: "alice", Account: "prod"}
	a, err := b.Voting.AskToAcknowledge(t.Context(), use)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := b.Voting.AskToAcknowledge(t.Context(), use); err != nil || again.ID != a.ID {
		t.Errorf("a repeat: got %+v, %v, want the same", again, err)
	}
	_, err = b.Voting.Acknowledge(t.Context(), b.from("U01ALICE"), a.User, a.ID)
	wantCode(t, err, broker.CodeOwnApproval)
	_, err = b.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID)
	wantCode(t, err, broker.CodeApprovalGone)
	got, err := b.Voting.Acknowledge(t.Context(), b.from("U02BOB"), a.User, a.ID)
	if err != nil || got.State != approval.Acknowledged || got.EndedBy.User != "U02BOB" {
		t.Errorf("got %+v, %v, want bob's acknowledgement", got, err)
	}
	b.config.Accounts.Find("prod").Deny = []string{"*"}
	_, err = b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeNotAllowed)
	b.config.Accounts.Find("prod").Deny, b.config.Accounts.Find("prod").BreakGlass = nil, nil
	_, err = b.Issue(t.Context(), r)
	wantCode(t, err, broker.CodeNotAllowed)
}

func TestWhatAnApprovalGaveIsShownAgainWithoutAnother(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	r := b.request("prod", b.device.Code())
	r.Approval = a.ID
	issued, err := b.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Holding.Reveal(t.Context(), b.request("prod", ""), issued.Grant.ID); err != nil {
		t.Errorf("show again: %v", err)
	}
	if _, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), ""); err != nil {
		t.Errorf("buckets: %v", err)
	}
	b.mu.Lock()
	kept := b.grants["U01ALICE"+"prod"]
	kept.Approval = ""
	b.grants["U01ALICE"+"prod"] = kept
	b.mu.Unlock()
	_, err = b.Holding.Reveal(t.Context(), b.request("prod", ""), issued.Grant.ID)
	wantCode(t, err, broker.CodeNeedsApproval)
}
