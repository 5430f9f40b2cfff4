package bot

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// serve answers one slash command.
func (b *Bot) serve(ctx context.Context, to conversation, cmd slack.SlashCommand) {
	if b.embedded && b.sockets.strangers() {
		b.deliver(ctx, to, b.refusal(ctx, to, &broker.Error{
			Code: broker.CodeStore, Ref: broker.ShortRef(to.requestID),
			Message: "Another copy of this bot shares its Slack app while this one keeps its state in its own memory, so nothing is issued.",
			Hint:    "Whoever runs the bot must give all copies one REDIS_URL. Your code was not used.",
		}))
		return
	}
	var (
		parsed Command
		err    error
	)
	switch strings.TrimPrefix(cmd.Command, "/"+b.prefix) {
	case "assume":
		parsed, err = ParseAssume(cmd.Text)
	case "buckets":
		parsed, err = ParseBuckets(cmd.Text)
	default:
		err = &broker.Error{
			Code:    broker.CodeGrammar,
			Message: "The bot does not know this command.",
			Hint:    "`/assume help` shows what it knows. If the command is new, the app's manifest may be newer than the bot.",
		}
	}
	if err != nil {
		// A stranger learns nothing, not even the grammar.
		if stranger := b.broker.Identify(ctx, to.request(Command{})); stranger != nil {
			err = stranger
		}
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.run(ctx, to, parsed)
}

func (b *Bot) run(ctx context.Context, to conversation, c Command) {
	switch c.Verb {
	case VerbAssume:
		b.assume(ctx, to, c)
	case VerbBuckets:
		b.buckets(ctx, to, c)
	case VerbWhoami:
		who, err := b.broker.WhoAmI(ctx, to.request(c))
		b.answer(ctx, to, err, func() message { return b.whoamiMessage(who) })
	case VerbAccounts, VerbHelp:
		accounts, complete, err := b.broker.Accounts(ctx, to.request(c))
		b.answer(ctx, to, err, func() message {
			if c.Verb == VerbHelp {
				return b.helpMessage(accounts)
			}
			return b.accountsMessage(accounts, complete)
		})
	}
}

// answer delivers what render makes, or the reason why there is nothing.
func (b *Bot) answer(ctx context.Context, to conversation, err error, render func() message) {
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.deliver(ctx, to, render())
}

// request is the Request that a command makes of the broker.
func (to conversation) request(c Command) broker.Request {
	return broker.Request{
		ID: to.requestID, Caller: to.caller, Account: c.Account, Code: c.Code,
		Duration: c.Duration, Reason: c.Reason, Purpose: broker.PurposeShow,
	}
}

func (b *Bot) assume(ctx context.Context, to conversation, c Command) {
	r := to.request(c)
	issued, err := b.broker.Issue(ctx, r)
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	m, err := b.issuedMessage(issued, c.Format)
	if err != nil {
		b.broker.Undelivered(ctx, r, issued.Grant, broker.CodeTooLarge)
		b.deliver(ctx, to, b.refusal(ctx, to, err))
		return
	}
	b.deliverCredentials(ctx, to, r, issued, m)
}

func (b *Bot) buckets(ctx context.Context, to conversation, c Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeBuckets
	list, err := b.broker.Buckets(ctx, r, c.Prefix)
	b.answer(ctx, to, err, func() message { return b.bucketsMessage(list) })
}
