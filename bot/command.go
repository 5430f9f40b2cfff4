package bot

import (
	"context"
	"strings"
	"time"

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

// A typedCommand is what the bot reads of a slash command. slack-go's type would decode
// each twice.
// https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling
type typedCommand struct {
	Command     string `json:"command"`
	Text        string `json:"text"`
	UserID      string `json:"user_id"`
	TeamID      string `json:"team_id"`
	ChannelID   string `json:"channel_id"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

func (v *visits) readCommand(e socketmode.Envelope) (cmd typedCommand, ok bool) {
	if err := e.Decode(&cmd); err != nil {
		v.log.Error("slash command not understood", "error", err)
		return cmd, false
	}
	return cmd, true
}

// typer is who typed a slash command.
func (v *visits) typer(a arrival, cmd typedCommand) conversation {
	if to, ok := v.waiting.take(a.ID); ok {
		return to
	}
	return v.typed(a, cmd)
}

// typed is who typed a slash command of which nothing is owed yet.
func (v *visits) typed(a arrival, cmd typedCommand) conversation {
	to := v.arrived(cmd.UserID, cmd.TeamID, cmd.ChannelID)
	to.responseURL, to.trigger, to.code = secret.New(cmd.ResponseURL), cmd.TriggerID, command.CarriesCode(cmd.Text)
	v.fated(&to, watch.Command, a.Envelope)
	return to
}

// slashCommand serves one slash command, unless it was served already.
func (v *visits) slashCommand(ctx context.Context, a arrival, cmd typedCommand) {
	ctx, cancel := context.WithDeadline(ctx, a.at.Add(answerWithin))
	defer cancel()
	to := v.typer(a, cmd)
	ctx = to.under(ctx)
	defer func() { to.debt.Settle() }()
	defer to.fate.ended()
	defer v.rescue(ctx, to, func(m blockkit.Message) { v.delivery.deliver(ctx, to.beside(), m) })
	parsed, wrong := parse(to, cmd)
	to.asked, to.account = ofCommand(parsed), parsed.Account
	to.code = to.code && parsed.Verb != command.VerbReceipt // its six digits are a number
	ids := sightings(a.Envelope, cmd.TriggerID)
	if err := v.door.pass(ctx, &to, v.door.person, v.door.ask(asked(parsed), ids...), v.door.accepted(a), v.door.first(ids...),
		v.door.enter(""), v.door.alone); err != nil {
		v.door.turnedAway(ctx, to, err)
		return
	}
	began := v.now()
	if wrong != nil {
		// A stranger learns nothing, not even the grammar.
		v.delivery.refuse(ctx, to, to.unlessRefused(ctx, command.AboutTheCode(wrong, to.code)))
	} else {
		v.run(ctx, to, parsed)
	}
	v.log.InfoContext(ctx, "command served", "command", blockkit.Shortened(text.OneLine(cmd.Command), maxQuery), "request", to.requestID,
		"user", to.caller.User, "took", v.now().Sub(began).Round(time.Millisecond))
}

// parse reads one slash command.
func parse(to conversation, cmd typedCommand) (command.Command, error) {
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

func (v *visits) run(ctx context.Context, to conversation, c command.Command) {
	switch c.Verb {
	case command.VerbForm:
		v.forms.openForm(ctx, to, form.State{})
	case command.VerbAssume:
		if !v.issuing.offeredAgain(ctx, to, c) {
			v.issuing.assume(ctx, to, c)
		}
	case command.VerbBuckets:
		v.lists.buckets(ctx, to, c)
	case command.VerbCancel:
		v.approvals.cancelApprovals(ctx, to, c)
	case command.VerbRevoke:
		if c.Target != "" {
			v.admins.revokePerson(ctx, to, c)
			return
		}
		v.self.revoke(ctx, to, c)
	case command.VerbWho, command.VerbStatus, command.VerbUnlock, command.VerbBlock, command.VerbUnblock, command.VerbPause, command.VerbResume:
		v.admins.admin(ctx, to, c)
	case command.VerbHistory:
		v.pasts.history(ctx, to, c, 0)
	case command.VerbKey:
		v.self.key(ctx, to, c)
	case command.VerbMFA, command.VerbMFAStatus, command.VerbMFAEnd:
		v.self.mfa(ctx, to, c)
	case command.VerbSessions:
		v.homes.sessions(ctx, to)
	case command.VerbReceipt:
		v.self.receipt(ctx, to, c)
	case command.VerbExplain:
		v.self.explain(ctx, to, c)
	case command.VerbWhoami:
		v.self.whoami(ctx, to, c)
	case command.VerbHelp, command.VerbMoreHelp:
		v.self.help(ctx, to, c.Verb == command.VerbMoreHelp)
	case command.VerbAccounts:
		v.self.accounts(ctx, to, c)
	}
}
