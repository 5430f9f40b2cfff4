package broker

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
)

// oneApproval is a store of one that nobody else changes.
type oneApproval struct {
	Approvals
	kept approval.Kept
}

func (s *oneApproval) LoadApproval(context.Context, string, string) (approval.Kept, bool, error) {
	return s.kept, true, nil
}

func TestAChangeThatFailsLeavesNothingBehind(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	fresh := func() approval.Approval {
		return approval.Approval{
			State: approval.Waiting, Expires: now.Add(time.Minute),
			Votes: []approval.Vote{{User: "U02BOB"}}, Copies: []approval.Copy{{User: "U02BOB", TS: "1.0"}},
		}
	}
	store := &oneApproval{kept: approval.Kept{Approval: fresh(), Now: now}}
	b := New(Deps{Config: &policy.Config{}, Approvals: store})
	got, err := b.Pending.changeApproval(t.Context(), "", "", func(k *approval.Kept) error {
		k.State, k.Votes[0].User, k.Copies[0].TS = approval.Approved, "U03CAROL", "2.0"
		return errNotTaken
	})
	if err == nil {
		t.Error("got no error, want that of the change")
	}
	if diff := cmp.Diff(fresh(), got); diff != "" {
		t.Errorf("what there is instead (-want +got):\n%s", diff)
	}
}
