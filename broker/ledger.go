package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// A KeptGrant is a live Grant and, inside the reveal window, its Credentials.
type KeptGrant struct {
	Grant       Grant
	Credentials secret.Credentials
	Kept        bool // Credentials are there
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

// Reveal returns a Grant of the Caller with its Credentials, to be shown or
// used again. Policy is asked again, and it is on the record before anybody
// sees anything.
func (b *Holding) Reveal(ctx context.Context, r Request, grantID string) (Issued, error) {
	return visit(ctx, b.visits, r, b.visits.toShow(), func(ctx context.Context, r *Request) (Issued, error) {
		found, account, err := b.given(ctx, r, grantID)
		if err != nil {
			return Issued{}, err
		}
		if !found.Kept {
			return Issued{}, &Error{
				Code: CodeRevealOver,
				What: Say("These credentials cannot be shown or used again: the bot keeps them for " + text.FormatDuration(b.config.RevealWindow) + " only."),
				Hint: Say("If you have lost them, press Renew."),
			}
		}
		sealing, err := b.sealings.sealing(ctx, *r, r.user, account)
		if err != nil {
			return Issued{}, err
		}
		if err := b.recordUse(ctx, *r, EventShown, found.Grant); err != nil {
			return Issued{}, err
		}
		return Issued{
			Grant: found.Grant, Credentials: found.Credentials, Account: account, Kept: true,
			Way: Say("Shown again, nothing new was issued"), Sealing: sealing,
		}, nil
	})
}

// given finds a live Grant of the Caller and asks policy for it again. Where
// today's config would not give what it gave, or its Credentials have ended, they
// count as not kept.
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
	found.Kept = found.Kept && stillGiven(found.Grant, cleared.account) && b.now().Before(found.Credentials.Expires)
	return found, cleared.account, nil
}

// Grant returns a live Grant of the Caller, without its Credentials.
func (b *Holding) Grant(ctx context.Context, r Request, grantID string) (Grant, error) {
	found, err := visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (KeptGrant, error) {
		return b.find(ctx, *r, grantID)
	})
	return found.Grant, err
}

// An Ending is what became of a Grant that its person ended.
type Ending struct {
	Grant   Grant
	Session bool // the MFA session ended too
	// Revoked is that of the whole Account, where AWS can be told; nil: AWS keeps
	// the credentials valid until they expire.
	Revoked *Revocation
}

// Revocable reports whether End has AWS refuse the Grant's credentials, and the
// person's others of the same role.
func (b *Holding) Revocable(g Grant) bool {
	account, ok := b.config.Account(g.Account)
	return ok && account.Revoker != "" && account.RoleARN == g.RoleARN
}

// End takes back a Grant of the Caller at once, everywhere. Where the Account
// names a revoker it is Revoke; elsewhere the bot forgets the Grant and the MFA
// session, and whoever copied the credentials has them still.
func (b *Holding) End(ctx context.Context, r Request, grantID string) (Ending, error) {
	return visit(ctx, b.visits, r, b.visits.toTake(), func(ctx context.Context, r *Request) (Ending, error) {
		found, err := b.find(ctx, *r, grantID)
		if err != nil {
			return Ending{}, err
		}
		r.Account = found.Grant.Account
		if account, ok := b.config.Account(r.Account); ok && b.Revocable(found.Grant) {
			done := b.revoking.revoke(ctx, *r, r.user, account)
			return Ending{Grant: found.Grant, Session: done.Session, Revoked: &done}, nil
		}
		return b.forget(ctx, *r, found.Grant)
	})
}

// forget ends a Grant that AWS cannot be told of, and the MFA session.
func (b *Holding) forget(ctx context.Context, r Request, g Grant) (Ending, error) {
	if err := b.grants.EndGrant(ctx, r.user.Slack, g.ID); err != nil {
		return Ending{}, storeDown(err)
	}
	session, err := b.sessions.DropMFASession(ctx, r.user.Slack, "")
	if session {
		event := b.event(EventEnded, r)
		event.User, event.Purpose, event.Account = r.user.Name, PurposeMFASession, ""
		b.note(ctx, event)
	}
	b.note(ctx, b.grantEvent(EventEnded, r, g))
	if err != nil {
		return Ending{}, &Error{
			Code: CodeStore, Err: err,
			What: Say("The bot has forgotten the credentials, but its own store did not say whether your MFA session has ended."),
			Hint: Say("Send ", MFACmd("end"), " in a minute."),
		}
	}
	return Ending{Grant: g, Session: session}, nil
}

func (b *Holding) find(ctx context.Context, r Request, grantID string) (KeptGrant, error) {
	found, ok, err := b.grants.FindGrant(ctx, r.user.Slack, grantID)
	switch {
	case err != nil:
		return KeptGrant{}, onRecord(storeDown(err)) // the record is in that store
	case !ok:
		return KeptGrant{}, &Error{
			Code: CodeGrantGone,
			What: Say("These credentials have ended."),
			Hint: Say(SessionsCmd(), " shows what you have; ", AssumeCmd(), " gets new ones."),
		}
	}
	return found, nil
}
