package recorded_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/recorded"
)

// entries are numbers that something in the store may name, and whether it counts by them.
func entries(t *testing.T, w *world, own int64) map[string]struct {
	entry  int64
	counts bool
} {
	t.Helper()
	other := granted(t, w, "other", event.Act{Account: "prod"})
	session := granted(t, w, "g1", event.Act{Purpose: string(broker.PurposeMFASession)})
	approving := w.tell(t, "U02BOB", "vote", event.ApprovingData{Asked: event.Asked{Approval: "another"}})
	return map[string]struct {
		entry  int64
		counts bool
	}{
		"its own":              {own, true},
		"none, as it is older": {0, true},
		"the intent's":         {own - 1, false},
		"another Request's":    {other, false},
		"an MFA session's":     {session, false},
		"another Approval's":   {approving, false},
		"one that is not yet":  {approving + 1, false},
		"one that cannot be":   {-1, false},
	}
}

func TestAGrantCountsOnlyByItsOwnEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, c := range entries(t, w, granted(t, w, "g1", event.Act{Account: "prod"})) {
		w.lose(t)
		must(t, saved(w.Grants.SaveGrant(t.Context(), aGrant("g1", c.entry), credentials("g1"), 10*time.Minute)))
		t.Run(what, func(t *testing.T) { wantGrant(t, w.replica, true, c.counts) })
	}
}

func TestAnMFASessionCountsOnlyByItsOwnEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := granted(t, w, "m1", event.Act{Purpose: string(broker.PurposeMFASession)})
	for what, c := range entries(t, w, own) {
		w.lose(t)
		must(t, w.Sessions.SaveMFASession(t.Context(), aSession("m1", c.entry, time.Now()), credentials("m1"), nil))
		if _, _, ok, err := w.Sessions.FindMFASession(t.Context(), alice); ok != c.counts || err != nil {
			t.Errorf("%s: got %t, %v, want %t", what, ok, err, c.counts)
		}
	}
}

func TestAVoteCountsOnlyByItsOwnEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tell(t, "U02BOB", "vote", event.RefusedData{})
	own := w.tell(t, "U02BOB", "vote", event.ApprovingData{Asked: event.Asked{Approval: "ap", Account: "prod"}})
	carols := w.tell(t, "U03CAROL", "vote", event.ApprovingData{Asked: event.Asked{Approval: "ap", Account: "prod"}})
	all := entries(t, w, own)
	all["somebody else's"] = struct {
		entry  int64
		counts bool
	}{carols, false}
	for what, c := range all {
		w.lose(t)
		now := time.Now().UTC()
		must(t, w.Approvals.SaveApproval(t.Context(), approval.Approval{
			ID: "ap", User: alice, Account: "prod", Needs: 2, State: approval.Approved, Asked: now, Expires: now.Add(time.Hour),
			Votes: []approval.Vote{{User: "U02BOB", At: now, Entry: c.entry}, {User: "U03CAROL", At: now, Entry: carols}},
		}, time.Hour))
		state, votes := approval.Approved, 2
		if !c.counts {
			state, votes = approval.Waiting, 1
		}
		t.Run(what, func(t *testing.T) {
			wantApproval(t, w.replica, state, votes)
			found, err := w.Approvals.ApprovalsOf(t.Context(), alice)
			if err != nil || len(found) != 1 || found[0].State != state {
				t.Errorf("list: got %+v, %v, want it %s", found, err, state)
			}
		})
	}
}

// away is a record of which nobody can say anything more.
type away struct{ recorded.Log }

var errAway = errors.New("away")

func (away) Entry(context.Context, int64) (event.Event, error) { return event.Event{}, errAway }

func TestWhatNobodyKnowsDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grant(t, w)
	beginSession(t, w)
	approve(t, w)
	s := w.store
	over := recorded.Over(away{w.log}, broker.Deps{Grants: s.Grants, Sessions: s.Sessions, Approvals: s.Approvals, Log: w.Log})
	_, _, grantErr := over.Grants.FindGrant(t.Context(), alice, "g1")
	_, _, _, revealErr := over.Grants.RevealGrant(t.Context(), alice, "prod")
	_, _, _, sessionErr := over.Sessions.FindMFASession(t.Context(), alice)
	_, _, approvalErr := over.Approvals.LoadApproval(t.Context(), alice, "ap")
	_, listErr := over.Approvals.ApprovalsOf(t.Context(), alice)
	for what, err := range map[string]error{
		"the Grant": grantErr, "the newest Grant": revealErr, "the MFA session": sessionErr, "the Approval": approvalErr, "the list": listErr,
	} {
		if !errors.Is(err, errAway) {
			t.Errorf("%s: got %v, want that nobody knows", what, err)
		}
	}
}

func TestAGrantThatDoesNotCountHidesNoOlderOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grant(t, w)
	for id, entry := range map[string]int64{"g2": granted(t, w, "g2", event.Act{Account: "prod"}), "g3": 1} {
		must(t, saved(w.Grants.SaveGrant(t.Context(), aGrant(id, entry), credentials(id), 10*time.Minute)))
	}
	w.tell(t, alice, "end", event.EndedData{Given: event.Given{Grant: "g2"}})
	if g, c, ok, err := w.Grants.RevealGrant(t.Context(), alice, "prod"); err != nil || !ok || g.ID != "g1" || c.AccessKeyID != "ASIAg1" {
		t.Errorf("got %+v, %t, %v, want the oldest", g, ok, err)
	}
}

// TestARevocationThatAWSWasNotToldOfIsFoundAgain: until AWS refuses it, it is listed.
func TestARevocationThatAWSWasNotToldOfIsFoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grant(t, w)
	w.tell(t, alice, "r", event.RevokingData{Account: "prod"})
	wantGrant(t, w.replica, true, false)
	w.tell(t, alice, "r", event.RevokedData{Account: "prod", Failure: event.Failure{Code: "revoker"}})
	wantGrant(t, w.replica, true, false)
	w.tell(t, alice, "again", event.RevokingData{Account: "prod"})
	w.tell(t, alice, "again", event.RevokedData{Account: "prod"})
	wantGrant(t, w.replica, false, false)
}

// TestAnApprovalComesBackWhereAWSIssuedNothing: its claim was given back in the store.
func TestAnApprovalComesBackWhereAWSIssuedNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	approve(t, w)
	act := event.Act{Attempt: "a", Account: "prod", Approval: "ap"}
	change(t, w, func(a *approval.Approval) { a.State, a.UsedBy = approval.Used, "g1" })
	w.tell(t, alice, "g1", event.IntentData{Act: act})
	isOver(approval.Used)(t, w.replica)
	change(t, w, func(a *approval.Approval) { a.State, a.UsedBy = approval.Approved, "" })
	isOver(approval.Used)(t, w.replica)
	w.tell(t, alice, "g1", event.FailedData{Act: act, Failure: event.Failure{Code: "wrong_code"}})
	wantApproval(t, w.replica, approval.Approved, 1)
}

// TestTheFirstIntentHasTheApproval: two Requests may both have claimed it in a store that
// forgot the first.
func TestTheFirstIntentHasTheApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	approve(t, w)
	was := w.keep(t)
	useApproval(t, w)
	w.putBack(t, was)
	w.tell(t, alice, "g2", event.IntentData{Act: event.Act{Attempt: "second", Account: "prod", Approval: "ap"}})
	if k, ok, err := w.Approvals.LoadApproval(t.Context(), alice, "ap"); err != nil || !ok || k.State != approval.Used || k.UsedBy != "g1" {
		t.Errorf("got %+v, %t, %v, want it used by the first", k.Approval, ok, err)
	}
	if use, ok := w.log.Used("ap"); !ok || use.State != state.Used || use.Request != "g1" {
		t.Errorf("got %+v, %t on the record", use, ok)
	}
}

func TestAKeyFromBeforeTheRecordCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.Keys.SaveKey(t.Context(), alice, broker.RegisteredKey{Text: "k1"}))
	if got, ok, err := w.Keys.LoadKey(t.Context(), alice); err != nil || !ok || got.Text != "k1" {
		t.Errorf("got %+v, %t, %v, want it", got, ok, err)
	}
}

// TestAKeyIsMendedByRegisteringItAgain or by removing it.
func TestAKeyIsMendedByRegisteringItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, text := range []string{"k1", ""} {
		setKey("k0")(t, w)
		w.lose(t)
		if _, _, err := w.Keys.LoadKey(t.Context(), alice); !errors.Is(err, broker.ErrKeyUnreadable) {
			t.Fatalf("got %v, want that it cannot be read", err)
		}
		setKey(text)(t, w)
		if got, ok, err := w.Keys.LoadKey(t.Context(), alice); err != nil || ok != (text != "") || got.Text != text {
			t.Errorf("got %+v, %t, %v, want %q", got, ok, err, text)
		}
	}
}
