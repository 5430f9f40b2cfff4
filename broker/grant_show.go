package broker

import (
	"context"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// A KeptGrant is a live Grant and, inside the reveal window, its Credentials.
type KeptGrant struct {
	Grant       Grant
	Credentials secret.Credentials
	Revealable  bool // Credentials are there
}

// Live returns the Caller's live Grants, oldest first.
func (b *Holding) Live(ctx context.Context, r Request) ([]Grant, error) {
	return visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) ([]Grant, error) {
		grants, err := b.grants.LiveGrants(ctx, r.user.Slack)
		if err != nil {
			return nil, storeDown(err)
		}
		return grants, nil
	})
}

// Reveal returns a Grant of the Caller with its Credentials, to be shown or used again.
// Policy is asked again, and it is on the record before anybody sees anything.
func (b *Holding) Reveal(ctx context.Context, r Request, grantID string) (Issued, error) {
	return visit(ctx, b.visits, r, b.visits.toShow(), func(ctx context.Context, r *Request) (Issued, error) {
		found, account, err := b.given(ctx, r, grantID)
		if err != nil {
			return Issued{}, err
		}
		if !found.Revealable {
			return Issued{}, newError(CodeRevealOver,
				prose.Say("These credentials cannot be shown or used again: the bot keeps them for "+text.FormatDuration(b.config.RevealWindow)+" only."),
				prose.Say("If you have lost them, press Renew."))
		}
		sealing, err := b.sealings.sealing(ctx, *r, r.user, account)
		if err != nil {
			return Issued{}, err
		}
		if err := b.recordUse(ctx, *r, event.ShownData{Given: found.Grant.given(*r)}, found.Grant, true); err != nil {
			return Issued{}, err
		}
		return Issued{
			Grant: found.Grant, Credentials: found.Credentials, Account: account, Saved: true,
			Way: prose.Say("Shown again, nothing new was issued"), Sealing: sealing,
		}, nil
	})
}

// given finds a live Grant of the Caller and asks policy for it again. Credentials that
// have ended, or that today's config would not give, count as not revealable.
func (b *Holding) given(ctx context.Context, r *Request, grantID string) (KeptGrant, policy.Account, error) {
	found, err := b.find(ctx, *r, grantID)
	if err != nil {
		return KeptGrant{}, policy.Account{}, err
	}
	r.Account = found.Grant.Account
	if err := b.visits.noOrder(ctx, r); err != nil {
		return KeptGrant{}, policy.Account{}, err
	}
	cleared, err := b.consent.clearAgain(ctx, *r, r.user, found.Grant)
	if err != nil {
		return KeptGrant{}, policy.Account{}, err
	}
	found.Revealable = found.Revealable && stillGiven(found.Grant, cleared.account) && b.now().Before(found.Credentials.Expires)
	return found, cleared.account, nil
}

// Grant returns a live Grant of the Caller, without its Credentials.
func (b *Holding) Grant(ctx context.Context, r Request, grantID string) (Grant, error) {
	found, err := visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (KeptGrant, error) {
		return b.find(ctx, *r, grantID)
	})
	return found.Grant, err
}

func (b *Holding) find(ctx context.Context, r Request, grantID string) (KeptGrant, error) {
	found, ok, err := b.grants.FindGrant(ctx, r.user.Slack, grantID)
	switch {
	case err != nil:
		return KeptGrant{}, onRecord(storeDown(err)) // the record is in that store
	case !ok:
		return KeptGrant{}, errGrantGone()
	}
	return found, nil
}

func errGrantGone() *Error {
	return newError(CodeGrantGone,
		prose.Say("These credentials have ended."),
		prose.Say(prose.SessionsCmd(), " shows what you have; ", prose.AssumeCmd(), " gets new ones."))
}

// Again returns the live Grant of the Caller that r asks for once more: of the same
// Account, still kept, allowed by policy today. ok is false where r brings a code, asks
// for longer, for another reason or by break-glass where that was not, or when less than
// half of the time asked for is left. Nothing is recorded: Reveal asks and records anew.
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
	if err != nil || !kept || !found.Revealable {
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

// stillGiven reports whether a is the role that the Grant gave, with no more MFA.
func stillGiven(g Grant, a policy.Account) bool {
	return g.RoleARN == a.RoleARN && (g.MFA || a.MFA == policy.MFANone)
}

// recordUse puts on the record that the bot is about to use Credentials. Those that were
// kept it looks up once more: an order, or the end of the Grant, may stand before that.
func (b *Holding) recordUse(ctx context.Context, r Request, use event.Payload, g Grant, kept bool) error {
	if _, err := b.recorder.Record(ctx, b.event(r, use)); err != nil {
		return recordAway(err, "nothing was done")
	}
	if !kept {
		return nil
	}
	if err := b.visits.mayAct(ctx, r.user.Slack); err != nil {
		return err
	}
	found, err := b.find(ctx, r, g.ID)
	if err == nil && !found.Revealable {
		err = errGrantGone()
	}
	return err
}
