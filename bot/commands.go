package bot

import (
	"context"
	"errors"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// serve answers one slash command.
func (b *Bot) serve(ctx context.Context, to conversation, cmd slack.SlashCommand) {
	var (
		parsed command.Command
		err    error
	)
	switch strings.TrimPrefix(cmd.Command, "/"+to.voice.Prefix) {
	case "assume":
		parsed, err = command.ParseAssume(cmd.Text)
	case "buckets":
		parsed, err = command.ParseBuckets(cmd.Text)
	case "mfa":
		parsed, err = command.ParseMFA(cmd.Text)
	case "sessions":
		parsed = command.Command{Verb: command.VerbSessions}
	default:
		err = &broker.Error{
			Code: broker.CodeGrammar,
			What: broker.Say("The bot does not know this command."),
			Hint: broker.Say(broker.AssumeCmd("help"), " shows what it knows. If the command is new, the app's manifest may be newer than the bot."),
		}
	}
	if err != nil {
		// A stranger learns nothing, not even the grammar.
		b.delivery.deliver(ctx, to, b.refusal(ctx, to, to.unlessRefused(ctx, command.AboutTheCode(err, to.code))))
		return
	}
	b.run(ctx, to, parsed)
}

func (b *Bot) run(ctx context.Context, to conversation, c command.Command) {
	switch c.Verb {
	case command.VerbForm:
		b.forms.openForm(ctx, to, form.State{})
	case command.VerbAssume:
		if !b.issuing.offeredAgain(ctx, to, c) {
			b.issuing.assume(ctx, to, c)
		}
	case command.VerbBuckets:
		b.lists.buckets(ctx, to, c)
	case command.VerbCancel:
		b.approvals.cancelApprovals(ctx, to, c)
	case command.VerbRevoke:
		if c.Target != "" {
			b.orders.admin(ctx, to, c)
			return
		}
		b.orders.revoke(ctx, to, c)
	case command.VerbWho, command.VerbUnlock, command.VerbBlock, command.VerbUnblock, command.VerbPause, command.VerbResume:
		b.orders.admin(ctx, to, c)
	case command.VerbKey:
		b.self.key(ctx, to, c)
	case command.VerbMFA, command.VerbMFAStatus, command.VerbMFAEnd:
		b.self.mfa(ctx, to, c)
	case command.VerbSessions:
		has, err := b.homes.holds(ctx, to)
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Sessions(to.voice, has) })
	case command.VerbExplain:
		e, err := to.broker.Explaining.Explain(ctx, to.request(c))
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Explanation(to.voice, e) })
	case command.VerbWhoami:
		who, err := to.broker.Explaining.WhoAmI(ctx, to.request(c))
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.WhoAmI(who) })
	case command.VerbHelp, command.VerbMoreHelp:
		b.self.help(ctx, to, c.Verb == command.VerbMoreHelp)
	case command.VerbAccounts:
		accounts, complete, err := to.broker.Policy.Accounts(ctx, to.request(c))
		b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Accounts(accounts, complete) })
	}
}

// answer delivers what render makes, or the reason why there is nothing.
func (b *delivery) answer(ctx context.Context, to conversation, err error, render func() blockkit.Message) {
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.deliver(ctx, to, render())
}

// request is the Request that a command makes of the broker.
func (to conversation) request(c command.Command) broker.Request {
	return broker.Request{
		Visit: to.visit, ID: to.requestID, Caller: to.caller, Account: c.Account, Code: c.Code,
		Duration: c.Duration, Reason: c.Reason, Purpose: broker.PurposeShow, BreakGlass: c.BreakGlass,
		Format: command.FormatValue(c.Format, c.Service), SentCode: to.code,
	}
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

// orVerb adds to an unknown account which verb may have been meant.
func orVerb(c command.Command, err error) error {
	var e *broker.Error
	if !errors.As(err, &e) || e.Code != broker.CodeUnknownAccount {
		return err
	}
	e.Hint = broker.Sentences(command.VerbMeant(c.Account), e.Hint)
	return err
}

// present shows what was issued. What cannot be shown is on the record, and
// the person is told.
func (b *issuing) present(ctx context.Context, to conversation, r broker.Request, issued broker.Issued, f snippet.Format) {
	defer b.tellUsed(ctx, to, issued.UsedSession, issued.Account.Name)
	m, err := message.Issued(to.voice, issued, f)
	if err != nil {
		b.withhold(ctx, to, r, issued, err)
		b.delivery.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.delivery.deliverCredentials(ctx, to, r, issued, m)
	b.homes.refreshHome(ctx, to)
}

func (b *bucketLists) buckets(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeBuckets
	list, err := to.broker.Lists.Buckets(ctx, r, c.Prefix)
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Buckets(to.voice, list) })
	b.issuing.tellUsed(ctx, to, list.UsedSession, list.Account.Name)
}
