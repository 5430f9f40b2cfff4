package recorded

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/state"
)

// approvals are those of the store. One that was used or ended on the record is so,
// whatever the store says of it, and a vote counts only while the record tells of it.
type approvals struct {
	broker.Approvals
	log Log
	out *slog.Logger
}

// LoadApproval implements [broker.Approvals].
func (s approvals) LoadApproval(ctx context.Context, user, id string) (approval.Kept, bool, error) {
	k, ok, err := s.Approvals.LoadApproval(ctx, user, id)
	if err == nil && ok {
		if err = s.end(ctx, &k); err == nil {
			err = s.dropVotes(ctx, &k)
		}
	}
	if err != nil || !ok {
		return approval.Kept{}, false, err
	}
	return k, true, nil
}

// ApprovalsOf implements [broker.Approvals]. The votes of one that still waits for others
// are checked when it is loaded.
func (s approvals) ApprovalsOf(ctx context.Context, user string) ([]approval.Kept, error) {
	found, err := s.Approvals.ApprovalsOf(ctx, user)
	for i := range found {
		k := &found[i]
		if err == nil {
			err = s.end(ctx, k)
		}
		if err == nil && k.State == approval.Approved {
			err = s.dropVotes(ctx, k)
		}
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// end has k be used or ended if it is so on the record.
func (s approvals) end(ctx context.Context, k *approval.Kept) error {
	use, ok := s.log.Used(k.ID)
	if ok && k.Open() {
		if err := s.log.CaughtUp(ctx); err != nil {
			return err
		}
		use, ok = s.log.Used(k.ID)
	}
	switch {
	case !ok || k.Acknowledge:
	case use.State == state.Used:
		k.State, k.UsedBy = approval.Used, cmp.Or(use.Request, k.UsedBy)
	case k.State == approval.Waiting || k.State == approval.Approved || k.State == approval.Used:
		k.State, k.UsedBy = approval.State(use.State), ""
		k.EndedBy = approval.Vote{User: use.By.ID, Name: cmp.Or(use.By.Name, use.By.ID, "somebody")}
	}
	return nil
}

// dropVotes drops the votes on k that are not on the record, while they could count.
func (s approvals) dropVotes(ctx context.Context, k *approval.Kept) error {
	if k.State != approval.Waiting && k.State != approval.Approved {
		return nil
	}
	var votes []approval.Vote
	for _, v := range k.Votes {
		ok, err := s.voted(ctx, k.ID, v)
		if err != nil {
			return err
		}
		if ok {
			votes = append(votes, v)
		}
	}
	if k.Votes = votes; k.State == approval.Approved && len(votes) < k.Needs {
		k.State = approval.Waiting
	}
	return nil
}

// voted reports whether the record says that somebody approved. An error says that nobody knows.
func (s approvals) voted(ctx context.Context, id string, v approval.Vote) (bool, error) {
	if v.Entry == 0 {
		return true, nil
	}
	ok, err := stands(ctx, s.log, v.Entry, func(e event.Event) bool {
		approving, ok := e.Data.(event.ApprovingData)
		return ok && approving.Approval == id && e.Actor.User == v.User
	})
	if err == nil && !ok {
		s.out.ErrorContext(ctx, "a vote of the store is not on the record: it does not count", "approval", id, "voter", v.User, "entry", v.Entry)
	}
	return ok, err
}
