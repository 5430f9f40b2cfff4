package bot

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// openForm opens the form from whatever trigger there is. It is said when Slack
// does not open it.
func (b *forms) openForm(ctx context.Context, to conversation, f form.State) {
	if err := to.broker.Visits.Identify(ctx, to.request(command.Command{})); err != nil {
		b.delivery.refuse(ctx, to, err)
		return
	}
	if f.Format == "" {
		f.Format = b.formats.usualFormat(ctx, to, f.BreakGlass)
	}
	f.Channel = to.caller.Channel
	err := b.delivery.open(ctx, to, formView(ctx, to, f))
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "form not opened", "request", to.requestID, "error", err)
	account := "ACCOUNT"
	if f.Account.Name != "" {
		account = f.Account.Name
	}
	to.trigger = "" // it is spent or too old
	b.delivery.deliver(ctx, to, to.voice.Error(errNotOpened("form", "Send ", prose.AssumeCmd(account, "123456"),
		" with the six digits that your device shows.")))
}

// formView is the form, which asks for a code as the broker will. While nobody can say
// whether an MFA session lives, it may: who sends the form hears of it.
func formView(ctx context.Context, to conversation, f form.State) slack.ModalViewRequest {
	if f.Account.TakesSession() && to.settings.MFASession > 0 {
		_, live, err := to.broker.MFASessions.MFASession(ctx, to.request(command.Command{}))
		f.Session = live || err != nil
	}
	return form.View(f)
}

// suggest offers the Accounts that the person may have and that match what is
// typed so far, as the acknowledgement.
func (b *forms) suggest(ctx context.Context, in interaction, ack func(any) bool) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	if err := b.door.pass(ctx, &in.to, b.door.enter("")); err != nil {
		ack(noOptions())
		b.unserved(ctx, in.to, err)
		return
	}
	typed := blockkit.Shortened(in.Value[:min(len(in.Value), command.MaxText)], maxQuery)
	ack(form.Menu(in.to.broker.Policy.Offered(ctx, in.to.request(command.Command{})), typed))
}

// formFor asks for what a Request lacks, and says why: of an approved one for the code
// alone.
func (b *forms) formFor(ctx context.Context, to conversation, c command.Command, why error) {
	f := form.State{Duration: c.Duration, Format: c.Format, Service: c.Service, Reason: c.Reason, BreakGlass: c.BreakGlass}
	var e *broker.Error
	if errors.As(why, &e) {
		e = message.InForm(e)
		if e.Code == broker.CodeNeedsCode {
			e.Hint = nil // the field says it
		}
		f.Above = to.named(to.voice.Error(e)).Blocks
	}
	if e != nil && e.Code == broker.CodeReason {
		// What it lacks is asked for in the form for everything.
	} else if a, ok := to.broker.Consent.ApprovalFor(ctx, to.request(c)); ok {
		b.openUse(ctx, to, a, f)
		return
	}
	f.Account, _ = to.broker.Policy.AccountFor(ctx, to.request(c))
	b.openForm(ctx, to, f)
}

// breakGlassForm opens the form, set to break-glass, with the reason and the
// duration that others were asked to approve.
func (b *forms) breakGlassForm(ctx context.Context, to conversation, account string) {
	r := to.request(command.Command{Account: account, BreakGlass: true})
	if !to.broker.Policy.MayBreakGlass(ctx, r.Caller.User, account) {
		b.delivery.refuse(ctx, to, to.unlessStranger(ctx, &broker.Error{
			Code: broker.CodeNotAllowed,
			What: prose.Say("You may not have " + account + " by break-glass."),
			Hint: prose.Say(prose.AssumeCmd("accounts"), " lists what you may have."),
		}))
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

// chosenAccount puts the durations of the chosen Account into the form. The
// other fields keep what was typed, as their blocks keep their names.
func (b *forms) chosenAccount(ctx context.Context, in interaction, name, ts string) {
	f, _ := form.Read(in.to.voice, in.View)
	kept := form.ReadOrigin(in.View)
	again := form.State{Duration: f.Duration, Format: f.Format, Service: f.Service, Reason: f.Reason, BreakGlass: kept.BreakGlass, Channel: kept.Channel}
	var ok bool
	if again.Account, ok = in.to.broker.Policy.AccountFor(ctx, in.to.request(command.Command{Account: name, BreakGlass: kept.BreakGlass})); !ok {
		return // the submission will say why
	}
	view := formView(ctx, in.to, again)
	form.KeepBlock(view.Blocks.BlockSet, form.FieldCode, f.Blocks[form.FieldCode])
	err := b.choices.in(in.View.ID, in.View.Hash, ts, func(hash string) (string, error) {
		return b.web.UpdateView(ctx, in.View.ID, hash, view)
	})
	if err != nil {
		b.log.WarnContext(ctx, "durations not updated", "request", in.to.requestID, "error", err)
	}
}
