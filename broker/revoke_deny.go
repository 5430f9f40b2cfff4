package broker

import (
	"context"
	"errors"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/share"
)

// Two things keep one person's revocations from holding up another's. One that is under
// way answers for those that come meanwhile and would take nothing else (share.Runs). And
// what AWS is to refuse of one Account is written for all who wait at once (share.Turns):
// who comes before the policy is read joins, who comes later waits for the next writing.
// So nobody waits for more than two; where an admin waits, the pauses do not grow.

// deny has AWS refuse the sessions of that name of the Account's role that were
// issued until now, one replica and one Account at a time.
func (b *Revoking) deny(ctx context.Context, r Request, account policy.Account, session string, urgent bool) (*Denied, *Error) {
	if err := policy.CheckSessionName(session); err != nil { // before it fails for those it would join
		return nil, b.notDenied(r, account, session, err)
	}
	// Two Accounts may have one role.
	role := "revocations:" + string(account.RoleARN)
	turn, leads := b.denials.Join(role+" "+account.Name, session, urgent)
	if leads {
		turn.Lead(func() (Denied, error) { return b.writeDenial(ctx, account, role, turn) })
	}
	denied, err := turn.Wait(ctx)
	if errors.Is(err, share.ErrUnfinished) {
		err = &DenialError{Unconfirmed: true, Err: err}
	}
	if err != nil {
		return nil, b.notDenied(r, account, session, err)
	}
	return &denied, nil
}

// writeDenial goes on for those who joined, whether or not who leads is still there.
func (b *Revoking) writeDenial(ctx context.Context, account policy.Account, name string, turn *share.Turn[Denied]) (denied Denied, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeOneTimeout)
	defer cancel()
	role := lease.New(b.leases, name, denyLease, b.log)
	write := func(ctx context.Context, h *lease.Hold) (err error) {
		still := func(context.Context) error { _, err := h.Fence(); return err }
		denied, err = b.aws.Deny(ctx, account, turn.Begin, still)
		return err
	}
	err = retry.Pace{First: firstPause, Longest: longestPause}.Do(ctx, func() error {
		err := role.Do(ctx, write)
		switch taken := errors.Is(err, lease.ErrTaken); {
		case taken && turn.Urgent():
			return retry.After(err, firstPause)
		case taken:
			return err
		case errors.Is(err, lease.ErrLost):
			err = overwritten(err)
		}
		return retry.Final(err)
	})
	return denied, err
}

// overwritten is of a lost lease: another may have written over what this one wrote.
func overwritten(err error) error {
	lost := &DenialError{Unconfirmed: true, Err: err}
	var failed *DenialError
	if errors.As(err, &failed) {
		lost.Earlier = failed.Earlier
	}
	return lost
}

// denial is what AWS refuses now, or why it could not be told.
func denial(denied *Denied, failed *Error) (done event.RevokedData) {
	if denied != nil {
		done.DeniedBefore, done.DeniedAll = event.At(denied.Before), denied.Everybody
	}
	if failed != nil {
		done.Failure = failed.failure()
	}
	return done
}

// notDenied says what is known of what AWS was to refuse.
func (b *Revoking) notDenied(r Request, account policy.Account, session string, err error) *Error {
	e := &Error{
		Code: CodeRevoker, Err: err,
		What: prose.Say("The bot could not tell AWS to refuse the credentials of " + account.Name + " that were issued before: they work until they expire."),
		Hint: prose.Say("Tell the people who run the AWS account. Do it now if somebody else may have the credentials."),
	}
	var failed *DenialError
	switch known := errors.As(err, &failed); {
	case known && failed.Refused:
		e.Hint = prose.Sentences(prose.Say("The revoker role refused the bot, or lacks iam:GetRolePolicy or iam:PutRolePolicy."), e.Hint)
	case known && failed.Unconfirmed:
		e.Detail = "unconfirmed"
		e.What = prose.Say("AWS did not confirm in time that it refuses the credentials of " + account.Name +
			" that were issued before: nobody knows whether it does.")
		e.Hint = prose.Sentences(prose.Say("Revoke again in a minute."), e.Hint)
	}
	if failed != nil && failed.coversEarlier(session) {
		e.Detail = "earlier_alone"
		e.What = prose.Say("AWS refuses what was issued of " + account.Name + " before an earlier revocation, " +
			"and could not be told of what was issued since: that works until it expires.")
	}
	return b.asError(r, e)
}
