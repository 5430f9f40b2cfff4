package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

const (
	// codeReservation covers the step a code belongs to and the one AWS still
	// takes on either side: 3 × 30 s (RFC 6238, section 5.2).
	codeReservation = 90 * time.Second
	totpStep        = 30 * time.Second
)

// callClaim is one of the calls that an Account may have and, if p sends the code, of the
// code; both are asked for in one trip.
func (b *usage) callClaim(r Request, user policy.User, account policy.Account, p Plan) claim {
	if !p.SendsCode() {
		return claim{take: func(ctx context.Context) error { return b.takeCalls(ctx, r, account, p) }}
	}
	code := b.codeClaim(r, user)
	reserve := code.take
	code.take = func(ctx context.Context) error {
		b.ahead.Ask(ctx, ahead.Questions{Rates: b.callsOf(r, account, p), Claim: claimOf(r, user, r.ID)})
		if err := b.takeCalls(ctx, r, account, p); err != nil {
			return err
		}
		return reserve(ctx)
	}
	return code
}

// claimOf is the claim on r's code by the name of claim.
func claimOf(r Request, user policy.User, claim string) *ahead.Claim {
	return &ahead.Claim{User: user.Slack, Serial: user.MFASerial, Code: r.Code, RequestID: claim, TTL: codeReservation}
}

// codeClaim claims the code for this Request, so that no other sends it too. One
// that begins an MFA session is claimed by claimSession.
func (b *usage) codeClaim(r Request, user policy.User) claim {
	return claim{
		take:     func(ctx context.Context) error { return b.reserve(ctx, r, user) },
		giveBack: func(ctx context.Context) { b.releaseCode(ctx, r, user, r.ID) },
		spent:    func(e *Error) bool { return e.Use != UseUnused },
	}
}

func (b *usage) reserve(ctx context.Context, r Request, user policy.User) error {
	mine, err := b.codes.ReserveCode(ctx, user.Slack, user.MFASerial, r.Code, r.ID, codeReservation)
	if err != nil {
		return StoreAway(err, "so nothing was issued")
	}
	if !mine {
		return b.codeSpent()
	}
	return nil
}

func (b *usage) codeSpent() error {
	return &Error{
		Code: CodeCodeSpent, Use: UseSpent,
		What: prose.Say("That code has been used already; a code works once."),
		Hint: b.nextCode(),
	}
}

// nextCode tells where a new code comes from: the device, which may show one already,
// since the old one may be of the step before, or since its clock is not the bot's.
func (b *usage) nextCode() []prose.Part {
	now := b.now()
	left := now.Truncate(totpStep).Add(totpStep).Sub(now).Round(time.Second)
	return prose.Say("If your device shows another code by now, use that. The next one comes in about " + text.FormatDuration(max(left, time.Second)) + ".")
}

// releaseCode gives the code back if the claim is still this one.
func (b *usage) releaseCode(ctx context.Context, r Request, user policy.User, claim string) {
	if err := b.codes.ReleaseCode(ctx, user.Slack, user.MFASerial, r.Code, claim); err != nil {
		b.log.WarnContext(ctx, "code not released; it stays reserved until it is stale", "request", r.ID, "error", err)
	}
}

// addNextCode tells whoever needs a new code when there is one.
func (b *usage) addNextCode(e *Error) {
	if e.Code == CodeWrongCode || e.Code == CodeOutcomeUnknown || e.Code == CodeThrottled {
		e.Hint = prose.Sentences(e.Hint, b.nextCode())
	}
}
