package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

const (
	// revokeTimeout bounds one revocation, waiting for the lease included.
	revokeTimeout = 60 * time.Second
	// denyLease is how long a replica that died keeps the others from one role's
	// policy: they still have the time to write it then.
	denyLease = 10 * time.Second
)

// A Revocation is what became of one.
type Revocation struct {
	Account policy.Account
	Ended   int       // Grants that the bot forgot
	Until   time.Time // when the last of those expires: copies work until then, unless AWS was told
	Session bool      // the MFA session ended too
	// Cancelled is what the person asked others to approve of the Account.
	Cancelled []approval.Approval
	// Denied is what AWS refuses now; nil when the config names no revoker, where
	// AWS was told nothing, or Err says why it could not.
	Denied *Denied
	Err    *Error
	// Nothing says that the person had nothing of the role, so AWS was told nothing.
	Nothing bool
}

// Revoke takes from the Caller what they have of r.Account: kept Credentials, the MFA
// session, which could get new ones, and, where the Account names a revoker, credentials
// that are out. Policy is not asked: who lost an Account may still give it back.
func (b *Revoking) Revoke(ctx context.Context, r Request) (Revocation, error) {
	return visit(ctx, b.visits, r, way{steps: b.visits.toTake().steps}, func(ctx context.Context, r *Request) (Revocation, error) {
		account, ok := b.config.Account(r.Account)
		if !ok {
			if err := b.visits.isMember(ctx, r); err != nil { // who is no full member learns no names
				return Revocation{}, err
			}
			return Revocation{}, b.policy.unknownAccount(ctx, r.user, r.Account)
		}
		return b.revoke(ctx, *r, r.user, account), nil
	})
}

// revoke only takes away, so it goes on without the Caller and without the record.
func (b *Revoking) revoke(ctx context.Context, r Request, user policy.User, account policy.Account) Revocation {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
	defer cancel()
	found, err := b.grantsOf(ctx, user, account)
	if err != nil { // nobody knows what a run under way would have to cover
		return b.revokeNow(ctx, r, user, account)
	}
	ids := make([]string, len(found))
	for i, g := range found {
		ids[i] = g.ID
	}
	done, shared, err := b.runs.Do(ctx, user.Slack+" "+account.Name, ids, func() Revocation { return b.revokeNow(ctx, r, user, account) })
	switch {
	case err != nil && ctx.Err() != nil: // to have AWS refuse has time of its own
		return b.revokeNow(ctx, r, user, account)
	case err != nil:
		done.Err = b.asError(r, err)
	}
	if shared {
		b.log.InfoContext(ctx, "revoked by the same request, which was under way", "request", r.ID, "account", account.Name)
		b.takeSince(ctx, r, user, account, &done)
	}
	return done
}

// takeSince takes what came while the run was under way whose answer is shared: an
// MFA session that was begun, and what was asked of others.
func (b *Revoking) takeSince(ctx context.Context, r Request, user policy.User, account policy.Account, done *Revocation) {
	session, err := b.sessions.DropMFASession(ctx, user.Slack, "")
	r.Account, r.Approval = account.Name, ""
	cancelled, failed := b.pending.cancelOpen(ctx, r, user.Slack, approval.Vote{User: user.Slack, Name: user.Name})
	if session {
		b.note(ctx, b.event(r, event.EndedData{Given: event.Given{Purpose: string(PurposeMFASession)}}))
	}
	done.Session = done.Session || session
	done.Cancelled = append(slices.Clone(done.Cancelled), cancelled...)
	if err = errors.Join(err, failed); err != nil && done.Err == nil {
		done.Err = b.asError(r, storeDown(err))
	}
}

// grantsOf are the User's live Grants of the Account, and of its role by another name.
func (b *Revoking) grantsOf(ctx context.Context, user policy.User, account policy.Account) ([]Grant, error) {
	grants, err := b.grants.LiveGrants(ctx, user.Slack)
	return slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool {
		return g.Account != account.Name && (account.RoleARN == "" || g.RoleARN != account.RoleARN)
	}), err
}

// revokeNow takes what there is. Of who has nothing it asks AWS nothing. On the record it is
// taken all the same, once a minute: what the store does not show may be put back there.
// While nobody knows what they have, they may have something.
func (b *Revoking) revokeNow(ctx context.Context, r Request, user policy.User, account policy.Account) Revocation {
	found, failed := b.grantsOf(ctx, user, account)
	tells := account.Revoker != "" && (len(found) > 0 || failed != nil)
	tell := len(found) > 0 || failed != nil || b.firstOfLate(ctx, r)
	if tell {
		b.note(ctx, b.event(r, event.RevokingData{Account: r.Account, RoleARN: string(account.RoleARN), Reason: event.NewText(r.Reason)}))
	}
	done := Revocation{Account: account, Nothing: account.Revoker != "" && !tells}
	session, err := b.sessions.DropMFASession(ctx, user.Slack, "")
	done.Session, err = session, errors.Join(failed, err)
	err = errors.Join(err, b.take(ctx, user.Slack, found, tells, &done))
	r.Account, r.Approval = account.Name, ""
	if done.Cancelled, failed = b.pending.cancelOpen(ctx, r, user.Slack, approval.Vote{User: user.Slack, Name: user.Name}); failed != nil {
		err = errors.Join(err, failed)
	}
	if tells {
		for _, name := range b.sessionNames(user.Slack, found) {
			if done.Denied, done.Err = b.deny(ctx, r, account, name, false); done.Err != nil {
				break
			}
		}
		if done.Err == nil {
			err = errors.Join(err, b.take(ctx, user.Slack, found, false, &Revocation{}))
		}
	}
	if err != nil && done.Err == nil {
		// Said last: AWS refuses all the same.
		done.Err = b.asError(r, mayBeKept(err, "credentials or an MFA session of yours", prose.Say("Try again in a minute, or tell whoever runs the bot.")))
	}
	if done.Err != nil {
		b.log.ErrorContext(ctx, "revocation not complete", "request", r.ID, "account", account.Name, "error", done.Err)
	}
	if tell || done.Session || len(done.Cancelled) > 0 || done.Err != nil {
		outcome := denial(done.Denied, done.Err)
		outcome.Account, outcome.RoleARN, outcome.Reason = r.Account, string(account.RoleARN), event.NewText(r.Reason)
		outcome.Expires = event.At(done.Until)
		b.note(ctx, b.event(r, outcome))
	}
	return done
}

// firstOfLate keeps who has nothing from filling the record with revocations of it.
func (b *Revoking) firstOfLate(ctx context.Context, r Request) bool {
	rate, err := b.counters.TakeRate(ctx, "revoked:"+r.Caller.User+":"+r.Account, r.ID, 1, revokeTimeout)
	return err != nil || rate.Taken
}

// take forgets Grants of a person, and counts them in done. With keepPlace it forgets
// only their Credentials: until AWS refuses them they work, so lists must show them, and
// a revocation that failed must find them again.
func (b *Revoking) take(ctx context.Context, user string, grants []Grant, keepPlace bool, done *Revocation) error {
	var err error
	for _, g := range grants {
		var failed error
		if keepPlace {
			failed = b.grants.ForgetCredentials(ctx, user, g.ID)
		} else {
			failed = b.grants.EndGrant(ctx, user, g.ID)
		}
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		done.took(g)
	}
	return err
}

// took counts a Grant that the bot forgot.
func (done *Revocation) took(g Grant) {
	done.Ended++
	if g.Expires.After(done.Until) {
		done.Until = g.Expires
	}
}
