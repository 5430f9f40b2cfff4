package bot

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// offeredAgain answers a Request for what the person has with that: nothing is
// issued, no code asked for and no MFA session used, until they press for it. Who
// sends a code, or fills in a form, wants new credentials and gets them.
func (b *issuing) offeredAgain(ctx context.Context, to conversation, c command.Command) bool {
	r := to.request(c)
	g, ok := to.broker.Holding.Again(ctx, r)
	if !ok {
		return false
	}
	if _, approved := to.broker.Consent.ApprovalFor(ctx, r); approved { // others approved new ones meanwhile
		return false
	}
	if c.Format != snippet.Console {
		b.formats.rememberFormat(ctx, to, c.Format) // for either button
	}
	b.delivery.deliver(ctx, to, message.Again(to.voice, g, c, to.broker.Holding.Revocable(g)))
	return true
}

func (b *issuing) assume(ctx context.Context, to conversation, c command.Command) {
	if c.Format == snippet.Console {
		b.console(ctx, to, c)
		return
	}
	r := to.request(c)
	issued, err := b.issue(ctx, to, r)
	switch {
	case completable(c, err) && to.trigger != "":
		b.forms.formFor(ctx, to, c, err)
	case needsApproval(r, err):
		b.approvals.ask(ctx, to, r)
	case err != nil:
		b.delivery.refused(ctx, to, r, orVerb(c, err))
	default:
		if c.Format != "" {
			b.formats.rememberFormat(ctx, to, c.Format)
		} else {
			c.Format = b.formats.usualFormat(ctx, to, issued.Grant.BreakGlass)
		}
		b.present(ctx, to, r, issued, c.Format)
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

// orVerb adds to an unknown account which verb may have been meant.
func orVerb(c command.Command, err error) error {
	var e *broker.Error
	if !errors.As(err, &e) || e.Code != broker.CodeUnknownAccount {
		return err
	}
	e.Hint = prose.Sentences(command.VerbMeant(c.Account), e.Hint)
	return err
}

// issue asks the broker for credentials.
func (b *issuing) issue(ctx context.Context, to conversation, r broker.Request) (broker.Issued, error) {
	r.Later = b.later(to)
	issued, err := to.broker.Issuing.Issue(ctx, r)
	b.seeTo(ctx, to, issued, err)
	return issued, err
}

// signIn asks the broker for a link into the console.
func (b *issuing) signIn(ctx context.Context, to conversation, r broker.Request, service string) (broker.SignIn, error) {
	r.Later = b.later(to)
	s, err := to.broker.Issuing.Console(ctx, r, service)
	b.seeTo(ctx, to, s.Issued, err)
	return s, err
}

// later is what is to be done later about what is issued: to tell that it ends soon. It is
// on the list before anybody sees the credentials, so that a process that dies while it
// replies does not leave it undone.
func (b *issuing) later(to conversation) func(broker.Issued) []broker.DueText {
	return func(issued broker.Issued) []broker.DueText {
		if reminder, wanted := b.reminders.text(to.settings.Reminder, issued); wanted {
			return []broker.DueText{reminder}
		}
		return nil
	}
}

// seeTo does what follows from an issuance, whichever way it came.
func (b *issuing) seeTo(ctx context.Context, to conversation, issued broker.Issued, err error) {
	if err != nil {
		return
	}
	for _, e := range issued.Later {
		if e.ID == "" {
			b.log.ErrorContext(ctx, "not put on its list: a reminder of a grant", "request", to.requestID)
		}
	}
	b.approvals.used(to.serving, issued.Grant) //nolint:contextcheck // the reply does not wait for it, nor it for whoever asked
}

// present shows what was issued. What cannot be shown is on the record, and
// the person is told.
func (b *issuing) present(ctx context.Context, to conversation, r broker.Request, issued broker.Issued, f snippet.Format) {
	defer b.tellUsed(ctx, to, issued.UsedSession, issued.Account.Name)
	m, err := message.Issued(to.voice, issued, f)
	if err != nil {
		to.broker.Holding.Undelivered(ctx, r, issued.Grant, broker.AsError(err, r.ID).Code)
		b.delivery.refuse(ctx, to, err)
		return
	}
	b.delivery.deliverCredentials(ctx, to, r, issued, m)
	b.homes.refreshHome(ctx, to)
}

// tellUsed tells a person that their MFA session took the place of a code, so
// that they notice it if it was somebody else at their Slack. It comes after the
// reply, and even if whoever asked is gone.
func (b *issuing) tellUsed(ctx context.Context, to conversation, s *broker.Session, account string) {
	if s == nil {
		return
	}
	b.delivery.tellOrOwe(ctx, to, message.MFAUsed(to.voice, account))
}

// showAgain puts a Grant's credentials in another format in place of what is
// shown; "" is the one that is usual.
func (b *issuing) showAgain(ctx context.Context, to conversation, grant string, f snippet.Format) {
	r := to.request(command.Command{})
	issued, err := to.broker.Holding.Reveal(ctx, r, grant)
	if err != nil {
		b.delivery.refuse(ctx, to.beside(), err)
		return
	}
	r.Account = issued.Grant.Account
	if f == "" {
		f = b.formats.usualFormat(ctx, to, issued.Grant.BreakGlass)
	}
	b.present(ctx, to, r, issued, f)
}

// renew issues anew where no code is needed, and asks for one where it is.
func (b *issuing) renew(ctx context.Context, to conversation, p press) {
	if err := b.door.alone(ctx, &to); err != nil {
		b.delivery.refuse(ctx, to, to.told(ctx, err))
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
