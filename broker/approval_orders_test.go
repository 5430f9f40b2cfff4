package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/prose"
)

func TestABlockCancelsWhatThePersonAskedFor(t *testing.T) {
	b := newVault(t, 1)
	b.config.Admins = []string{"U03CAROL"}
	waiting := b.ask(t)
	r := b.request("prod", "")
	r.Duration = time.Hour
	approved, _, err := b.Asking.Ask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	b.approve(t, approved, "U02BOB")
	blocking, err := b.Broker.Admins.Block(t.Context(), b.from("U03CAROL"), "U01ALICE")
	if err != nil || len(blocking.Cancelled) != 2 || blocking.Before != nil {
		t.Fatalf("got %+v, %v, want both cancelled", blocking, err)
	}
	if _, err := b.Broker.Admins.Unblock(t.Context(), b.from("U03CAROL"), "U01ALICE"); err != nil {
		t.Fatal(err)
	}
	use := b.request("prod", b.device.Code())
	use.Approval = approved.ID
	_, err = b.Issue(t.Context(), use)
	if e := wantCode(t, err, broker.CodeApprovalGone); !strings.Contains(prose.Plain(e.What), "cancelled by an admin") {
		t.Errorf("got %q, want that an admin did, and not who", prose.Plain(e.What))
	}
	_, err = b.Voting.Approve(t.Context(), b.from("U02BOB"), waiting.User, waiting.ID)
	wantCode(t, err, broker.CodeApprovalGone)
}

func TestAnApproverWhoIsBlockedNeitherApprovesNorHasApproved(t *testing.T) {
	b := newVault(t, 1)
	b.config.Admins = []string{"U03CAROL"}
	approved := b.approve(t, b.ask(t), "U02BOB")
	r := b.request("prod", "")
	waiting, _, err := b.Asking.Ask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Broker.Admins.Block(t.Context(), b.from("U03CAROL"), "U02BOB"); err != nil {
		t.Fatal(err)
	}
	_, err = b.Voting.Approve(t.Context(), b.from("U02BOB"), waiting.User, waiting.ID)
	wantCode(t, err, broker.CodeBlocked)
	_, err = b.Voting.DenyApproval(t.Context(), b.from("U02BOB"), waiting.User, waiting.ID, "")
	wantCode(t, err, broker.CodeBlocked)
	use := b.request("prod", b.device.Code())
	use.Approval = approved.ID
	_, err = b.Issue(t.Context(), use)
	wantCode(t, err, broker.CodeApprovalGone)
	if n := len(b.aws.Calls()); n > 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
}

func TestWhileTheBotIsPausedNobodyApprovesButAnybodyDenies(t *testing.T) {
	b := newVault(t, 1)
	b.config.Admins = []string{"U03CAROL"}
	a := b.ask(t)
	if _, err := b.Broker.Admins.Pause(t.Context(), b.from("U03CAROL")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID)
	wantCode(t, err, broker.CodePaused)
	if got, err := b.Voting.DenyApproval(t.Context(), b.from("U02BOB"), a.User, a.ID, ""); err != nil || got.State != approval.Denied {
		t.Errorf("got %v, %v, want it denied", got.State, err)
	}
}
