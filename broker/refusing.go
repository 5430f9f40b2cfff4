package broker

import (
	"context"
	"errors"
	"strings"
)

// refuse records that a Request went no further and returns the reason.
func (b *Broker) refuse(ctx context.Context, r Request, err error) error {
	return b.refuseAbout(ctx, r, "", err)
}

// refuseAbout is refuse for what a person would have done to target.
func (b *Broker) refuseAbout(ctx context.Context, r Request, target string, err error) error {
	e := b.asError(r, err)
	b.giveBack(ctx, r)
	event := b.event(EventRefused, r)
	event.failed(e)
	event.Rule = e.Rule
	event.Approval = r.Approval
	event.Target, event.TargetName = target, b.NameOf(target)
	if user, ok := b.config.User(r.Caller.User); ok && e.Code != CodeWorkspace {
		event.User = user.Name
	}
	b.note(ctx, event)
	return e
}

// giveBack releases a code that Judge reserved for a Request that went no
// further, whether or not the person waits; another's claim it leaves alone.
func (b *Broker) giveBack(ctx context.Context, r Request) {
	user, ok := b.config.User(r.Caller.User)
	if !ok || r.Code.Empty() || user.MFASerial == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	b.releaseCode(ctx, r, user, r.ID)
}

// asError returns err as an *Error, with a reference where an operator has to
// look it up.
func (b *Broker) asError(r Request, err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{
			Code: CodeInternal, Err: err,
			What: Say("Something failed on our side."),
			Hint: Say("Try again; if it stays, quote the reference."),
		}
	}
	if e.Ours() && e.Ref == "" {
		e.Ref = ShortRef(r.ID)
	}
	if r.Code.Empty() && !r.SentCode { // then there is nothing to say of it
		e.Hint = Say(strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(Plain(e.Hint), "Your code was not used. ", ""), "Your code was not used.", "")))
	}
	return e
}
