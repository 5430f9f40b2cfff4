package broker_test

import (
	"slices"
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// TestRevokeOfWhoHoldsNothingIsOnTheRecordOnce, and asks nothing of IAM, as often as
// somebody who is blocked tries.
func TestRevokeOfWhoHoldsNothingIsOnTheRecordOnce(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	if _, err := b.Broker.Admins.Block(t.Context(), by(b, adminID), "U01ALICE"); err != nil {
		t.Fatal(err)
	}
	before := len(b.kinds())
	for range 28 {
		done, err := b.Revoking.Revoke(t.Context(), b.request("prod", ""))
		if err != nil || done.Err != nil || !done.Nothing || done.Denied != nil {
			t.Fatalf("got %+v, %v, want that there was nothing", done, err)
		}
	}
	if got := b.kinds()[before:]; !slices.Equal(got, []event.Kind{event.Revoking, event.Revoked}) || len(b.aws.Calls()) != 0 {
		t.Errorf("got %v and %d calls to AWS, want one revocation and none", got, len(b.aws.Calls()))
	}
	done, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE")
	if err != nil || done.Accounts[0].Denied == nil || done.Accounts[0].Err != nil || b.client.writes != 1 {
		t.Errorf("got %+v, %v and %d writings, want that AWS was told for the admin", done, err, b.client.writes)
	}
}

// TestARevocationThatFailedAtAWSFindsTheGrantAgain, though the bot has forgotten
// the credentials.
func TestARevocationThatFailedAtAWSFindsTheGrantAgain(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	b.given("prod", "alice")
	b.config.Accounts.Find("prod").Revoker = "arn:aws:iam::222222222222:role/Nobody"
	done, err := b.Revoking.Revoke(t.Context(), b.request("prod", ""))
	if err != nil || done.Err == nil || done.Ended != 1 {
		t.Fatalf("got %+v, %v, want that AWS was not told", done, err)
	}
	b.config.Accounts.Find("prod").Revoker = "arn:aws:iam::222222222222:role/Revoker"
	done, err = b.Revoking.Revoke(t.Context(), b.request("prod", ""))
	if err != nil || done.Err != nil || done.Denied == nil || b.client.writes != 1 {
		t.Errorf("got %+v, %v, want that AWS refuses it now", done, err)
	}
	if len(b.grants) != 0 {
		t.Error("the grant is listed still")
	}
}

// TestRevokeAsksAWSWhileNobodyKnowsWhatThereIs: they may hold something.
func TestRevokeAsksAWSWhileNobodyKnowsWhatThereIs(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	b.liveErr = errDown
	done, err := b.Revoking.Revoke(t.Context(), b.request("prod", ""))
	if err != nil || done.Denied == nil || done.Err == nil || done.Err.Code != broker.CodeStore {
		t.Errorf("got %+v, %v, want that AWS refuses, and that something may be left", done, err)
	}
}
