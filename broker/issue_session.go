package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// issueFromSession assumes the role with the User's MFA session, which r.Code
// begins first if the Plan says so. The call carries no code.
func (b *Issuing) issueFromSession(ctx context.Context, r Request, user policy.User, cleared clearance, p Plan, session usableSession) (Issued, error) {
	account := cleared.account
	if p.Begins {
		b.ahead.Ask(ctx, ahead.Questions{Rates: b.usage.callsOf(r, account, p), Claim: claimOf(r, user, beginning+r.ID)})
	}
	if err := b.usage.takeCalls(ctx, r, account, p); err != nil {
		if p.Begins {
			b.usage.releaseCode(ctx, r, user, beginning+r.ID)
		}
		return Issued{}, err
	}
	a := &attempt{
		request: r,
		claims:  b.consent.approvalClaim(r, cleared),
		act:     issueAct(r, p, cleared),
		undone:  "no credentials for " + account.Name + " were issued",
		did:     "AWS issued credentials",
		dropped: "they were thrown away unseen",
		keep:    b.keepGrant(r),
	}
	if p.Begins {
		a.use = UseSpent
		var err error
		if session, err = b.mfaSessions.sessionByCode(ctx, r, user, b.config.MFASession, a); err != nil {
			return Issued{}, err
		}
		p.Way = begunWay(session, b.now())
	}
	a.act.MFASession, a.again = session.AccessKeyID, tryFrom(session)
	a.ask = func(ctx context.Context) (Issued, error) {
		return b.attempts.askSTS(ctx, Call{Request: r, User: user, Account: account, Plan: p, Signer: session.credentials, SessionSaved: session.saved})
	}
	issued, err := b.attempts.perform(ctx, a)
	if err != nil {
		b.dropDead(ctx, r, session, err)
		return issued, askInstead(r, account, err)
	}
	if !p.Begins {
		issued.UsedSession = &session.Session
	}
	return issued, nil
}

// dropDead drops an MFA session that AWS no longer accepts.
func (b *Issuing) dropDead(ctx context.Context, r Request, session usableSession, err error) {
	if codeOf(err) != CodeExpired {
		return
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	if _, err := b.sessions.DropMFASession(ctx, session.User, session.ID); err != nil {
		b.log.WarnContext(ctx, "dead MFA session not dropped", "request", r.ID, "error", err)
	}
}

// askInstead turns an MFA session that AWS no longer accepts into the question for
// a code, where none was sent. On the record the attempt has failed.
func askInstead(r Request, account policy.Account, err error) error {
	if codeOf(err) != CodeExpired || !r.Code.Empty() {
		return err
	}
	return askForCode(r, &Error{
		Code: CodeNeedsCode,
		Err:  fmt.Errorf("%w: %w", ErrMFASessionNotEnough, err),
		What: prose.Say("AWS no longer accepts your MFA session, so " + account.Name + " needs the code of your MFA device."),
	})
}

// tryFrom is the hint where an MFA session is there to try again from.
func tryFrom(session usableSession) []prose.Part {
	if !session.saved {
		return tryAnew(UseSpent)
	}
	return prose.Say("Try again in a minute; you need no new code while your MFA session lives.")
}

// begunWay says how credentials came from a session that a code began.
func begunWay(session usableSession, now time.Time) []prose.Part {
	left := text.FormatDuration(session.Expires.Sub(now).Round(time.Minute))
	switch {
	case session.shared:
		return prose.Say("AssumeRole from the MFA session that the same code began: for " + left + " accounts like this need no new code")
	case !session.saved:
		return prose.Say("GetSessionToken with your MFA code, then AssumeRole from that MFA session: " +
			"the store did not keep it, so the next request needs a code again")
	}
	return prose.Say("GetSessionToken with your MFA code, then AssumeRole from that MFA session: for " + left + " accounts like this need no new code")
}
