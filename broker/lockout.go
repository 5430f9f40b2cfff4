package broker

import (
	"context"
	"strconv"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// WrongCodes are what the wrong codes of a User come to, one more counted.
type WrongCodes struct {
	Locked time.Duration // how long it locks the User out; 0: not yet
	Left   int           // how many more lock the User out; 0 once one did
	Next   time.Duration // for how long those would; 0 once one did
}

// notLockedOut is the step of whom no lock-out keeps from sending a code.
func (b *Visits) notLockedOut(ctx context.Context, r *Request) error {
	if r.Code.Empty() {
		return nil // there is nothing to try out
	}
	left, err := b.counters.LockedFor(ctx, r.user.Slack)
	switch {
	case err != nil:
		return storeCannotSay(err, "lock_out", "whether you are locked out")
	case left > 0:
		return newError(CodeLockedOut,
			prose.Say("You are locked out after too many wrong codes."),
			prose.Sentences(prose.Say("Try again in "+text.Minutes(left)+", or have an admin unlock you. If the codes were not yours, say so now."), b.contact()))
	}
	return nil
}

// codeRefused counts a wrong code, says so in e's Hint, and records a lock-out.
func (b *usage) codeRefused(ctx context.Context, r Request, act event.Act, e *Error) {
	if e.Code != CodeWrongCode {
		return
	}
	wrong, err := b.counters.WrongCode(ctx, r.Caller.User, r.ID)
	if err != nil {
		b.log.ErrorContext(ctx, "wrong code not counted", "request", r.ID, "error", err)
		return
	}
	if wrong.Locked == 0 {
		tries := "1 try"
		if wrong.Left != 1 {
			tries = strconv.Itoa(wrong.Left) + " tries"
		}
		e.Hint = prose.Sentences(e.Hint, prose.Say(tries+" left; then your codes are refused for "+text.Minutes(wrong.Next)+"."))
		return
	}
	e.Hint = prose.Sentences(
		prose.Say("That was one wrong code too many: you are locked out for "+text.Minutes(wrong.Locked)+". An admin can unlock you."), b.contact())
	b.note(ctx, b.event(r, event.LockedOutData{Act: act, Until: event.At(b.now().Add(wrong.Locked))}))
}

// codeAccepted forgets the wrong codes before it.
func (b *usage) codeAccepted(ctx context.Context, r Request) {
	if r.Code.Empty() {
		return
	}
	if err := b.counters.RightCode(ctx, r.Caller.User); err != nil {
		b.log.WarnContext(ctx, "wrong codes before a right one still count", "request", r.ID, "error", err)
	}
}
