package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// An Ending is what became of a Grant that its person ended.
type Ending struct {
	Grant   Grant
	Session bool // the MFA session ended too
	// Revoked is that of the whole Account, where AWS can be told; nil: AWS keeps
	// the credentials valid until they expire.
	Revoked *Revocation
}

// Revocable reports whether End has AWS refuse the Grant's credentials.
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
			if codeOf(err) == CodeGrantGone { // to the store; on the record it ends all the same
				b.note(ctx, b.event(*r, event.EndedData{Given: event.Given{Grant: grantID}}))
			}
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
		b.note(ctx, b.event(r, event.EndedData{Given: event.Given{Purpose: string(PurposeMFASession), Reason: event.NewText(r.Reason)}}))
	}
	b.note(ctx, b.event(r, event.EndedData{Given: g.given(r)}))
	if err != nil {
		return Ending{}, &Error{
			Code: CodeStore, Err: err,
			What: prose.Say("The bot has forgotten the credentials, but its own store did not say whether your MFA session has ended."),
			Hint: prose.Say("Send ", prose.MFACmd("end"), " in a minute."),
		}
	}
	return Ending{Grant: g, Session: session}, nil
}
