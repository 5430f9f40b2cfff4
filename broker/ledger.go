package broker

import "context"

// A Ledger finds Grants again while they live.
type Ledger interface {
	// LiveGrants returns the Grants of user that have not expired or been
	// ended, oldest first.
	LiveGrants(ctx context.Context, user string) ([]Grant, error)
	// FindGrant returns a live Grant of user, and its Credentials while they are
	// kept; ok is false when user has no such Grant.
	FindGrant(ctx context.Context, user, grantID string) (g KeptGrant, ok bool, err error)
	// EndGrant drops a Grant of user and its Credentials for all replicas.
	EndGrant(ctx context.Context, user, grantID string) error
}

// Holders tell who has something.
type Holders interface {
	// Holders returns the Slack user ID of everybody who has live Grants, those
	// whom the config names no more too. Some may have none any more.
	Holders(ctx context.Context) ([]string, error)
}

// A KeptGrant is a live Grant and, inside the reveal window, its Credentials.
type KeptGrant struct {
	Grant       Grant
	Credentials Credentials
	Kept        bool // Credentials are there
}

// Live returns the Caller's live Grants, oldest first.
func (b *Broker) Live(ctx context.Context, r Request) ([]Grant, error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return nil, b.refuse(ctx, r, err)
	}
	grants, err := b.ledger.LiveGrants(ctx, user.Slack)
	if err != nil {
		return nil, b.asError(r, storeDown(err))
	}
	return grants, nil
}

// Reveal returns a Grant of the Caller with its Credentials, to be shown or
// used again. Policy is asked again, and it is on the record before anybody
// sees anything.
func (b *Broker) Reveal(ctx context.Context, r Request, grantID string) (Issued, error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	found, err := b.find(ctx, r, user, grantID)
	if err != nil {
		return Issued{}, err
	}
	r.Account = found.Grant.Account
	if err := b.inGoodStanding(ctx, user); err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	cleared, err := b.clearAgain(ctx, r, user, found.Grant)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	account := cleared.account
	if !found.Kept || !stillGiven(found.Grant, account) || !b.now().Before(found.Credentials.Expires) {
		return Issued{}, b.asError(r, &Error{
			Code:    CodeRevealOver,
			Message: "These credentials cannot be shown or used again: the bot keeps them for " + FormatDuration(b.config.RevealWindow) + " only.",
			Hint:    "If you have lost them, press Renew.",
		})
	}
	sealing, err := b.sealing(ctx, r, user, account)
	if err != nil {
		return Issued{}, b.refuse(ctx, r, err)
	}
	if err := b.recordUse(ctx, r, EventShown, user, found.Grant); err != nil {
		return Issued{}, err
	}
	return Issued{
		Grant: found.Grant, Credentials: found.Credentials, Account: account, Kept: true,
		Way: "Shown again; nothing new was issued", Sealing: sealing,
	}, nil
}

// Grant returns a live Grant of the Caller, without its Credentials.
func (b *Broker) Grant(ctx context.Context, r Request, grantID string) (Grant, error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return Grant{}, b.refuse(ctx, r, err)
	}
	found, err := b.find(ctx, r, user, grantID)
	return found.Grant, err
}

// End makes the bot forget a Grant of the Caller at once, everywhere. AWS keeps
// the credentials valid until they expire: whoever copied them has them still.
func (b *Broker) End(ctx context.Context, r Request, grantID string) (Grant, error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return Grant{}, b.refuse(ctx, r, err)
	}
	found, err := b.find(ctx, r, user, grantID)
	if err != nil {
		return Grant{}, err
	}
	if err := b.ledger.EndGrant(ctx, user.Slack, grantID); err != nil {
		return Grant{}, b.asError(r, storeDown(err))
	}
	r.Account = found.Grant.Account
	if err := b.recordUse(ctx, r, EventEnded, user, found.Grant); err != nil {
		// It has ended all the same, and that takes nothing from anybody.
		b.log.ErrorContext(ctx, "end of a grant not recorded", "request", r.ID, "grant", grantID, "error", err)
	}
	return found.Grant, nil
}

func (b *Broker) find(ctx context.Context, r Request, user User, grantID string) (KeptGrant, error) {
	found, ok, err := b.ledger.FindGrant(ctx, user.Slack, grantID)
	if err != nil {
		return KeptGrant{}, b.asError(r, storeDown(err))
	}
	if !ok {
		return KeptGrant{}, b.asError(r, &Error{
			Code:    CodeGrantGone,
			Message: "These credentials have ended.",
			Hint:    "`/sessions` shows what you have; `/assume` gets new ones.",
		})
	}
	return found, nil
}

func storeDown(err error) *Error {
	return &Error{
		Code: CodeStore, Err: err,
		Message: "The bot's own store is not answering.",
		Hint:    "Try again in a minute.",
	}
}
