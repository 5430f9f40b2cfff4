package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// afterwards bounds what must be finished whether or not the person still waits.
const afterwards = 5 * time.Second

// finishing is ctx for that: it outlives ctx, and what is asked under it goes first.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(patience.First(context.WithoutCancel(ctx)), afterwards)
}

// Issue answers one Request: limits, policy, the code's reservation, the intent
// on the record, STS, the outcome on the record, the Grant. What it returns is
// an *Error; after one, no credentials are in anybody's hands, and Issued has Later alone.
func (b *Issuing) Issue(ctx context.Context, r Request) (Issued, error) {
	return visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (Issued, error) {
		cleared, err := b.consent.clear(ctx, *r, r.user)
		if err != nil {
			return Issued{}, askWhy(*r, err)
		}
		return b.issue(ctx, r, cleared)
	})
}

// issue is Issue after policy said yes. How the Credentials may be shown is
// looked up first, so that nothing is issued while nobody knows.
func (b *Issuing) issue(ctx context.Context, r *Request, cleared clearance) (Issued, error) {
	*r = cleared.request
	sealing, err := b.sealings.sealing(ctx, *r, r.user, cleared.account)
	if err != nil {
		return Issued{}, err
	}
	issued, err := b.issueNow(ctx, *r, cleared)
	issued.Sealing = sealing
	return issued, err
}

func (b *Issuing) issueNow(ctx context.Context, r Request, cleared clearance) (Issued, error) {
	user, account := r.user, cleared.account
	p, session, err := b.planFor(ctx, r, user, account)
	if err != nil {
		return Issued{}, err
	}
	if p.Chained {
		return b.issueFromSession(ctx, r, user, cleared, p, session)
	}
	key, err := b.aws.LongTermKey(ctx, user, p)
	if err != nil {
		return Issued{}, err
	}
	return b.attempts.perform(ctx, &attempt{
		request: r,
		claims:  append([]claim{b.usage.callClaim(r, user, account, p)}, b.consent.approvalClaim(r, cleared)...),
		act:     issueAct(r, p, cleared),
		code:    p.SendsCode(),
		undone:  "nothing was issued",
		did:     "AWS issued credentials",
		dropped: "they were thrown away unseen",
		ask: func(ctx context.Context) (Issued, error) {
			return b.attempts.askSTS(ctx, Call{Request: r, User: user, Account: account, Plan: p, Signer: key})
		},
		keep: b.keepGrant(r),
	})
}

// issueAct says what is about to be asked of AWS, and why it is allowed.
func issueAct(r Request, p Plan, cleared clearance) event.Act {
	act := actOf(r, p)
	act.RoleARN, act.Rule = string(cleared.account.RoleARN), cleared.decision.Rule
	if cleared.approval != nil {
		act.Approval, act.ApprovedBy = cleared.approval.ID, votersOf(cleared.approval.Approval)
	}
	return act
}

// keepGrant keeps what STS issued for r, and what is to be done later about it. What
// cannot be kept is shown all the same, once.
func (b *Issuing) keepGrant(r Request) func(context.Context, Issued, time.Time) (Issued, error) {
	return func(ctx context.Context, issued Issued, _ time.Time) (Issued, error) {
		issued.Saved = true
		var later []DueText
		if r.Later != nil {
			later = r.Later(issued)
		}
		var err error
		g := issued.Grant
		if issued.Later, err = b.grants.SaveGrant(ctx, g, issued.Credentials, b.config.RevealWindow, later...); err != nil {
			b.log.ErrorContext(ctx, "grant not kept; it cannot be shown again", "request", g.ID, "ref", ShortRef(g.ID), "error", err)
			issued.Saved = false
		}
		return issued, nil
	}
}

// askWhy marks a missing reason as a question while there is no code yet: a form
// asks for both. That is no refusal, as a missing code is none.
func askWhy(r Request, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == CodeReason {
		e.question = r.Code.Empty()
	}
	return err
}

// askForCode shows what to send instead.
func askForCode(r Request, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == CodeNeedsCode {
		e.Hint = sendCode(r.withCode())
	}
	return err
}

// sendCode is the hint where a code is missing.
func sendCode(command prose.Part) []prose.Part {
	return prose.Say("Send ", command, " with the six digits that your device shows.")
}

// withCode is the command that a Request came by, with a code and then more.
func (r Request) withCode(more ...string) prose.Part {
	if r.Purpose == PurposeBuckets {
		return prose.BucketsCmd(r.Account, "123456")
	}
	words := []string{r.Account, "123456"}
	if r.Duration > 0 {
		words = append(words, "for", text.FormatDuration(r.Duration))
	}
	return prose.AssumeCmd(append(words, more...)...)
}

// Judge says what is wrong with a Request as far as that can be known without AWS: who
// speaks, policy, a key, duration, a missing or spent code. nil means that Issue would go
// on. A code that Issue would send is then reserved for r.ID, and so for that Issue.
func (b *Issuing) Judge(ctx context.Context, r Request) error {
	_, err := visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (Plan, error) {
		cleared, err := b.consent.clear(ctx, *r, r.user)
		if err != nil {
			return Plan{}, err
		}
		*r = cleared.request
		if _, err := b.sealings.sealing(ctx, *r, r.user, cleared.account); err != nil {
			return Plan{}, err
		}
		p, _, err := b.planFor(ctx, *r, r.user, cleared.account)
		if err == nil && p.SendsCode() {
			err = b.usage.reserve(ctx, *r, r.user)
		}
		return p, err
	})
	return err
}
