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
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/broker/watch"
)

// readCommand reads a slash command, and says who typed it.
func (b *Bot) readCommand(e socketmode.Envelope) (cmd slack.SlashCommand, to conversation, ok bool) {
	if err := e.Decode(&cmd); err != nil {
		b.log.Error("slash command not understood", "error", err)
		return cmd, to, false
	}
	to = b.arrived(cmd.UserID, cmd.TeamID, cmd.ChannelID)
	to.responseURL, to.trigger, to.code = secret.New(cmd.ResponseURL), cmd.TriggerID, command.CarriesCode(cmd.Text)
	b.fated(&to, watch.Command, e)
	return cmd, to, true
}

// slashCommand serves one slash command, unless it was served already.
func (b *Bot) slashCommand(ctx context.Context, a arrival) {
	ctx, cancel := context.WithDeadline(ctx, a.at.Add(answerWithin))
	defer cancel()
	cmd, to, ok := b.readCommand(a.Envelope)
	if !ok {
		return
	}
	defer to.fate.ended()
	defer b.rescue(ctx, to, func(m blockkit.Message) { b.delivery.deliver(ctx, to.beside(), m) })
	parsed, wrong := parse(to, cmd)
	ids := sightings(a.Envelope, cmd.TriggerID)
	if err := b.door.pass(ctx, &to, b.door.person, b.door.ask(asked(parsed), ids...), b.door.first(ids...),
		b.door.enter(""), b.door.alone); err != nil {
		b.door.turnedAway(ctx, to, err)
		return
	}
	began := b.now()
	if wrong != nil {
		// A stranger learns nothing, not even the grammar.
		b.delivery.refuse(ctx, to, to.unlessRefused(ctx, command.AboutTheCode(wrong, to.code)))
	} else {
		b.run(ctx, to, parsed)
	}
	b.log.InfoContext(ctx, "command served", "command", blockkit.Shortened(text.OneLine(cmd.Command), maxQuery), "request", to.requestID,
		"user", to.caller.User, "took", b.now().Sub(began).Round(time.Millisecond))
}

// parse reads one slash command.
func parse(to conversation, cmd slack.SlashCommand) (command.Command, error) {
	switch strings.TrimPrefix(cmd.Command, "/"+to.voice.Prefix) {
	case "assume":
		return command.ParseAssume(cmd.Text)
	case "buckets":
		return command.ParseBuckets(cmd.Text)
	case "mfa":
		return command.ParseMFA(cmd.Text)
	case "sessions":
		return command.Command{Verb: command.VerbSessions}, nil
	}
	return command.Command{}, &broker.Error{
		Code: broker.CodeGrammar,
		What: prose.Say("The bot does not know this command."),
		Hint: prose.Say(prose.AssumeCmd("help"), " shows what it knows. If the command is new, the app's manifest may be newer than the bot."),
	}
}

// asked is what serving c will ask of the store.
func asked(c command.Command) ahead.Questions {
	switch c.Verb {
	case command.VerbAssume:
		return ahead.Questions{Orders: true, LockOut: !c.Code.Empty(), Key: true, Format: c.Format == ""}
	case command.VerbBuckets, command.VerbMFA:
		return ahead.Questions{Orders: true, LockOut: !c.Code.Empty()}
	case command.VerbForm:
		return ahead.Questions{Format: true}
	}
	return ahead.Questions{}
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
