package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

// followBreakGlass asks the approvers of an Account to take note of credentials
// that were issued without them. It goes by the record, so that a replica that
// dies leaves it to the next. What cannot be done now is left to the due list: it
// must not hold up what the audit channel is told. An error is that not even that
// was possible.
func (b *approvals) followBreakGlass(ctx context.Context, e broker.Event) error {
	if e.Kind != broker.EventGranted || !e.BreakGlass {
		return nil
	}
	err := b.askToAcknowledge(ctx, b.live.Load(), e)
	if err == nil {
		return nil
	}
	b.log.ErrorContext(ctx, "the approvers are not asked yet to take note of break-glass", "request", e.RequestID, "error", err)
	t := approvalTask{User: e.SlackUser, ID: e.RequestID, BreakGlass: &e}
	if _, err := b.dueApprovals.Put(ctx, b.now().Add(followAfter), t.entry()); err != nil {
		return fmt.Errorf("ask to take note of break-glass: %w", err)
	}
	return nil
}

func (b *approvals) askToAcknowledge(ctx context.Context, s *serving, e broker.Event) error {
	a, err := s.broker.Deciding.AskToAcknowledge(ctx, e)
	if err != nil || a.PostTS != "" {
		return err
	}
	return b.postApproval(ctx, s, a)
}

// breakGlassTries bounds how often that is tried, a day or so.
const breakGlassTries = 1440

// serveBreakGlass does what followBreakGlass left to the due list.
func (b *approvals) serveBreakGlass(ctx context.Context, s *serving, t approvalTask) due.Verdict {
	err := b.askToAcknowledge(ctx, s, *t.BreakGlass)
	at, again := webapi.PutOff(b.now(), err, t.Tries)
	switch {
	case err == nil:
		return due.Done()
	case !again || t.Tries >= breakGlassTries:
		b.log.ErrorContext(ctx, "the approvers are never asked to take note of break-glass; the audit channel was told", "request", t.ID, "error", err)
		return due.Done()
	}
	return t.putOff(at)
}

// breakGlassForm opens the form, set to break-glass, with the reason and the
// duration that others were asked to approve.
func (b *forms) breakGlassForm(ctx context.Context, to conversation, account string) {
	r := to.request(command.Command{Account: account, BreakGlass: true})
	if !to.broker.Policy.MayBreakGlass(ctx, r.Caller.User, account) {
		b.delivery.deliver(ctx, to, b.refusal(ctx, to, to.unlessStranger(ctx, &broker.Error{
			Code: broker.CodeNotAllowed,
			What: broker.Say("You may not have " + account + " by break-glass."),
			Hint: broker.Say(broker.AssumeCmd("accounts"), " lists what you may have."),
		})))
		return
	}
	f := form.State{BreakGlass: true}
	f.Account, _ = to.broker.Policy.AccountFor(ctx, r)
	open, err := to.broker.Pending.OpenApprovals(ctx, r)
	if err != nil {
		b.log.WarnContext(ctx, "the form for break-glass does not know what was asked", "request", to.requestID, "error", err)
	}
	for _, a := range open {
		if a.Account == account {
			f.Reason, f.Duration = a.Reason, a.Duration
		}
	}
	b.openForm(ctx, to, f)
}

// glassHelps reports whether break-glass gives what a refusal denies, to who may
// use it from where they are.
func (to conversation) glassHelps(ctx context.Context, r broker.Request, err error) bool {
	var e *broker.Error
	if r.BreakGlass || !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case broker.CodeHours, broker.CodeNotAllowed, broker.CodeDirectory, broker.CodeNeedsApproval, broker.CodeUndelivered:
		return to.broker.Policy.BreakGlassFrom(ctx, r.Caller, r.Account)
	}
	return false
}

// refused delivers a refusal, with a button where break-glass helps.
func (b *delivery) refused(ctx context.Context, to conversation, r broker.Request, err error) {
	m := b.refusal(ctx, to, err)
	if to.glassHelps(ctx, r, err) {
		m.Blocks = append(m.Blocks, message.GlassButton(r.Account))
	}
	b.deliver(ctx, to, m)
}
