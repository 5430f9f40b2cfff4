package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
)

// WhoAmI is what AWS takes the Caller for.
type WhoAmI struct {
	User    policy.User
	Own     Identity  // by the long-term key
	Account string    // the alias asked for; "" if none was
	Live    *Identity // by the live Grant of Account; nil if there is none in the reveal window
	Grant   Grant     // that Grant
	Session *Session  // the MFA session; nil if there is none
}

// WhoAmI asks AWS who the Caller's key is, and who their live Grant of
// r.Account is. It issues nothing and needs no code.
func (b *Explaining) WhoAmI(ctx context.Context, r Request) (WhoAmI, error) {
	return visit(ctx, b.visits, r, b.visits.toGive(), func(ctx context.Context, r *Request) (WhoAmI, error) {
		var account policy.Account
		if r.Account != "" {
			var ok bool
			if account, ok = b.config.Account(r.Account); !ok {
				return WhoAmI{}, b.policy.unknownAccount(ctx, r.user, r.Account)
			}
			if d := b.policy.entitled(ctx, account, *r); d.Effect == policy.Deny {
				return WhoAmI{}, b.policy.denied(account, *r, d)
			}
		}
		asking := event.IdentityData{Account: r.Account, RoleARN: string(account.RoleARN)}
		if _, err := b.recorder.Record(ctx, b.event(*r, asking)); err != nil {
			return WhoAmI{}, recordAway(err, "AWS was not asked")
		}
		who, err := b.whoAmI(ctx, *r, account)
		return who, onRecord(err)
	})
}

func (b *Explaining) whoAmI(ctx context.Context, r Request, account policy.Account) (WhoAmI, error) {
	user, who := r.user, WhoAmI{User: r.user, Account: r.Account}
	key, err := b.aws.LongTermKey(ctx, user, Plan{Method: MethodAssumeRole})
	if err != nil {
		return WhoAmI{}, err
	}
	if who.Own, err = b.aws.Identity(ctx, key, user.Key); err != nil {
		return WhoAmI{}, err
	}
	session, err := b.mfaSessions.usableSession(ctx, user)
	if err != nil {
		return WhoAmI{}, err
	}
	if session.ok {
		who.Session = &session.Session
	}
	if r.Account == "" {
		return who, nil
	}
	return b.liveIdentity(ctx, user, account, who)
}

// liveIdentity adds who the User is by their live Grant of the Account.
func (b *Explaining) liveIdentity(ctx context.Context, user policy.User, account policy.Account, who WhoAmI) (WhoAmI, error) {
	grant, credentials, ok, err := b.grants.RevealGrant(ctx, user.Slack, account.Name)
	if err != nil {
		return WhoAmI{}, StoreAway(err, "so it cannot look for your live credentials")
	}
	if !ok || !stillGiven(grant, account) {
		return who, nil
	}
	live, err := b.aws.Identity(ctx, credentials, policy.KeySource{})
	if err != nil {
		return WhoAmI{}, err
	}
	who.Live, who.Grant = &live, grant
	return who, nil
}
