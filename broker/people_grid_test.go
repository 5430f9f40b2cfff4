package broker_test

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/prose"
)

// aliceByBoth is alice, whom the config calls U01ALICE and Slack's user groups and
// payloads W01ALICE. Slack could not say so when the payload came, and can now:
// the Caller is W01ALICE still.
func aliceByBoth(t *testing.T) *bench {
	t.Helper()
	b := newVault(t, 1)
	b.groups["S02LEADS"] = []string{"U02BOB", "W01ALICE"}
	b.memory.standing = &broker.Standing{Team: "T0123", IDs: []string{"U01ALICE", "W01ALICE"}}
	return b
}

func TestNobodyApprovesTheirOwnRequestByTheirOtherID(t *testing.T) {
	b := aliceByBoth(t)
	a := b.ask(t)
	_, err := b.Voting.Approve(t.Context(), b.from("W01ALICE"), a.User, a.ID)
	wantCode(t, err, broker.CodeDirectory)
	b.wantState(t, a, approval.Waiting)
}

func TestABlockedAdminEndsNoBlockByTheirOtherID(t *testing.T) {
	b := aliceByBoth(t)
	b.config.Admins = []string{"S02LEADS", "U02BOB"}
	r := b.from("U02BOB")
	r.Reason = "INC-1"
	b.memory.standing.IDs = nil // bob has one
	if _, err := b.Broker.Admins.Block(t.Context(), r, "U01ALICE"); err != nil {
		t.Fatal(err)
	}
	b.memory.standing.IDs = []string{"U01ALICE", "W01ALICE"}
	_, err := b.Broker.Admins.Unblock(t.Context(), b.from("W01ALICE"), "U01ALICE")
	wantCode(t, err, broker.CodeDirectory)
}

// TestABlockSaysThatItMayReachNobody while Slack cannot say by which ID the bot
// knows whom it is for.
func TestABlockSaysThatItMayReachNobody(t *testing.T) {
	for name, standing := range map[string]*broker.Standing{"unknown": nil, "known too late": {Team: "T0123", IDs: []string{"U01ALICE", "W01ALICE"}}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.config.Admins = []string{"U02BOB"}
			b.memory.standing = standing
			if standing == nil {
				b.memory.nobodyKnows = "W01ALICE"
			}
			r := b.from("U02BOB")
			r.Reason = "INC-1"
			_, err := b.Broker.Admins.Block(t.Context(), r, "W01ALICE")
			e := wantCode(t, err, broker.CodeDirectory)
			if want := "Blocked is W01ALICE"; !strings.HasPrefix(prose.Plain(e.What), want) {
				t.Errorf("got %q, want it to begin with %q", prose.Plain(e.What), want)
			}
			if block, _, err := b.memory.Orders(t.Context(), "W01ALICE"); err != nil || block == nil {
				t.Errorf("got %v, %v, want the block all the same", block, err)
			}
			done, err := b.Revoking.RevokePerson(t.Context(), r, "W01ALICE")
			if err != nil || done.Err == nil || done.Err.Code != broker.CodeDirectory {
				t.Errorf("revoked: got %+v, %v, want the same said", done, err)
			}
			if _, err := b.Broker.Admins.Block(t.Context(), r, "U01ALICE"); err != nil {
				t.Errorf("by the ID of the config: got %v", err)
			}
		})
	}
}
