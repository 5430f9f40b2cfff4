package broker_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
)

func TestNobodyIsAskedBeforeItIsOnTheRecord(t *testing.T) {
	b := newVault(t, 1)
	b.failOn[event.Approval] = true
	_, _, err := b.Asking.Ask(t.Context(), b.request("prod", ""))
	wantCode(t, err, broker.CodeRecord)
	if len(b.approvals) > 0 {
		t.Errorf("got %v kept, want nothing", b.approvals)
	}
}

// TestNobodyIsAskedInVain: what could not be shown to who asks is not approved.
func TestNobodyIsAskedInVain(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").SealRequired = true
	_, _, err := b.Asking.Ask(t.Context(), b.request("prod", ""))
	wantCode(t, err, broker.CodeSealRequired)
}

// TestAskingWithACodeNeedsNoRightToTryCodes: the code is dropped unread.
func TestAskingWithACodeNeedsNoRightToTryCodes(t *testing.T) {
	b := newVault(t, 1)
	b.lockouts.locked = 15 * time.Minute
	if _, _, err := b.Asking.Ask(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Error(err)
	}
}

// TestAnApprovalIsKeptUntilItCanBeUsedNoMore, and can be looked at after that.
func TestAnApprovalIsKeptUntilItCanBeUsedNoMore(t *testing.T) {
	b := newVault(t, 1)
	b.ask(t)
	if least := 30*time.Minute + policy.ApprovalUse; b.approvalFor <= least {
		t.Errorf("got kept for %s, want more than the %s that it may be good for", b.approvalFor, least)
	}
}

func TestOneOfSeveralIsCancelled(t *testing.T) {
	b := newVault(t, 1)
	first := b.ask(t)
	r := b.request("prod", "")
	r.Duration = time.Hour
	other, _, err := b.Asking.Ask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	r = b.from("U01ALICE")
	r.Approval = other.ID
	if got, err := b.Pending.CancelApprovals(t.Context(), r); err != nil || len(got) != 1 || got[0].ID != other.ID {
		t.Errorf("got %+v, %v cancelled, want the one that is named", got, err)
	}
	if got, err := b.Pending.Approval(t.Context(), first.User, first.ID); err != nil || got.State != approval.Waiting {
		t.Errorf("got %s, %v, want that the other waits", got.State, err)
	}
}

func TestTheFirstMessageThatShowsAnApprovalStays(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	for _, ts := range []string{"1.1", "2.2"} {
		if got, err := b.Pending.MarkPosted(t.Context(), a, "C0LEADS", ts); err != nil || got.PostIn != "C0LEADS" || got.PostTS != "1.1" {
			t.Errorf("got %s in %s, %v, want the first", got.PostTS, got.PostIn, err)
		}
	}
}

// TestAMessageThatComesLateLeavesTheEndToBeNoted: noting it is what puts it on
// the record.
func TestAMessageThatComesLateLeavesTheEndToBeNoted(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	b.advance(31 * time.Minute)
	if _, err := b.Pending.MarkPosted(t.Context(), a, "C0LEADS", "1.1"); err != nil {
		t.Fatal(err)
	}
	if got, _, err := b.Pending.ExpireApproval(t.Context(), a.User, a.ID); err != nil || got.State != approval.Expired {
		t.Errorf("got %s, %v, want expired", got.State, err)
	}
	if n := countStates(b, approval.Expired); n != 1 {
		t.Errorf("got %d events of the expiry, want 1", n)
	}
}

// TestAskingAgainAfterACancelPingsNobody, and is refused in the end.
func TestAskingAgainAfterACancelPingsNobody(t *testing.T) {
	b := newVault(t, 1)
	pings, refused := 0, 0
	for range 15 {
		a, _, err := b.Asking.Ask(t.Context(), b.request("prod", ""))
		if err != nil {
			wantCode(t, err, broker.CodeTooMany)
			refused++
			continue
		}
		if !a.Quiet {
			pings++
		}
		if _, err := b.Pending.CancelApprovals(t.Context(), b.request("prod", "")); err != nil {
			t.Fatal(err)
		}
	}
	if pings != 1 || refused != 10 {
		t.Errorf("got %d pings and %d refused of 15, want 1 and 10", pings, refused)
	}
}

func TestNothingIsAskedWhileNobodyCounts(t *testing.T) {
	b := newVault(t, 1)
	b.rates.err = errDown
	_, _, err := b.Asking.Ask(t.Context(), b.request("prod", ""))
	wantCode(t, err, broker.CodeStore)
}
