package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/text"
)

// How often one person's asking may disturb the approvers, all replicas together.
// To ask, cancel and ask again is one thing to them.
const (
	askWindow  = 10 * time.Minute
	pingsOfOne = 1 // for one Account; further ones are posted without a ping
	pingsOfAll = 5 // for all Accounts
	mostTaken  = 5 // requests that the person took back themselves; then no more is asked
)

// notTakenBack refuses to ask for somebody who cancels what they ask for again and
// again.
func (b *Asking) notTakenBack(ctx context.Context, user string) error {
	kept, err := b.approvals.ApprovalsOf(ctx, user)
	if err != nil {
		return storeDown(err)
	}
	var taken []time.Duration // how long each still counts, the oldest first
	for _, k := range kept {
		if left := askWindow - k.Now.Sub(k.Asked); left > 0 && k.State == ApprovalCancelled && k.EndedBy.User == user {
			taken = append(taken, left)
		}
	}
	if len(taken) < mostTaken {
		return nil
	}
	what := fmt.Sprintf("You have asked for approval and cancelled it %d times within %s.", len(taken), text.FormatDuration(askWindow))
	return tooMany(CodeTooMany, what, taken[len(taken)-mostTaken], Say("Nothing was asked."))
}

// quiet reports whether the approvers are to be asked without a ping.
func (b *Asking) quiet(ctx context.Context, r Request, a Approval) (quiet bool, err error) {
	for _, ping := range []struct {
		name  string
		limit int
	}{{"pings:" + a.User, pingsOfAll}, {"pings:" + a.User + ":" + a.Account, pingsOfOne}} {
		rate, err := b.counters.TakeRate(ctx, ping.name, r.ID, ping.limit, askWindow)
		if err != nil {
			return false, storeDown(err)
		}
		quiet = quiet || !rate.Taken
	}
	return quiet, nil
}
