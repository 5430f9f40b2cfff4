package broker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

func TestExplainTellsOfApprovalBreakGlassAndConditions(t *testing.T) {
	b := newVault(t, 1)
	prod := b.config.Accounts.Find("prod")
	prod.BreakGlass, prod.Channels, prod.Reason.Required = []string{"U01ALICE"}, []string{"C0OPS"}, true
	e := b.explain(t, "prod", 0)
	if e.Decision.Effect != policy.NeedApproval || e.Account.Approval == nil || !e.BreakGlass {
		t.Errorf("got %+v, want that it needs approval, or break-glass", e)
	}
	if len(e.Unmet) != 2 || e.Unmet[0].Code != broker.CodeChannel || e.Unmet[1].Code != broker.CodeReason || e.Unmet[0].Use != broker.UseNone {
		t.Errorf("got unmet %v, want channel and reason, and nothing of a code", e.Unmet)
	}
	prod.Allow = nil
	if e := b.explain(t, "prod", 0); e.Decision.Effect != policy.Deny || !e.BreakGlass {
		t.Errorf("got %+v, want that only break-glass is left", e)
	}
	prod.Deny = []string{"S02LEADS"}
	if e := b.explain(t, "prod", 0); e.Decision.Rule != "deny S02LEADS" || e.BreakGlass {
		t.Errorf("got %+v, want the deny, and no break-glass", e)
	}
}

func TestWhoIsOnCallIsToldOfNoApproval(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").Allow = append(b.config.Accounts.Find("prod").Allow, policy.Rule{Who: []string{"S03PAGER"}, OnCall: true})
	b.groups["S03PAGER"] = []string{"U01ALICE"}
	mine, err := b.Policy.Accounts(t.Context(), b.request("", ""))
	accounts := slices.Collect(mine.All())
	if err != nil || len(accounts) == 0 || accounts[0].Approval != nil {
		t.Errorf("got %+v, %v, want prod without approval", accounts, err)
	}
	r := b.request("prod", b.device.Code())
	r.BreakGlass, r.Reason = true, "all is down"
	_, err = b.Issue(t.Context(), r)
	if e := wantCode(t, err, broker.CodeNotAllowed); !strings.Contains(prose.Plain(e.What), "needs no break-glass") {
		t.Errorf("got %q, want that none is needed", prose.Plain(e.What))
	}
}

func TestNobodyIsAskedWhereNobodyCouldApprove(t *testing.T) {
	b := newVault(t, 1)
	ask := func() error {
		r := b.request("prod", "")
		r.Duration = time.Hour
		_, _, err := b.Asking.Ask(t.Context(), r)
		return err
	}
	b.groups["S02LEADS"] = []string{"U01ALICE"}
	if e := wantCode(t, ask(), broker.CodeNotAllowed); !strings.Contains(prose.Plain(e.What), "nobody was asked") {
		t.Errorf("got %q", prose.Plain(e.What))
	}
	b.config.Accounts.Find("prod").Approval.Approvers = []string{"S02LEADS", "U02BOB"}
	b.config.Accounts.Find("prod").Approval.Count = 2
	wantCode(t, ask(), broker.CodeNotAllowed)
	b.groups["S02LEADS"] = []string{"U01ALICE", "U03CAROL"}
	if err := ask(); err != nil {
		t.Errorf("bob and carol could: %v", err)
	}
}

func TestBucketsOfWhatNeedsApprovalSayWhatToDo(t *testing.T) {
	b := newVault(t, 1)
	b.config.Accounts.Find("prod").Reason.Required = true
	r := b.request("prod", b.device.Code())
	r.Purpose = broker.PurposeBuckets
	_, err := b.Lists.Buckets(t.Context(), r, "")
	if e := wantCode(t, err, broker.CodeNeedsApproval); !strings.Contains(prose.Plain(e.Hint), "assume prod because REASON") {
		t.Errorf("got hint %q, want how to ask", prose.Plain(e.Hint))
	}
	b.config.Accounts.Find("prod").Approval = nil
	_, err = b.Lists.Buckets(t.Context(), r, "")
	if e := wantCode(t, err, broker.CodeReason); !strings.Contains(prose.Plain(e.Hint), "buckets prod") {
		t.Errorf("got hint %q, want how to list", prose.Plain(e.Hint))
	}
}

func TestRevokingOnesOwnCancelsWhatWaits(t *testing.T) {
	b := newVault(t, 1)
	a := b.approve(t, b.ask(t), "U02BOB")
	done, err := b.Revoking.Revoke(t.Context(), b.request("prod", ""))
	if err != nil || len(done.Cancelled) != 1 || done.Cancelled[0].ID != a.ID {
		t.Errorf("got %+v, %v, want the approval cancelled", done, err)
	}
	if open, err := b.Pending.OpenApprovals(t.Context(), b.request("", "")); err != nil || len(open) > 0 {
		t.Errorf("got %v, %v, want nothing open", open, err)
	}
	_, err = b.Pending.CancelApprovals(t.Context(), b.request("prd", ""))
	if e := wantCode(t, err, broker.CodeUnknownAccount); !strings.Contains(prose.Plain(e.What), "nothing was cancelled") {
		t.Errorf("got %q", prose.Plain(e.What))
	}
}

func TestExplainTellsWhatIsApprovedAlready(t *testing.T) {
	b := newVault(t, 1)
	prod := b.config.Accounts.Find("prod")
	prod.Reason.Required = true
	a := b.approve(t, b.ask(t), "U02BOB")
	e := b.explain(t, "prod", 0)
	if e.Approved == nil || e.Approved.ID != a.ID || e.Duration != a.Duration || len(e.Unmet) > 0 {
		t.Errorf("got %+v, want what is approved, and that nothing more is needed", e)
	}
	if e := b.explain(t, "prod", a.Duration+time.Minute); e.Approved != nil {
		t.Error("an approval is shown for another duration")
	}
	b.groups["S02LEADS"] = nil
	if e := b.explain(t, "prod", 0); e.Approved != nil {
		t.Error("an approval is shown that counts no more")
	}
}

func TestAnApprovalThatIsNotUsedLendsNothing(t *testing.T) {
	b := newVault(t, 1)
	prod := b.config.Accounts.Find("prod")
	prod.Channels, prod.Reason.Required = []string{"C0GENERAL"}, true
	a := b.approve(t, b.ask(t), "U02BOB")
	prod.Allow = append(prod.Allow, policy.Rule{Who: []string{"U01ALICE"}, OnCall: true})
	for _, approval := range []string{"", a.ID} {
		r := b.request("prod", b.device.Code())
		r.Approval, r.Caller.Channel = approval, "D0ELSEWHERE"
		_, err := b.Issue(t.Context(), r)
		wantCode(t, err, broker.CodeChannel)
	}
	b.wantState(t, a, approval.Approved)
}

func TestExplainOffersNoBreakGlassDuringAPause(t *testing.T) {
	b := newVault(t, 1)
	b.config.Admins = []string{"U03CAROL"}
	b.config.Accounts.Find("prod").BreakGlass = []string{"U01ALICE"}
	if e := b.explain(t, "prod", 0); !e.BreakGlass {
		t.Error("break-glass is not offered")
	}
	if _, err := b.Broker.Admins.Pause(t.Context(), b.from("U03CAROL")); err != nil {
		t.Fatal(err)
	}
	if e := b.explain(t, "prod", 0); e.BreakGlass || len(e.Unmet) == 0 {
		t.Errorf("got %+v, want the pause, and nothing that it refuses", e)
	}
}
