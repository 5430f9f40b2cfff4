package broker

import "context"

// A KeptGrant is a live Grant and, inside the reveal window, its Credentials.
type KeptGrant struct {
	Grant       Grant
	Credentials Credentials
	Kept        bool // Credentials are there
}

// Live returns the Caller's live Grants, oldest first.
func (b *Broker) Live(ctx context.Context, r Request) ([]Grant, error) {
	user, err := b.identify(ctx, r.Caller)
	if err != nil {
		return nil, b.refuse(ctx, r, err)
	}
	grants, err := b.grants.LiveGrants(ctx, user.Slack)
	if err != nil {
		return nil, b.asError(r, storeDown(err))
	}
	return grants, nil
}

// Reveal returns a Grant of the Caller with its Credentials, to be shown or
// used again. Policy is asked again, and it is on the record before anybody
// sees anything.
func (b *Broker) Reveal(ctx context.Context, r Request, grantID string) (Issued, error) {
	user, err := b.identify(ctx, r.Caller)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	found, err := b.find(ctx, r, user, grantID)
	if err != nil {
		return Issued{}, err
	}
	r.Account = found.Grant.Account
	if err := b.mayAct(ctx, user.Slack); err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	cleared, err := b.clearAgain(ctx, r, user, found.Grant)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	account := cleared.account
	if !found.Kept || !stillGiven(found.Grant, account) || !b.now().Before(found.Credentials.Expires) {
		return Issued{}, b.asError(r, &Error{
			Code: CodeRevealOver,
			What: Say("These credentials cannot be shown or used again: the bot keeps them for " + FormatDuration(b.config.RevealWindow) + " only."),
			Hint: Say("If you have lost them, press Renew."),
		})
	}
	sealing, err := b.sealing(ctx, r, user, account)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	if err := b.recordUse(ctx, r, EventShown, found.Grant); err != nil {
		return Issued{}, err
	}
	return Issued{
		Grant: found.Grant, Credentials: found.Credentials, Account: account, Kept: true,
		Way: Say("Shown again, nothing new was issued"), Sealing: sealing,
	}, nil
}

// Grant returns a live Grant of the Caller, without its Credentials.
func (b *Broker) Grant(ctx context.Context, r Request, grantID string) (Grant, error) {
	user, err := b.identify(ctx, r.Caller)
	if err != nil {
		return Grant{}, b.refuse(ctx, r, err)
	}
	found, err := b.find(ctx, r, user, grantID)
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
func (b *Broker) Revocable(g Grant) bool {
	account, ok := b.config.Account(g.Account)
	return ok && account.Revoker != "" && account.RoleARN == g.RoleARN
}

// End takes back a Grant of the Caller at once, everywhere. Where the Account
// names a revoker it is Revoke; elsewhere the bot forgets the Grant and the MFA
// session, and whoever copied the credentials has them still.
func (b *Broker) End(ctx context.Context, r Request, grantID string) (Ending, error) {
	user, err := b.known(ctx, r.Caller)
	if err != nil {
		return Ending{}, b.refuse(ctx, r, err)
	}
	found, err := b.find(ctx, r, user, grantID)
	if err != nil {
		return Ending{}, err
	}
	r.Account = found.Grant.Account
	if account, ok := b.config.Account(r.Account); ok && b.Revocable(found.Grant) {
		done, err := b.revoke(ctx, r, user, account)
		return Ending{Grant: found.Grant, Session: done.Session, Revoked: &done}, err
	}
	ended := Ending{Grant: found.Grant}
	if err := b.grants.EndGrant(ctx, user.Slack, grantID); err != nil {
		return Ending{}, b.asError(r, storeDown(err))
	}
	var failed error
	if ended.Session, failed = b.sessions.DropMFASession(ctx, user.Slack, ""); ended.Session {
		event := b.event(EventEnded, r)
		event.User, event.Purpose, event.Account = user.Name, PurposeMFASession, ""
		b.note(ctx, event)
	}
	b.note(ctx, b.grantEvent(EventEnded, r, found.Grant))
	if failed != nil {
		return Ending{}, b.asError(r, &Error{
			Code: CodeStore, Err: failed,
			What: Say("The bot has forgotten the credentials, but its own store did not say whether your MFA session has ended."),
			Hint: Say("Send ", MFACmd("end"), " in a minute."),
		})
	}
	return ended, nil
}

func (b *Broker) find(ctx context.Context, r Request, user User, grantID string) (KeptGrant, error) {
	found, ok, err := b.grants.FindGrant(ctx, user.Slack, grantID)
	if err != nil {
		return KeptGrant{}, b.asError(r, storeDown(err))
	}
	if !ok {
		return KeptGrant{}, b.asError(r, &Error{
			Code: CodeGrantGone,
			What: Say("These credentials have ended."),
			Hint: Say(SessionsCmd(), " shows what you have; ", AssumeCmd(), " gets new ones."),
		})
	}
	return found, nil
}
