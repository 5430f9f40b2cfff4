package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
)

// console serves /assume … as console.
func (b *issuing) console(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeConsole
	s, err := b.signIn(ctx, to, r, c.Service)
	switch {
	case completable(c, err) && to.trigger != "":
		b.forms.formFor(ctx, to, c, err)
	case needsApproval(r, err):
		b.approvals.ask(ctx, to, r)
	case err != nil:
		b.delivery.refused(ctx, to, r, err)
	default:
		b.presentSignIn(ctx, to, r, s)
	}
}

// consoleOf makes a sign-in link of a Grant inside its reveal window.
func (b *issuing) consoleOf(ctx context.Context, to conversation, grant string) {
	r := to.request(command.Command{})
	r.Purpose = broker.PurposeConsole
	issued, err := to.broker.Holding.Reveal(ctx, r, grant)
	if err != nil {
		b.delivery.refuse(ctx, to, err)
		return
	}
	r.Account = issued.Account.Name
	s, err := to.broker.Issuing.ConsoleLink(ctx, r, issued, "")
	if err != nil {
		b.delivery.refuse(ctx, to, err)
		return
	}
	b.presentSignIn(ctx, to, r, s)
}

// presentSignIn shows the link. If there is none, the credentials are shown as
// they would be without "as console": they were issued, and a code was spent.
func (b *issuing) presentSignIn(ctx context.Context, to conversation, r broker.Request, s broker.SignIn) {
	defer b.tellUsed(ctx, to, s.UsedSession, s.Account.Name)
	var (
		m   blockkit.Message
		err error
	)
	format := b.formats.usualFormat(ctx, to, s.Grant.BreakGlass)
	if s.Problem == nil {
		if m, err = message.SignIn(to.voice, s, format); err == nil && !m.Fits() {
			s.Problem = message.ErrLinkTooLong(s)
		}
	}
	if s.Problem != nil {
		b.unserved(ctx, to, s.Problem)
		m, err = message.NoLink(to.voice, s, format)
	}
	if err != nil {
		to.broker.Holding.Undelivered(ctx, r, s.Grant, broker.AsError(err, r.ID).Code)
		b.delivery.refuse(ctx, to, err)
		return
	}
	b.delivery.deliverCredentials(ctx, to, r, s.Issued, m)
	b.homes.refreshHome(ctx, to)
}
