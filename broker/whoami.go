package broker

import "context"

// WhoAmI is what AWS takes the Caller for.
type WhoAmI struct {
	User    User
	Own     Identity  // by the long-term key
	Account string    // the alias asked for; "" if none was
	Live    *Identity // by the live Grant of Account; nil if there is none in the reveal window
	Grant   Grant     // that Grant
	Session *Session  // the MFA session; nil if there is none
}

// WhoAmI asks AWS who the Caller's key is, and who their live Grant of
// r.Account is. It issues nothing and needs no code.
func (b *Broker) WhoAmI(ctx context.Context, r Request) (WhoAmI, error) {
	user, err := b.identify(ctx, r.Caller)
	if err != nil {
		return WhoAmI{}, b.refuse(ctx, r, err)
	}
	if err := b.mayAct(ctx, user.Slack); err != nil {
		return WhoAmI{}, b.refuse(ctx, r, err)
	}
	who := WhoAmI{User: user, Account: r.Account}
	var account Account
	if r.Account != "" {
		var ok bool
		if account, ok = b.config.Account(r.Account); !ok {
			return WhoAmI{}, b.refuse(ctx, r, b.unknownAccount(ctx, user, r.Account))
		}
		if d := b.entitled(ctx, account, r); d.Effect == Deny {
			return WhoAmI{}, b.refuse(ctx, r, b.denied(account, r, d))
		}
	}
	asking := b.event(EventIdentity, r)
	asking.User, asking.RoleARN = user.Name, account.RoleARN
	if err := b.recorder.Record(ctx, asking); err != nil {
		return WhoAmI{}, b.asError(r, recordAway(err, "AWS was not asked"))
	}
	key, err := b.aws.LongTermKey(ctx, user, Plan{Method: MethodAssumeRole})
	if err != nil {
		return WhoAmI{}, b.asError(r, err)
	}
	if who.Own, err = b.aws.Identity(ctx, key, user.Key); err != nil {
		return WhoAmI{}, b.asError(r, err)
	}
	held, err := b.heldSession(ctx, user)
	if err != nil {
		return WhoAmI{}, b.asError(r, err)
	}
	if held.ok {
		who.Session = &held.Session
	}
	if r.Account == "" {
		return who, nil
	}
	return b.liveIdentity(ctx, r, user, account, who)
}

// liveIdentity adds who the User is by their live Grant of the Account.
func (b *Broker) liveIdentity(ctx context.Context, r Request, user User, account Account, who WhoAmI) (WhoAmI, error) {
	grant, credentials, ok, err := b.grants.RevealGrant(ctx, user.Slack, account.Name)
	if err != nil {
		return WhoAmI{}, b.asError(r, StoreAway(err, "so it cannot look for your live credentials"))
	}
	if !ok || !stillGiven(grant, account) {
		return who, nil
	}
	live, err := b.aws.Identity(ctx, credentials, KeySource{})
	if err != nil {
		return WhoAmI{}, b.asError(r, err)
	}
	who.Live, who.Grant = &live, grant
	return who, nil
}
