package broker_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
)

// wantRefusedUse is that alice cannot use an approval, and AWS is not asked.
func (b *bench) wantRefusedUse(t *testing.T, a approval.Approval, want broker.Code) {
	t.Helper()
	r := b.request("prod", b.device.Code())
	r.Approval = a.ID
	wantCode(t, second(b.Issue(t.Context(), r)), want)
	if n := len(b.aws.Calls()); n > 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
}

func (b *bench) wantState(t *testing.T, a approval.Approval, want approval.State) {
	t.Helper()
	if got, err := b.Pending.Approval(t.Context(), a.User, a.ID); err != nil || got.State != want {
		t.Errorf("got %s, %v, want %s", got.State, err, want)
	}
}

// TestWhoApprovedIsLookedAtAgainWhenAnApprovalIsUsed: there must still be enough
// of them, by what was asked for then and by today's config.
func TestWhoApprovedIsLookedAtAgainWhenAnApprovalIsUsed(t *testing.T) {
	for name, test := range map[string]struct {
		count int
		since func(b *bench, a approval.Approval)
	}{
		"more are needed": {1, func(b *bench, _ approval.Approval) { b.config.Accounts.Find("prod").Approval.Count = 2 }},
		"fewer are needed, and one left": {2, func(b *bench, _ approval.Approval) {
			b.config.Accounts.Find("prod").Approval.Count, b.groups["S02LEADS"] = 1, []string{"U02BOB"}
		}},
		"one is deactivated": {1, func(b *bench, _ approval.Approval) { b.left = "U02BOB" }},
		"one is blocked": {1, func(b *bench, _ approval.Approval) {
			b.orders.blocks = map[string]broker.Order{"U02BOB": {By: adminID, At: time.Now()}}
		}},
		"it is who asked": {1, func(b *bench, a approval.Approval) {
			a.Votes = []approval.Vote{{User: a.User}}
			b.approvals[a.ID] = a
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newVault(t, test.count)
			a := b.approve(t, b.ask(t), []string{"U02BOB", "U03CAROL"}[:test.count]...)
			test.since(b, a)
			b.wantRefusedUse(t, a, broker.CodeApprovalGone)
			b.wantState(t, a, approval.Approved)
		})
	}
}

// TestOfTwoRequestsAtOnceOneUsesTheApproval lets another be first, after this one
// has seen that the approval is there.
func TestOfTwoRequestsAtOnceOneUsesTheApproval(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	looks := 0
	b.orders.when = func() bool {
		if looks++; looks == 2 { // the first is about alice, this one about bob
			b.mu.Lock()
			defer b.mu.Unlock()
			a.State, a.UsedBy = approval.Used, "another"
			b.approvals[a.ID] = a
		}
		return false
	}
	b.wantRefusedUse(t, a, broker.CodeApprovalGone)
	if looks < 2 || b.approvals[a.ID].UsedBy != "another" {
		t.Errorf("got %d looks and used by %q, want that the other used it", looks, b.approvals[a.ID].UsedBy)
	}
}

func TestARequestThatNamesNoApprovalUsesTheNewest(t *testing.T) {
	b := newVault(t, 1)
	b.approve(t, b.ask(t), "U02BOB")
	b.advance(time.Second)
	r := b.request("prod", "")
	r.Duration = time.Hour
	newest, _, err := b.Asking.Ask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	b.approve(t, newest, "U02BOB")
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil || issued.Grant.Approval != newest.ID {
		t.Errorf("got approval %q, %v, want the newest, %s", issued.Grant.Approval, err, newest.ID)
	}
}

// TestAnApprovalWhoseTimeIsOverIsNoneToARequestThatNamesNone: it is to be asked
// for anew, rather than refused.
func TestAnApprovalWhoseTimeIsOverIsNoneToARequestThatNamesNone(t *testing.T) {
	b := newVault(t, 1)
	b.approve(t, b.ask(t), "U02BOB")
	b.advance(61 * time.Minute)
	wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeNeedsApproval)
}

func TestAListOfBucketsSpendsNoApproval(t *testing.T) {
	b := newVault(t, 1)
	r := b.request("prod", "")
	r.Duration = policy.MinDuration // as long as a list asks for
	a, _, err := b.Asking.Ask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	b.approve(t, a, "U02BOB")
	r = b.request("prod", b.device.Code())
	r.Purpose = broker.PurposeBuckets
	wantCode(t, second(b.Lists.Buckets(t.Context(), r, "")), broker.CodeNeedsApproval)
	b.wantState(t, a, approval.Approved)
}

// TestBreakGlassTakesNothingOfAnApproval that is there too: the record tells of
// the emergency, and the approval stays.
func TestBreakGlassTakesNothingOfAnApproval(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").BreakGlass = []string{"U01ALICE"}
	a := b.approve(t, b.ask(t), "U02BOB")
	r := b.request("prod", b.device.Code())
	r.BreakGlass, r.Reason = true, "all of prod is down"
	if _, err := b.Issue(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := b.last(t); got.Reason != r.Reason || got.Seconds != 3600 || got.Approval != "" {
		t.Errorf("got %+v on the record, want what was asked by break-glass", got)
	}
	b.wantState(t, a, approval.Approved)
}

// TestAnApprovalCountsWhereItWasAsked: its code may come from anywhere.
func TestAnApprovalCountsWhereItWasAsked(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").Channels = []string{"C0GENERAL"}
	b.approve(t, b.ask(t), "U02BOB")
	r := b.request("prod", b.device.Code())
	r.Caller.Channel = ""
	if _, err := b.Issue(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	b.advance(time.Minute)
	r = b.request("prod", b.device.Code())
	r.Caller.Channel = ""
	wantCode(t, second(b.Issue(t.Context(), r)), broker.CodeChannel)
}

func TestAnApprovalThatCountsNoMoreGivesWayToANewOne(t *testing.T) {
	for name, lapse := range map[string]func(b *bench){
		"no approver any more": func(b *bench) { b.groups["S02LEADS"] = []string{"U03CAROL"} },
		"more are needed": func(b *bench) {
			b.config.Accounts.Find("prod").Approval.Count = 2
			b.groups["S02LEADS"] = append(b.groups["S02LEADS"], "U04DAVE")
		},
		"blocked": func(b *bench) {
			b.orders.blocks = map[string]broker.Order{"U02BOB": {By: adminID, At: time.Now()}}
		},
		"deactivated": func(b *bench) { b.left = "U02BOB" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newVault(t, 1)
			a := b.approve(t, b.ask(t), "U02BOB")
			lapse(b)
			r := b.request("prod", "")
			if _, ok := b.Consent.ApprovalFor(t.Context(), r); ok {
				t.Error("got an approval to enter a code for, want none: it counts no more")
			}
			wantCode(t, second(b.Issue(t.Context(), r)), broker.CodeNeedsApproval)
			cancelled, err := b.Consent.CancelLapsed(t.Context(), r)
			if err != nil || len(cancelled) != 1 || cancelled[0].ID != a.ID {
				t.Fatalf("got %+v, %v, want the lapsed one cancelled", cancelled, err)
			}
			if got := b.last(t); got.Kind != event.Approval || got.State != approval.Cancelled || got.Approval != a.ID {
				t.Errorf("got %+v on the record, want that it was cancelled", got)
			}
			b.wantState(t, a, approval.Cancelled)
			if next := b.ask(t); next.ID == a.ID {
				t.Error("got the old approval, want a new one")
			}
		})
	}
}

func TestWhetherAnApprovalCountsMustBeKnownToEndIt(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	b.groupErr = errDown
	if cancelled, err := b.Consent.CancelLapsed(t.Context(), b.request("prod", "")); err != nil || len(cancelled) != 0 {
		t.Errorf("got %+v, %v, want nothing cancelled while nobody knows", cancelled, err)
	}
	b.wantState(t, a, approval.Approved)
}
