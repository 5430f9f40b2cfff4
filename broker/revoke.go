package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/smithy-go"
)

// Leases keep two replicas from writing one role's policy at once.
type Leases interface {
	// Lease claims the lease name for holder, or renews it, for ttl from now;
	// false when another holds it.
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// ReleaseLease gives the lease back if it is still holder's.
	ReleaseLease(ctx context.Context, name, holder string) error
}

const (
	// revokeTimeout bounds one revocation, waiting for the lease included.
	revokeTimeout = 60 * time.Second
	// denyLease outlives any single call to IAM, so that who renewed it before a
	// write holds it until that write ended.
	denyLease = awsTimeout + 15*time.Second
)

// A Revocation is what became of one.
type Revocation struct {
	Account Account
	Ended   int       // Grants that the bot forgot
	Until   time.Time // when the last of those expires: copies work until then, unless AWS was told
	Session bool      // the MFA session ended too
	// Cancelled is what the person asked others to approve of the Account.
	Cancelled []Approval
	// Denied is what AWS refuses now; nil when the config names no revoker, or
	// Err says why it could not.
	Denied *Denied
	Err    *Error
}

// Revoke takes from the Caller what they have of r.Account: the Credentials that
// the bot keeps, the MFA session, which could get new ones, and, where the
// Account names a revoker, the credentials already handed out. Policy is not
// asked: whoever lost an Account may still give back what they have of it.
func (b *Broker) Revoke(ctx context.Context, r Request) (Revocation, error) {
	user, err := b.known(ctx, r.Caller)
	if err != nil {
		return Revocation{}, b.refuse(ctx, r, err)
	}
	account, ok := b.config.Account(r.Account)
	if !ok {
		if err := b.inGoodStanding(ctx, user.Slack); err != nil { // who is no full member learns no names
			return Revocation{}, b.refuse(ctx, r, err)
		}
		return Revocation{}, b.refuse(ctx, r, b.unknownAccount(ctx, user, r.Account))
	}
	return b.revoke(ctx, r, user, account)
}

// revoke goes on when the Caller is gone, and when the record fails: it only
// takes away.
func (b *Broker) revoke(ctx context.Context, r Request, user User, account Account) (Revocation, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
	defer cancel()
	event := b.event(EventRevoking, r)
	event.User, event.RoleARN, event.Principal = user.Name, account.RoleARN, ""
	b.note(ctx, event)
	done := Revocation{Account: account}
	grants, failed := b.endGrants(ctx, user, &done)
	session, err := b.sessions.DropMFASession(ctx, user.Slack, "")
	done.Session, err = session, errors.Join(failed, err)
	r.Account, r.Approval = account.Name, ""
	if done.Cancelled, failed = b.cancelOpen(ctx, r, user.Slack, Vote{User: user.Slack, Name: user.Name}); failed != nil {
		err = errors.Join(err, failed)
	}
	if account.Revoker != "" {
		for _, name := range b.sessionNames(user.Slack, grants) {
			denied, failed := b.deny(ctx, r, account, name)
			if done.Denied, done.Err = denied, failed; failed != nil {
				break
			}
		}
	}
	if err != nil && done.Err == nil {
		// Said last: AWS refuses all the same.
		done.Err = b.asError(r, &Error{
			Code: CodeStore, Err: err,
			Message: "The bot's own store is not answering, so it may still keep credentials or an MFA session of yours.",
			Hint:    "Try again in a minute, or tell whoever runs the bot.",
		})
	}
	outcome := b.outcome(EventRevoked, event)
	outcome.Expires = done.Until
	outcome.told(done.Denied, done.Err)
	if done.Err != nil {
		b.log.ErrorContext(ctx, "revocation not complete", "request", r.ID, "account", account.Name, "error", done.Err)
	}
	b.note(ctx, outcome)
	return done, nil
}

// note records what nothing waits for, whether or not whoever asked is still
// there.
func (b *Broker) note(ctx context.Context, e Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := b.recorder.Record(ctx, e); err != nil {
		b.log.ErrorContext(ctx, "event not recorded", "kind", e.Kind, "request", e.RequestID, "error", err)
	}
}

// took counts a Grant that the bot forgot.
func (done *Revocation) took(g Grant) {
	done.Ended++
	if g.Expires.After(done.Until) {
		done.Until = g.Expires
	}
}

// endGrants forgets the User's Grants of the Account, and returns all that they had
// of it.
func (b *Broker) endGrants(ctx context.Context, user User, done *Revocation) ([]Grant, error) {
	grants, err := b.ledger.LiveGrants(ctx, user.Slack)
	grants = slices.DeleteFunc(grants, func(g Grant) bool { return g.Account != done.Account.Name })
	for _, g := range grants {
		if failed := b.ledger.EndGrant(ctx, user.Slack, g.ID); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		done.took(g)
	}
	return grants, err
}

// deny has AWS refuse the sessions of that name of the Account's role, one
// replica and one Account at a time.
func (b *Broker) deny(ctx context.Context, r Request, account Account, session string) (*Denied, *Error) {
	// Two Accounts may have one role.
	name, holder := "revocations:"+string(account.RoleARN), r.ID+":"+account.Name
	still := func(ctx context.Context) error { return b.holdLease(ctx, name, holder) }
	if err := still(ctx); err != nil {
		return nil, b.notDenied(r, account, err)
	}
	denied, err := b.aws.deny(ctx, account, session, still)
	if released := b.leases.ReleaseLease(ctx, name, holder); released != nil {
		b.log.WarnContext(ctx, "lease not released; the next revocation waits for its end", "lease", name, "error", released)
	}
	if err != nil {
		return nil, b.notDenied(r, account, err)
	}
	return &denied, nil
}

// holdLease claims or renews the lease, waiting while another holds it.
func (b *Broker) holdLease(ctx context.Context, name, holder string) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		mine, err := b.leases.Lease(ctx, name, holder, denyLease)
		if err != nil || mine {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *Broker) notDenied(r Request, account Account, err error) *Error {
	e := &Error{
		Code: CodeRevoker, Err: err,
		Message: "AWS could not be told to refuse the credentials of " + account.Name + " that are out already: they work until they expire.",
		Hint:    "Tell whoever looks after the AWS account, now if they may be in wrong hands.",
	}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "AccessDenied" {
		e.Hint = "The revoker role refused the bot, or lacks iam:GetRolePolicy or iam:PutRolePolicy. " + e.Hint
	}
	return b.asError(r, e)
}
