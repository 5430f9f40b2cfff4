package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/slack-go/slack/slackevents"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/prose"
)

// An innerEvent is what of an event the bot looks at.
type innerEvent struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
	User    string `json:"user"`
	Team    string `json:"team"` // of whom it is about, else of the workspace
	BotID   string `json:"bot_id"`
	Tab     string `json:"tab"`
	Channel string `json:"channel"`
	Text    string `json:"text"`

	id string
}

// readEvent reads an event that somebody waits for an answer to; not one of the
// directory, nor the bot's own words, edits and joins.
func (v *visits) readEvent(ctx context.Context, e socketmode.Envelope) (in innerEvent, ok bool) {
	var outer struct {
		TeamID  string          `json:"team_id"`
		EventID string          `json:"event_id"`
		Event   json.RawMessage `json:"event"`
	}
	err := e.Decode(&outer)
	if err == nil && v.directory.Serve(ctx, outer.Event) {
		return in, false
	}
	if err != nil || json.Unmarshal(outer.Event, &in) != nil {
		v.log.ErrorContext(ctx, "event not understood")
		return in, false
	}
	in.id, in.Team = outer.EventID, cmp.Or(in.Team, outer.TeamID)
	return in, in.BotID == "" && in.Subtype == "" && in.User != ""
}

// event serves one event: somebody opened Home, mentioned the bot or wrote to
// it. Both of the latter are answered with help, or with how the bot does.
func (v *visits) event(ctx context.Context, e socketmode.Envelope) {
	in, ok := v.readEvent(ctx, e)
	if !ok {
		return
	}
	to, ids := v.arrived(in.User, in.Team, in.Channel), []string{"envelope:" + e.ID, "event:" + in.id}
	v.fated(&to, surfaceOfEvent(in.Type), e)
	ctx = to.under(ctx)
	if in.Type != string(slackevents.AppHomeOpened) {
		to.asked = prose.Say("your message")
	}
	defer func() { to.debt.Settle() }()
	defer to.fate.ended()
	defer v.rescue(ctx, to, func(m blockkit.Message) { _ = v.web.DirectMessage(ctx, to.caller.User, m) })
	if err := v.door.pass(ctx, &to, v.door.person, v.door.ask(ahead.Questions{}, ids...), v.door.first(ids...), v.door.enter("")); err != nil {
		if !errors.Is(err, errServedAlready) {
			// An answer to each would be what the limit is against.
			v.unserved(ctx, to, err)
		}
		return
	}
	switch slackevents.EventsAPIType(in.Type) {
	case slackevents.AppHomeOpened:
		if in.Tab == "home" {
			v.homes.openedHome(ctx, to)
		}
	case slackevents.AppMention, slackevents.Message:
		if snippet.HoldsPrivateKey(in.Text) {
			v.sayLeaked(ctx, to)
			return
		}
		if command.MayHoldCode(in.Text) {
			v.sayCodeSeen(ctx, to)
			return
		}
		if command.AsksStatus(command.Words(in.Text)) {
			v.admins.statusByDirectMessage(ctx, to)
			return
		}
		v.self.helpByDirectMessage(ctx, to, command.AsksMoreHelp(command.Words(in.Text)))
	}
}

// sayCodeSeen tells a person who wrote what may be a code that commands alone
// take one; a stranger learns no more than ever.
func (v *visits) sayCodeSeen(ctx context.Context, to conversation) {
	m := v.refusal(ctx, to, to.unlessStranger(ctx, &broker.Error{
		Code: broker.CodeGrammar, Use: broker.UseUnused,
		What: prose.Say("The bot takes codes in commands alone."),
		Hint: prose.Say("Delete that message, since others may read it. Then send ", prose.AssumeCmd("ACCOUNT", "123456"), " with the next code."),
	}))
	v.delivery.tellOrOwe(ctx, to, m)
}

// sayLeaked tells a person who wrote a private key that it is one; a stranger
// learns no more than ever.
func (v *visits) sayLeaked(ctx context.Context, to conversation) {
	v.delivery.tellOrOwe(ctx, to, v.refusal(ctx, to, to.unlessRefused(ctx, snippet.PrivateKeyError())))
}
