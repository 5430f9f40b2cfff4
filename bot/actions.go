package bot

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/text"
)

// act serves one press or choice.
func (b *Bot) act(ctx context.Context, in interaction, p press) {
	switch p.action {
	case message.ActAsk:
		if p.account == "" {
			b.forms.openForm(ctx, in.to, form.State{})
			return
		}
		if c := (command.Command{Account: p.account}); !b.issuing.offeredAgain(ctx, in.to, c) {
			b.issuing.renew(ctx, in.to, p)
		}
	case message.ActFormat:
		b.formats.rememberFormat(ctx, in.to, p.format)
		b.issuing.showAgain(ctx, in.to, p.grant, p.format)
	case message.ActShow:
		b.issuing.showAgain(ctx, in.to.beside(), p.grant, "")
	case message.ActBuckets:
		b.lists.bucketsOf(ctx, in.to.beside(), p.grant)
	case message.ActPrevious, message.ActNext:
		b.lists.bucketPage(ctx, in, p)
	case message.ActSearch:
		b.lists.searchBuckets(ctx, in, p)
	case message.ActRenew:
		b.issuing.renew(ctx, in.to.beside(), p)
	case message.ActBreakGlass:
		b.forms.breakGlassForm(ctx, in.to.beside(), p.account)
	case message.ActHelp:
		b.self.help(ctx, in.to.beside(), false)
	case message.ActMoreHelp:
		b.self.help(ctx, in.to, true)
	case message.ActConsole:
		b.issuing.consoleOf(ctx, in.to.beside(), p.grant)
	case message.ActOpenLink: // the browser has it
	case message.ActEndSession:
		s, ok, err := in.to.broker.MFASessions.EndMFASession(ctx, in.to.request(command.Command{}))
		b.delivery.answer(ctx, in.to.beside(), err, func() blockkit.Message { return message.MFAEnded(s, ok) })
		b.homes.refreshHome(ctx, in.to)
	case message.ActEnd:
		b.orders.end(ctx, in.to, p.grant)
	case message.ActUnblock:
		b.orders.admin(ctx, in.to.beside(), command.Command{Verb: command.VerbUnblock, Target: p.target})
	case form.FieldAccount:
		b.forms.chosenAccount(ctx, in, p.account)
	default:
		b.actOnApproval(ctx, in, p)
	}
}

// actOnApproval serves a press about an Approval.
func (b *Bot) actOnApproval(ctx context.Context, in interaction, p press) {
	switch p.action {
	case message.ActApprove:
		b.approvals.pressed(ctx, in, p.approval, in.to.broker.Deciding.Approve)
	case message.ActAcknowledge:
		b.approvals.pressed(ctx, in, p.approval, in.to.broker.Deciding.Acknowledge)
	case message.ActDeny:
		b.approvals.askWhyDenied(ctx, in, p.approval)
	case message.ActEnterCode:
		b.forms.enterCode(ctx, in, p.approval.ID)
	default:
		b.log.InfoContext(ctx, "action not served", "action", blockkit.Shortened(text.OneLine(p.action), maxQuery))
	}
}

// beside answers next to what was acted on, and leaves that as it is.
func (to conversation) beside() conversation {
	to.replace = false
	if to.view != "" {
		to.push = true
	}
	return to
}

// showAgain puts a Grant's credentials in another format in place of what is
// shown; "" is the one that is usual.
func (b *issuing) showAgain(ctx context.Context, to conversation, grant string, f snippet.Format) {
	r := to.request(command.Command{})
	issued, err := to.broker.Holding.Reveal(ctx, r, grant)
	if err != nil {
		b.delivery.deliver(ctx, to.beside(), b.refusal(ctx, to, err))
		return
	}
	r.Account = issued.Grant.Account
	if f == "" {
		f = b.formats.usualFormat(ctx, to, issued.Grant.BreakGlass)
	}
	b.present(ctx, to, r, issued, f)
}

func (b *bucketLists) bucketsOf(ctx context.Context, to conversation, grant string) {
	if err := b.door.alone(ctx, &to); err != nil {
		b.delivery.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	r := to.request(command.Command{})
	g, err := to.broker.Holding.Grant(ctx, r, grant)
	if err != nil {
		b.delivery.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.buckets(ctx, to, command.Command{Account: g.Account})
}

// renew issues anew where no code is needed, and asks for one where it is.
func (b *issuing) renew(ctx context.Context, to conversation, p press) {
	if err := b.door.alone(ctx, &to); err != nil {
		b.delivery.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	c := command.Command{Account: p.account, Format: b.formats.rememberedFormat(ctx, to)}
	if p.action == message.ActRenew && p.grant != "" {
		// As long as before, and why; a Grant that has ended leaves both to the
		// person.
		if g, err := to.broker.Holding.Grant(ctx, to.request(command.Command{}), p.grant); err == nil && g.Account == p.account {
			c.Duration, c.Reason, c.BreakGlass = g.Expires.Sub(g.Issued).Round(time.Minute), g.Reason, g.BreakGlass
			if g.BreakGlass {
				c.Format = b.formats.usualFormat(ctx, to, true)
			}
		}
		if p.duration > 0 {
			c.Duration = p.duration
		}
	}
	b.assume(ctx, to, c)
}

// formFor asks for what a Request lacks, and says why where that is not plain:
// of an approved one for the code alone.
func (b *forms) formFor(ctx context.Context, to conversation, c command.Command, why error) {
	f := form.State{Duration: c.Duration, Format: c.Format, Service: c.Service, Reason: c.Reason, BreakGlass: c.BreakGlass}
	var e *broker.Error
	reason := errors.As(why, &e) && e.Code == broker.CodeReason
	if reason || errors.Is(why, broker.ErrMFASessionNotEnough) {
		f.Wrong = message.InForm(e)
	}
	if reason {
		// What it lacks is asked for in the form for everything.
	} else if a, ok := to.broker.Consent.ApprovalFor(ctx, to.request(c)); ok {
		b.openUse(ctx, to, a, f)
		return
	}
	f.Account, _ = to.broker.Policy.AccountFor(ctx, to.request(c))
	b.openForm(ctx, to, f)
}

// chosenAccount puts the durations of the chosen Account into the form. The
// other fields keep what was typed, as their blocks keep their names.
func (b *forms) chosenAccount(ctx context.Context, in interaction, name string) {
	f, _ := form.Read(in.to.voice, in.View)
	kept := form.ReadOrigin(in.View)
	again := form.State{Duration: f.Duration, Format: f.Format, Service: f.Service, Reason: f.Reason, BreakGlass: kept.BreakGlass, Channel: kept.Channel}
	var ok bool
	if again.Account, ok = in.to.broker.Policy.AccountFor(ctx, in.to.request(command.Command{Account: name, BreakGlass: kept.BreakGlass})); !ok {
		return // the submission will say why
	}
	view := form.View(in.to.voice, again)
	form.KeepBlock(view.Blocks.BlockSet, form.FieldCode, f.Blocks[form.FieldCode])
	if err := b.web.UpdateView(ctx, in.View.ID, in.View.Hash, view); err != nil {
		b.log.WarnContext(ctx, "durations not updated", "request", in.to.requestID, "error", err)
	}
}

// completable reports whether a form can complete what was asked: it lacks a
// code, or a reason and no code is lost by asking again.
func completable(c command.Command, err error) bool {
	var e *broker.Error
	return needsCode(err) || errors.As(err, &e) && e.Code == broker.CodeReason && c.Code.Empty()
}

// needsCode reports whether a person is only asked for a code.
func needsCode(err error) bool {
	var e *broker.Error
	return errors.As(err, &e) && e.Code == broker.CodeNeedsCode
}
