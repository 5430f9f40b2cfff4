package broker_test

import (
	"context"
	"slices"
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// given puts a Grant into the store as alice's, and what AWS calls its session.
func (b *bench) given(account, session string) {
	b.grants[account] = broker.Grant{
		ID: "g-" + account, User: "U01ALICE", Account: account, Principal: "arn:aws:sts::222222222222:assumed-role/OnCall/" + session,
	}
}

func TestRevokePersonOfOneAccountLeavesTheGrantsOfOthers(t *testing.T) {
	b := newAdminBench(t)
	b.given("prod", "alice")
	b.given("hub", "alice")
	r := by(b, adminID)
	r.Account = "hub"
	done, err := b.Revoking.RevokePerson(t.Context(), r, "U01ALICE")
	if err != nil || len(done.Accounts) != 1 || done.Accounts[0].Account.Name != "hub" || done.Accounts[0].Ended != 1 {
		t.Errorf("got %+v, %v, want one of hub", done, err)
	}
	if _, kept := b.grants["prod"]; !kept || len(b.grants) != 1 {
		t.Errorf("got %v left, want that of prod", b.grants)
	}
}

// TestRevokePersonTellsOfEachAccountThatSomethingWasTakenOf, also where AWS
// cannot be told, and where the config names it no more.
func TestRevokePersonTellsOfEachAccountThatSomethingWasTakenOf(t *testing.T) {
	b := newAdminBench(t)
	for _, account := range []string{"prod", "gone", "older"} {
		b.given(account, "alice")
	}
	done, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE")
	if err != nil || len(b.grants) > 0 {
		t.Errorf("got %v left, %v, want nothing", b.grants, err)
	}
	var got []string
	for _, of := range done.Accounts {
		got = append(got, of.Account.Name)
		if of.Ended != 1 || of.Denied != nil || of.Err != nil {
			t.Errorf("got %+v, want one grant ended", of)
		}
	}
	if want := []string{"prod", "gone", "older"}; !slices.Equal(got, want) {
		t.Errorf("got accounts %v, want %v", got, want)
	}
}

// TestRevokePersonKnowsWhatAWSCalledThemBefore a change of the config.
func TestRevokePersonKnowsWhatAWSCalledThemBefore(t *testing.T) {
	b := newAdminBench(t)
	revocable(b)
	b.given("prod", "alice-before")
	if _, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice", "alice-before"} {
		if _, denied := b.client.denied[name]; !denied {
			t.Errorf("got %v denied, want that it names %s", b.client.denied, name)
		}
	}
}

// TestRevokePersonTakesNothingWhileTheBlockIsNotSure: they could get it anew.
func TestRevokePersonTakesNothingWhileTheBlockIsNotSure(t *testing.T) {
	b := newAdminBench(t)
	b.given("prod", "alice")
	b.orders = orders{err: errDown, when: func() bool { return false }} // what was ordered can still be read
	wantCode(t, second(b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE")), broker.CodeStore)
	if len(b.grants) != 1 {
		t.Error("the grant is gone")
	}
}

func TestARevocationThatIsNotCompleteIsOnTheRecordAsSuch(t *testing.T) {
	b := newAdminBench(t)
	b.liveErr = errDown
	done, err := b.Revoking.RevokePerson(t.Context(), by(b, adminID), "U01ALICE")
	if err != nil || done.Err == nil || done.Err.Code != broker.CodeStore {
		t.Errorf("got %+v, %v, want that something may be left", done, err)
	}
	if last := b.last(t); last.Kind != event.Revoked || last.Code != broker.CodeStore || last.Ref != done.Err.Ref {
		t.Errorf("got %+v on the record, want that something may be left", last)
	}
}

// TestWhatAnAdminBeganGoesOnWithoutThem: their Slack may be gone while the store
// is being told.
func TestWhatAnAdminBeganGoesOnWithoutThem(t *testing.T) {
	for kind, act := range map[event.Kind]func(context.Context, *bench) error{
		event.Blocked: func(ctx context.Context, b *bench) error {
			return second(b.Broker.Admins.Block(ctx, by(b, adminID), "U01ALICE"))
		},
		event.Paused:  func(ctx context.Context, b *bench) error { return second(b.Broker.Admins.Pause(ctx, by(b, adminID))) },
		event.Resumed: func(ctx context.Context, b *bench) error { return second(b.Broker.Admins.Resume(ctx, by(b, adminID))) },
		event.Revoking: func(ctx context.Context, b *bench) error {
			return second(b.Revoking.RevokePerson(ctx, by(b, adminID), "U01ALICE"))
		},
	} {
		b := newAdminBench(t)
		b.orders.pause = &broker.Order{By: "x"}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := act(ctx, b); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if got := b.kinds(); !slices.Contains(got, kind) {
			t.Errorf("got %v on the record, want %s", got, kind)
		}
	}
}
