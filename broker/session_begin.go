package broker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/secret"
)

// A code that is to begin an MFA session is claimed as beginning, and then as begun, so
// that others know which MFA session to wait for. A Request's bare ID says that the code
// is spent.
const (
	beginning = "beginning:"
	begun     = "begun:"
)

const (
	// sessionWait bounds how long a Request waits for the MFA session that
	// another one is beginning with the same code.
	sessionWait  = 10 * time.Second
	firstPause   = 20 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// BeginMFASession starts the Caller's MFA session with r.Code, in place of one
// that may be there. r.Duration of 0 is as long as the config allows.
func (b *MFASessions) BeginMFASession(ctx context.Context, r Request) (Session, error) {
	return visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (Session, error) {
		d, err := b.sessionDuration(r.user, r.Duration)
		if err != nil {
			return Session{}, err
		}
		session, err := b.sessionByCode(ctx, *r, r.user, d, nil)
		if err == nil && !session.saved {
			err = onRecord(unstored(nil, "AWS took the code, but the bot's own store did not keep the MFA session, so nobody has it."))
		}
		return session.Session, err
	})
}

func (b *MFASessions) sessionDuration(user policy.User, asked time.Duration) (time.Duration, error) {
	most := b.config.MFASession
	switch {
	case most == 0:
		return 0, b.sessionsOff()
	case user.MFASerial == "":
		return 0, newError(CodeNoDevice, prose.Say("The bot's config names no MFA device of yours."), b.contact())
	case asked == 0:
		return most, nil
	case asked < MinMFASession:
		return 0, tooShort("AWS makes no MFA session").detailed("mfa_session")
	case asked > most:
		return 0, tooLong("An MFA session lasts", most).detailed("mfa_session")
	}
	return asked, nil
}

// sessionByCode returns the MFA session that r.Code begins. Of several Requests with one
// code, on any replica, one asks STS and the others wait for its MFA session: they have
// the same code. If that one gives the code back, another takes its turn. next is the attempt
// that it is for, if there is one.
func (b *MFASessions) sessionByCode(ctx context.Context, r Request, user policy.User, d time.Duration, next *attempt) (usableSession, error) {
	key, err := b.aws.LongTermKey(ctx, user, Plan{Method: MethodGetSessionToken, MFA: true})
	if err != nil {
		return usableSession{}, err
	}
	waiting, done := patience.ForAWS(ctx)
	defer done()
	waiting, enough := context.WithTimeout(waiting, sessionWait)
	defer enough()
	var session usableSession
	err = retry.Pace{First: firstPause, Longest: longestPause}.Do(waiting, func() (err error) {
		if session, err = b.beginSession(ctx, r, user, d, key, next); !errors.Is(err, errClaimed) {
			return retry.Final(err)
		}
		over := false
		session, over, err = b.sessionOfClaim(ctx, r, user)
		switch {
		case err != nil:
			return retry.Final(codeUnclaimed(err))
		case session.ok:
			return nil
		case over:
			return retry.Final(b.usage.codeSpent())
		}
		return errClaimed
	})
	switch {
	case !errors.Is(err, errClaimed):
		return session, err
	case ctx.Err() != nil:
		return usableSession{}, codeUnclaimed(ctx.Err())
	}
	return usableSession{}, b.usage.codeSpent()
}

// claimSession claims r.Code to begin an MFA session with, or returns errClaimed.
func (b *MFASessions) claimSession(ctx context.Context, r Request, user policy.User) error {
	mine, err := b.codes.ReserveCode(ctx, user.Slack, user.MFASerial, r.Code, beginning+r.ID, codeReservation)
	if err == nil && !mine {
		return errClaimed
	}
	return codeUnclaimed(err)
}

// sessionOfClaim is the MFA session that the code's claim began; over: none will come.
func (b *MFASessions) sessionOfClaim(ctx context.Context, r Request, user policy.User) (session usableSession, over bool, err error) {
	claim, err := b.codes.CodeClaim(ctx, user.Slack, user.MFASerial, r.Code)
	if err != nil || claim == "" { // given back: it can be claimed now
		return usableSession{}, false, err
	}
	id, over := strings.CutPrefix(claim, begun)
	if !over {
		var making bool
		if id, making = strings.CutPrefix(claim, beginning); !making {
			return usableSession{}, true, nil
		}
	}
	session, err = b.usableSession(ctx, user)
	if err != nil || session.ID != id {
		return usableSession{}, over, err
	}
	session.shared = true
	return session, false, nil
}

// codeUnclaimed says that the store failed before the code was claimed; nil if it did not.
func codeUnclaimed(err error) error {
	if err == nil {
		return nil
	}
	return StoreAway(err, "so nothing was issued")
}

// beginSession claims the code and sends it; errClaimed is as of claimSession. A session
// that cannot be kept still serves the Request that began it.
func (b *MFASessions) beginSession(
	ctx context.Context, r Request, user policy.User, d time.Duration, key secret.Credentials, next *attempt,
) (usableSession, error) {
	p := Plan{Method: MethodGetSessionToken, MFA: true, Duration: d}
	asked := r
	asked.Purpose = PurposeMFASession
	act, began := actOf(asked, p), b.now().UTC()
	session := usableSession{ok: true}
	_, err := b.attempts.perform(ctx, &attempt{
		request: r,
		claims: []claim{{
			take:     func(ctx context.Context) error { return b.claimSession(ctx, r, user) },
			giveBack: func(ctx context.Context) { b.usage.releaseCode(ctx, r, user, beginning+r.ID) },
			spent:    func(e *Error) bool { return e.Use != UseUnused },
			spend:    func(ctx context.Context) { b.replaceClaim(ctx, r, user, r.ID) },
		}},
		act:     act,
		code:    true,
		undone:  "nothing was issued",
		did:     "AWS took the code",
		dropped: "what it issued was thrown away unseen",
		next:    next,
		ask: func(ctx context.Context) (Issued, error) {
			return b.attempts.askSTS(ctx, Call{Request: asked, User: user, Account: policy.Account{Name: "your MFA session"}, Plan: p, Signer: key})
		},
		keep: func(ctx context.Context, issued Issued, _ time.Time) (Issued, error) {
			g := issued.Grant
			session.credentials = issued.Credentials
			session.Session = Session{
				ID:          r.ID,
				User:        user.Slack,
				MFASerial:   user.MFASerial,
				AccessKeyID: g.AccessKeyID,
				Began:       g.Issued,
				Asked:       began,
				Expires:     g.Expires,
				Entry:       g.Entry,
			}
			session.saved = b.keepSession(ctx, r, user, session)
			return issued, nil
		},
	})
	if err != nil {
		return usableSession{}, err
	}
	return session, nil
}

// keepSession keeps an MFA session, and lets those who wait for it go on. One that
// may be kept or not is dropped: nobody is told that it is there.
func (b *MFASessions) keepSession(ctx context.Context, r Request, user policy.User, session usableSession) bool {
	swap := &ClaimSwap{Code: r.Code, From: beginning + r.ID, To: begun + r.ID}
	if err := b.sessions.SaveMFASession(ctx, session.Session, session.credentials, swap); err != nil {
		b.log.ErrorContext(ctx, "MFA session not kept", "request", r.ID, "ref", ShortRef(r.ID), "error", err)
		if _, err := b.sessions.DropMFASession(ctx, user.Slack, r.ID); err != nil {
			b.log.WarnContext(ctx, "MFA session that may be kept not dropped", "request", r.ID, "error", err)
		}
		b.replaceClaim(ctx, r, user, r.ID)
		return false
	}
	return true
}

// replaceClaim tells those who wait for the MFA session that a code begins what became of it.
func (b *MFASessions) replaceClaim(ctx context.Context, r Request, user policy.User, to string) {
	if err := b.codes.ReplaceClaim(ctx, user.Slack, user.MFASerial, r.Code, beginning+r.ID, to); err != nil {
		b.log.WarnContext(ctx, "claim not replaced; who waits for it waits in vain", "request", r.ID, "error", err)
	}
}
