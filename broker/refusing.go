package broker

import "context"

// refuse records that a Request went no further and returns the reason.
func (b *Broker) refuse(ctx context.Context, r Request, err error) error {
	return b.refuseAbout(ctx, r, "", err)
}

// refuseAbout is refuse for what a person would have done to target.
func (b *Broker) refuseAbout(ctx context.Context, r Request, target string, err error) error {
	e := b.unserved(r, err)
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

// asError is AsError for r: who sent no code is told nothing of one.
func (b *Broker) asError(r Request, err error) *Error {
	e := AsError(err, r.ID)
	e.Use = r.codeUse(e.Use)
	return e
}

// unserved is asError for a Request that went no further before its code was sent.
func (b *Broker) unserved(r Request, err error) *Error {
	e := b.asError(r, err)
	if e.Use == UseNone {
		e.Use = r.codeUse(UseUnused)
	}
	return e
}
