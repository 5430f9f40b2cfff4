package bot

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/prose"
)

// submitForm serves the form that asks for credentials. What can be judged
// without AWS comes back in the acknowledgement, on its field; otherwise the
// acknowledgement turns the form into "working", and what AWS says replaces that.
func (b *issuing) submitForm(ctx context.Context, e socketmode.Envelope, in interaction, ack func(any) bool) {
	f, wrong := form.Read(in.to.voice, in.View)
	if wrong != nil {
		ack(form.Errors(wrong))
		return
	}
	in.to.asked, in.to.account = prose.Say("your form for ", prose.Literal(named(f.Account))), f.Account
	defer func() { in.to.debt.Settle() }()
	judging, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	f.BreakGlass = form.ReadOrigin(in.View).BreakGlass
	ids, asks := sightings(e, in.TriggerID), ahead.Questions{Orders: true, LockOut: !f.Code.Empty(), Key: true}
	err := b.door.pass(judging, &in.to, b.door.ask(asks, ids...), b.door.first(ids...), b.door.enter(f.Account), b.door.alone)
	if errors.Is(err, errServedAlready) {
		ack(f.ErrorOn(form.FieldAccount, sentAlready))
		return
	}
	var r broker.Request
	if err == nil {
		r, err = asksFor(judging, in, &f)
	}
	if err != nil {
		b.backToForm(ctx, in, f, in.to.told(ctx, err), ack)
		return
	}
	// Judging that takes too long is left to Issue, which judges again; so is what
	// others have to be asked for.
	view := form.Working(f.Account)
	if err := in.to.broker.Issuing.Judge(judging, r); needsApproval(r, err) {
		view = form.Waiting("Asking others to approve " + f.Account + "…")
	} else if err != nil && judging.Err() == nil {
		b.backToForm(ctx, in, f, err, ack)
		return
	}
	// A second press sends the same view again, under another trigger. A form that
	// was refused on a field keeps its hash, so it counts only now.
	sighting, done := context.WithTimeout(ctx, judgeTimeout)
	defer done()
	err = b.door.pass(sighting, &in.to, b.door.first("view:"+in.View.ID+in.View.Hash))
	switch {
	case errors.Is(err, errServedAlready):
		ack(f.ErrorOn(form.FieldAccount, sentAlready))
		return
	case err != nil:
		b.backToForm(ctx, in, f, in.to.told(ctx, err), ack)
		return
	}
	ack(slack.NewUpdateViewSubmissionResponse(&view))
	in.to = in.to.turned()
	b.issueIntoView(ctx, in.to, r, f)
}

const sentAlready = "This was already sent. The answer comes in this window."

// backToForm says on its field what is wrong; where the acknowledgement had to
// go before that was known, above the form.
func (b *issuing) backToForm(ctx context.Context, in interaction, f form.Filled, err error, ack func(any) bool) {
	if ack(f.Judged(in.to.voice, broker.AsError(err, in.to.requestID))) {
		b.unserved(ctx, in.to, err)
		return
	}
	b.refillForm(ctx, in.to.turned(), f, err)
}

// issueIntoView asks AWS and shows what it says in the modal: the credentials,
// that it waits for approval, or the form as it was filled in with the error
// above it.
func (b *issuing) issueIntoView(ctx context.Context, to conversation, r broker.Request, f form.Filled) {
	err := b.issueAs(ctx, to, r, f)
	switch {
	case needsApproval(r, err):
		b.approvals.ask(ctx, to, r)
	case err != nil:
		b.refillForm(ctx, to, f, err)
	}
}

// refillForm shows the form as it was filled in, without the code, and the
// error above it.
func (b *issuing) refillForm(ctx context.Context, to conversation, f form.Filled, err error) {
	b.unserved(ctx, to, err)
	wrong := broker.AsError(err, to.requestID)
	if !to.debt.Still(ctx) {
		return
	}
	if err := b.delivery.updateView(ctx, to, formAgain(ctx, to, f, wrong)); err != nil {
		b.log.WarnContext(ctx, "form not shown again; telling by direct message", "request", to.requestID, "error", err)
		b.delivery.tellOrOwe(ctx, to, to.named(to.voice.Error(wrong)))
	}
}

// issueAs issues and shows the credentials or, as console, a sign-in link.
func (b *issuing) issueAs(ctx context.Context, to conversation, r broker.Request, f form.Filled) error {
	if f.Format == snippet.Console {
		r.Purpose = broker.PurposeConsole
		s, err := b.signIn(ctx, to, r, f.Service)
		if err == nil {
			b.presentSignIn(ctx, to, r, s)
		}
		return err
	}
	issued, err := b.issue(ctx, to, r)
	if err == nil {
		if !f.BreakGlass { // there the form chose, perhaps
			b.formats.rememberFormat(ctx, to, f.Format)
		}
		b.present(ctx, to, r, issued, f.Format)
	}
	return err
}

// asksFor is the Request that a form makes. Of a bound form it is what was
// approved.
func asksFor(ctx context.Context, in interaction, f *form.Filled) (broker.Request, error) {
	c := command.Command{Account: f.Account, Code: f.Code, Duration: f.Duration, Format: f.Format, Service: f.Service, Reason: f.Reason,
		BreakGlass: f.BreakGlass}
	if in.View.CallbackID != form.UseCallback {
		return in.to.request(c), nil
	}
	f.Approval = typed.Only(typed.RequestID, in.View.PrivateMetadata)
	a, err := in.to.broker.Consent.ApprovalToUse(ctx, in.to.request(command.Command{}), f.Approval)
	f.Account, f.Duration, f.Reason = a.Account, a.Duration, a.Reason
	c.Account, c.Duration, c.Reason = a.Account, a.Duration, a.Reason
	r := in.to.request(c)
	r.Approval = f.Approval
	return r, err
}

// formAgain is the form as it was filled in, without the code, and what is wrong
// above it.
func formAgain(ctx context.Context, to conversation, f form.Filled, wrong *broker.Error) slack.ModalViewRequest {
	again := form.State{
		Duration: f.Duration, Format: f.Format, Service: f.Service, Reason: f.Reason,
		BreakGlass: f.BreakGlass, Channel: to.caller.Channel, Above: to.named(to.voice.Error(wrong)).Blocks,
	}
	if f.Approval != "" {
		a, err := to.broker.Consent.ApprovalToUse(ctx, to.request(command.Command{}), f.Approval)
		if err != nil { // then there is nothing to enter a code for
			return form.Result(blockkit.Message{Blocks: again.Above})
		}
		again.Account, _ = to.broker.Policy.AccountFor(ctx, to.request(command.Command{Account: a.Account}))
		return form.Use(a, again)
	}
	again.Account, _ = to.broker.Policy.AccountFor(ctx, to.request(command.Command{Account: f.Account, BreakGlass: f.BreakGlass}))
	return formView(ctx, to, again)
}
