package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// What can be pressed. The block of a Grant's buttons is named for the Grant;
// everything else about it comes from the store, so that any replica serves any
// press, and only the person to whom it was issued finds it there.
const (
	actFormat     = "format"
	actBuckets    = "buckets"
	actRenew      = "renew" // its value is the Account
	actEnd        = "end"
	actEndSession = "end_session"
	actShow       = "show"
	grantBlock    = "grant:"
)

// act serves one press or choice.
func (b *Bot) act(ctx context.Context, in interaction, p press) {
	switch p.action {
	case actAsk:
		if p.account == "" {
			b.openForm(ctx, in.to, formState{})
			return
		}
		if c := (command.Command{Account: p.account}); !b.offeredAgain(ctx, in.to, c) {
			b.renew(ctx, in.to, p)
		}
	case actFormat:
		b.rememberFormat(ctx, in.to, p.format)
		b.showAgain(ctx, in.to, p.grant, p.format)
	case actShow:
		b.showAgain(ctx, in.to.beside(), p.grant, "")
	case actBuckets:
		b.bucketsOf(ctx, in.to.beside(), p.grant)
	case actPrevious, actNext:
		b.bucketPage(ctx, in, p)
	case actSearch:
		b.searchBuckets(ctx, in, p)
	case actRenew:
		b.renew(ctx, in.to.beside(), p)
	case actBreakGlass:
		b.breakGlassForm(ctx, in.to.beside(), p.account)
	case actHelp:
		b.help(ctx, in.to.beside(), false)
	case actMoreHelp:
		b.help(ctx, in.to, true)
	case actConsole:
		b.consoleOf(ctx, in.to.beside(), p.grant)
	case actOpenLink: // the browser has it
	case actEndSession:
		s, ok, err := in.to.broker.MFASessions.EndMFASession(ctx, in.to.request(command.Command{}))
		b.answer(ctx, in.to.beside(), err, func() blockkit.Message { return b.mfaEndedMessage(s, ok) })
		b.refreshHome(ctx, in.to)
	case actEnd:
		b.end(ctx, in.to, p.grant)
	case actUnblock:
		b.admin(ctx, in.to.beside(), command.Command{Verb: command.VerbUnblock, Target: p.target})
	case fieldAccount:
		b.chosenAccount(ctx, in, p.account)
	default:
		b.actOnApproval(ctx, in, p)
	}
}

// actOnApproval serves a press about an Approval.
func (b *Bot) actOnApproval(ctx context.Context, in interaction, p press) {
	switch p.action {
	case actApprove:
		b.pressed(ctx, in, p.approval, in.to.broker.Deciding.Approve)
	case actAcknowledge:
		b.pressed(ctx, in, p.approval, in.to.broker.Deciding.Acknowledge)
	case actDeny:
		b.askWhyDenied(ctx, in, p.approval)
	case actEnterCode:
		b.enterCode(ctx, in, p.approval.id)
	default:
		b.log.InfoContext(ctx, "action not served", "action", blockkit.Shortened(broker.OneLine(p.action), maxQuery))
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
func (b *Bot) showAgain(ctx context.Context, to conversation, grant string, f snippet.Format) {
	r := to.request(command.Command{})
	issued, err := to.broker.Holding.Reveal(ctx, r, grant)
	if err != nil {
		b.deliver(ctx, to.beside(), b.refusal(ctx, to, err))
		return
	}
	r.Account = issued.Grant.Account
	if f == "" {
		f = b.usualFormat(ctx, to, issued.Grant.BreakGlass)
	}
	b.present(ctx, to, r, issued, f)
}

func (b *Bot) bucketsOf(ctx context.Context, to conversation, grant string) {
	if err := b.aloneOrRefused(ctx, to); err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	r := to.request(command.Command{})
	g, err := to.broker.Holding.Grant(ctx, r, grant)
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.buckets(ctx, to, command.Command{Account: g.Account})
}

// renew issues anew where no code is needed, and asks for one where it is.
func (b *Bot) renew(ctx context.Context, to conversation, p press) {
	if err := b.aloneOrRefused(ctx, to); err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	c := command.Command{Account: p.account, Format: b.rememberedFormat(ctx, to)}
	if p.action == actRenew && p.grant != "" {
		// As long as before, and why; a Grant that has ended leaves both to the
		// person.
		if g, err := to.broker.Holding.Grant(ctx, to.request(command.Command{}), p.grant); err == nil && g.Account == p.account {
			c.Duration, c.Reason, c.BreakGlass = g.Expires.Sub(g.Issued).Round(time.Minute), g.Reason, g.BreakGlass
			if g.BreakGlass {
				c.Format = b.usualFormat(ctx, to, true)
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
func (b *Bot) formFor(ctx context.Context, to conversation, c command.Command, why error) {
	f := formState{duration: c.Duration, format: c.Format, service: c.Service, reason: c.Reason, breakGlass: c.BreakGlass}
	var e *broker.Error
	reason := errors.As(why, &e) && e.Code == broker.CodeReason
	if reason || errors.Is(why, broker.ErrMFASessionNotEnough) {
		f.wrong = inForm(e)
	}
	if reason {
		// What it lacks is asked for in the form for everything.
	} else if a, ok := to.broker.Consent.ApprovalFor(ctx, to.request(c)); ok {
		b.openUse(ctx, to, a, f)
		return
	}
	f.account, _ = to.broker.Policy.AccountFor(ctx, to.request(c))
	b.openForm(ctx, to, f)
}

// chosenAccount puts the durations of the chosen Account into the form. The
// other fields keep what was typed, as their blocks keep their names.
func (b *Bot) chosenAccount(ctx context.Context, in interaction, name string) {
	f, _ := b.voice.readForm(in.View)
	kept := origin(in.View)
	again := formState{duration: f.duration, format: f.format, service: f.service, reason: f.reason, breakGlass: kept.BreakGlass, channel: kept.Channel}
	var ok bool
	if again.account, ok = in.to.broker.Policy.AccountFor(ctx, in.to.request(command.Command{Account: name, BreakGlass: kept.BreakGlass})); !ok {
		return // the submission will say why
	}
	view := b.formView(again)
	keepBlock(view.Blocks.BlockSet, fieldCode, f.blocks[fieldCode])
	if err := b.web.UpdateView(ctx, in.View.ID, in.View.Hash, view); err != nil {
		b.log.WarnContext(ctx, "durations not updated", "request", in.to.requestID, "error", err)
	}
}

// keepBlock gives the block of a field its old name, so that Slack keeps what
// was typed there.
func keepBlock(blocks []slack.Block, field, name string) {
	for _, block := range blocks {
		input, ok := block.(*slack.InputBlock)
		if ok && name != "" && strings.HasPrefix(input.BlockID, field+"-") {
			input.BlockID = name
		}
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

// grantButtons are what a person can do with a Grant.
func grantButtons(g broker.Grant, kept, revocable bool) slack.Block {
	var elements []slack.BlockElement
	if kept {
		elements = append(elements, formatMenu(actFormat))
	}
	if kept && g.RoleARN != "" {
		elements = append(elements, blockkit.Button(actConsole, "AWS console", g.ID))
	}
	if kept {
		elements = append(elements, blockkit.Button(actBuckets, "List buckets", g.ID))
	}
	elements = append(elements, blockkit.Button(actRenew, "Renew", g.Account), endButton(g, revocable))
	return slack.NewActionBlock(grantBlock+g.ID, elements...)
}

// endButton asks first where more ends than the one Grant.
func endButton(g broker.Grant, revocable bool) slack.BlockElement {
	end := blockkit.Button(actEnd, "End", g.ID)
	end.Style = slack.StyleDanger
	if revocable {
		end.Confirm = slack.NewConfirmationBlockObject(
			blockkit.PlainText("Revoke "+g.Account+"?"),
			blockkit.PlainText("AWS will refuse all your sessions of this role that were issued until now, not these credentials alone, and your MFA session ends. "+
				"What you ask for afterwards works."),
			blockkit.PlainText("Revoke"), blockkit.PlainText("Keep"))
	}
	return end
}
