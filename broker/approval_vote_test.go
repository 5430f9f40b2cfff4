package broker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

func TestAnApprovalNeedsTheMostThatTheConfigAskedForThenOrNow(t *testing.T) {
	for name, counts := range map[string]struct{ asked, today int }{"more since": {1, 2}, "fewer since": {2, 1}} {
		t.Run(name, func(t *testing.T) {
			b := newVault(t, counts.asked)
			a := b.ask(t)
			b.config.Accounts.Find("prod").Approval.Count = counts.today
			if got := b.approve(t, a, "U02BOB"); got.State != approval.Waiting {
				t.Errorf("got %s after one of two, want that it waits", got.State)
			}
			if got := b.approve(t, a, "U03CAROL"); got.State != approval.Approved {
				t.Errorf("got %s after two of two, want approved", got.State)
			}
		})
	}
}

// TestOrdersKeepFromApprovingAndThePauseFromNothingElse: a pause stops what
// gives, and no denial.
func TestOrdersKeepFromApprovingAndThePauseFromNothingElse(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	votes := map[string]func() error{
		"Approve":      func() error { return second(b.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID)) },
		"MayVote":      func() error { return second(b.Voting.MayVote(t.Context(), b.from("U02BOB"), a.User, a.ID)) },
		"DenyApproval": func() error { return second(b.Voting.DenyApproval(t.Context(), b.from("U02BOB"), a.User, a.ID, "")) },
	}
	b.orders.blocks = map[string]broker.Order{"U02BOB": {By: adminID, At: time.Now()}}
	for name, vote := range votes {
		t.Run("blocked/"+name, func(t *testing.T) { wantCode(t, vote(), broker.CodeBlocked) })
	}
	b.orders = orders{pause: &broker.Order{By: adminID, At: time.Now()}}
	wantCode(t, votes["Approve"](), broker.CodePaused)
	for _, name := range []string{"MayVote", "DenyApproval"} {
		if err := votes[name](); err != nil {
			t.Errorf("%s while paused: %v", name, err)
		}
	}
}

func TestNothingIsAskedForByTheBlockedOrWhilePaused(t *testing.T) {
	for code, lay := range anOrder {
		b := newVault(t, 1)
		lay(&b.orders)
		_, _, err := b.Asking.Ask(t.Context(), b.request("prod", ""))
		wantCode(t, err, code)
		if len(b.approvals) > 0 {
			t.Errorf("%s: got %v, want that nothing waits", code, b.approvals)
		}
	}
}

func TestARoleThatChangedSinceCannotBeApproved(t *testing.T) {
	b := newVault(t, 1)
	a := b.ask(t)
	b.config.Accounts.Find("prod").RoleARN = "arn:aws:iam::222222222222:role/Another"
	_, err := b.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID)
	wantCode(t, err, broker.CodeApprovalGone)
}

// TestWhatCannotBeVotedOnAnyMoreIsNotOnTheRecord: nobody did anything wrong.
func TestWhatCannotBeVotedOnAnyMoreIsNotOnTheRecord(t *testing.T) {
	b := newVault(t, 2)
	a := b.approve(t, b.ask(t), "U02BOB")
	before := len(b.kinds())
	_, err := b.Voting.Approve(t.Context(), b.from("U02BOB"), a.User, a.ID)
	wantCode(t, err, broker.CodeApprovedOnce)
	b.saveErr = errDown
	_, err = b.Voting.Approve(t.Context(), b.from("U03CAROL"), a.User, a.ID)
	wantCode(t, err, broker.CodeStore)
	b.saveErr = nil
	b.advance(31 * time.Minute)
	_, err = b.Voting.Approve(t.Context(), b.from("U03CAROL"), a.User, a.ID)
	wantCode(t, err, broker.CodeApprovalGone)
	if got := b.kinds()[before:]; len(got) > 0 {
		t.Errorf("got %v on the record, want nothing", got)
	}
	_, err = b.Voting.Approve(t.Context(), b.from("U04DAVE"), a.User, a.ID)
	wantCode(t, err, broker.CodeNotApprover)
	if last := b.last(t); last.Kind != event.Refused || last.Actor.User != "U04DAVE" || last.Account != "prod" {
		t.Errorf("got %+v on the record, want who may not and what it was about", last)
	}
}

// TestWhatAsksToTakeNoteIsNoApproval: whoever used break-glass can neither take
// the note back nor pass it for something that waits.
func TestWhatAsksToTakeNoteIsNoApproval(t *testing.T) {
	b := newVault(t, 1)
	note, err := b.Voting.AskToAcknowledge(t.Context(), approval.Approval{
		ID: broker.NewID(), User: "U01ALICE", UserName: "alice", Account: "prod", RoleARN: b.config.Accounts.Find("prod").RoleARN,
		Duration: 2 * time.Hour, Reason: "down",
	})
	if err != nil {
		t.Fatal(err)
	}
	a := b.ask(t) // for as long
	_, err = b.Voting.Acknowledge(t.Context(), b.from("U02BOB"), a.User, a.ID)
	wantCode(t, err, broker.CodeApprovalGone)
	_, err = b.Voting.DenyApproval(t.Context(), b.from("U02BOB"), note.User, note.ID, "")
	wantCode(t, err, broker.CodeApprovalGone)
	cancelled, err := b.Pending.CancelApprovals(t.Context(), b.from("U01ALICE"))
	if err != nil || !slices.EqualFunc(cancelled, []string{a.ID}, func(a approval.Approval, id string) bool { return a.ID == id }) {
		t.Errorf("got %+v, %v cancelled, want what she asked for alone", cancelled, err)
	}
	if got, err := b.Pending.Approval(t.Context(), note.User, note.ID); err != nil || got.State != approval.Waiting {
		t.Errorf("got %s, %v, want that it still asks to take note", got.State, err)
	}
}
