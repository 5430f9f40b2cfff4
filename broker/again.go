package broker

import (
	"context"
	"strings"
	"time"
)

// Again returns the Grant that a Request asks for once more: a live one of the
// Caller for the same Account, whose Credentials are still kept and which policy
// would show them. ok is false for what asks for something else: with a code, for
// longer than that was issued for, for another reason, by break-glass where that
// was not, or when less than half of what is asked is left. Nothing is on the
// record: it is a question, and [Broker.Reveal] judges and records anew.
func (b *Holding) Again(ctx context.Context, r Request) (g Grant, ok bool) {
	if !r.Code.Empty() {
		return Grant{}, false
	}
	if !b.visits.passes(ctx, &r, b.visits.toGive()) {
		return Grant{}, false
	}
	user := r.user
	grants, err := b.grants.LiveGrants(ctx, user.Slack)
	for i := len(grants) - 1; i >= 0 && g.ID == ""; i-- {
		if b.asksAgain(r, grants[i]) {
			g = grants[i]
		}
	}
	if err != nil || g.ID == "" {
		return Grant{}, false // Issue says what is wrong
	}
	found, kept, err := b.grants.FindGrant(ctx, user.Slack, g.ID)
	if err != nil || !kept || !found.Kept {
		return Grant{}, false
	}
	cleared, err := b.consent.clearAgain(ctx, r, user, found.Grant)
	return found.Grant, err == nil && stillGiven(found.Grant, cleared.account)
}

// asksAgain reports whether r asks for no more than what g gave.
func (b *Holding) asksAgain(r Request, g Grant) bool {
	gave, want := g.Expires.Sub(g.Issued).Round(time.Minute), r.Duration
	if want == 0 {
		want = gave
	}
	reason := strings.TrimSpace(r.Reason)
	return g.Account == r.Account && g.Purpose != PurposeBuckets &&
		want <= gave && 2*g.Expires.Sub(b.now()) >= want &&
		(reason == "" || reason == g.Reason) && (g.BreakGlass || !r.BreakGlass)
}
