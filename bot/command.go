package bot

import (
	"context"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// slashCommand serves one slash command, unless it was served already.
func (b *Bot) slashCommand(ctx context.Context, e socketmode.Envelope) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var cmd slack.SlashCommand
	if err := e.Decode(&cmd); err != nil {
		b.log.ErrorContext(ctx, "slash command not understood", "error", err)
		return
	}
	to := b.arrived(cmd.UserID, cmd.TeamID, cmd.ChannelID)
	to.responseURL, to.trigger, to.code = secret.New(cmd.ResponseURL), cmd.TriggerID, command.CarriesCode(cmd.Text)
	defer b.rescue(ctx, to, func(m blockkit.Message) { b.delivery.deliver(ctx, to.beside(), m) })
	defer left(&to)
	if err := b.door.pass(ctx, &to, b.door.first(sightings(e, cmd.TriggerID)...), b.door.person, b.door.enter(""), b.door.slot, b.door.alone); err != nil {
		b.door.turnedAway(ctx, to, err)
		return
	}
	began := b.now()
	b.serve(ctx, to, cmd)
	b.log.InfoContext(ctx, "command served", "command", blockkit.Shortened(text.OneLine(cmd.Command), maxQuery), "request", to.requestID,
		"user", to.caller.User, "took", b.now().Sub(began).Round(time.Millisecond))
}

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
			What: prose.Say("The bot does not know this command."),
			Hint: prose.Say(prose.AssumeCmd("help"), " shows what it knows. If the command is new, the app's manifest may be newer than the bot."),
		}
	}
	if err != nil {
		// A stranger learns nothing, not even the grammar.
		b.delivery.refuse(ctx, to, to.unlessRefused(ctx, command.AboutTheCode(err, to.code)))
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
			b.admins.revokePerson(ctx, to, c)
			return
		}
		b.self.revoke(ctx, to, c)
	case command.VerbWho, command.VerbUnlock, command.VerbBlock, command.VerbUnblock, command.VerbPause, command.VerbResume:
		b.admins.admin(ctx, to, c)
	case command.VerbKey:
		b.self.key(ctx, to, c)
	case command.VerbMFA, command.VerbMFAStatus, command.VerbMFAEnd:
		b.self.mfa(ctx, to, c)
	case command.VerbSessions:
		b.homes.sessions(ctx, to)
	case command.VerbExplain:
		b.self.explain(ctx, to, c)
	case command.VerbWhoami:
		b.self.whoami(ctx, to, c)
	case command.VerbHelp, command.VerbMoreHelp:
		b.self.help(ctx, to, c.Verb == command.VerbMoreHelp)
	case command.VerbAccounts:
		b.self.accounts(ctx, to, c)
	}
}
