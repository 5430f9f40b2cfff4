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
func (b *Bot) readEvent(ctx context.Context, e socketmode.Envelope) (in innerEvent, ok bool) {
	var outer struct {
		TeamID  string          `json:"team_id"`
		EventID string          `json:"event_id"`
		Event   json.RawMessage `json:"event"`
	}
	err := e.Decode(&outer)
	if err == nil && b.directory.Serve(ctx, outer.Event) {
		return in, false
	}
	if err != nil || json.Unmarshal(outer.Event, &in) != nil {
		b.log.ErrorContext(ctx, "event not understood")
		return in, false
	}
	in.id, in.Team = outer.EventID, cmp.Or(in.Team, outer.TeamID)
	return in, in.BotID == "" && in.Subtype == "" && in.User != ""
}

// event serves one event: somebody opened Home, mentioned the bot or wrote to
// it. Both of the latter are answered with help.
func (b *Bot) event(ctx context.Context, e socketmode.Envelope) {
	in, ok := b.readEvent(ctx, e)
	if !ok {
		return
	}
	to, ids := b.arrived(in.User, in.Team, in.Channel), []string{"envelope:" + e.ID, "event:" + in.id}
	b.fated(&to, surfaceOfEvent(in.Type), e)
	defer to.fate.ended()
	defer b.rescue(ctx, to, func(m blockkit.Message) { _ = b.web.DirectMessage(ctx, to.caller.User, m) })
	if err := b.door.pass(ctx, &to, b.door.person, b.door.ask(ahead.Questions{}, ids...), b.door.first(ids...), b.door.enter("")); err != nil {
		if !errors.Is(err, errServedAlready) {
			// An answer to each would be what the limit is against.
			b.unserved(ctx, to, err)
		}
		return
	}
	switch slackevents.EventsAPIType(in.Type) {
	case slackevents.AppHomeOpened:
		if in.Tab == "home" {
			b.homes.openedHome(ctx, to)
		}
	case slackevents.AppMention, slackevents.Message:
		if snippet.HoldsPrivateKey(in.Text) {
			b.sayLeaked(ctx, to)
			return
		}
		if command.MayHoldCode(in.Text) {
			b.sayCodeSeen(ctx, to)
			return
		}
		b.self.helpByDirectMessage(ctx, to, command.AsksMoreHelp(command.Words(in.Text)))
	}
}

// sayCodeSeen tells a person who wrote what may be a code that commands alone
// take one; a stranger learns no more than ever.
func (b *Bot) sayCodeSeen(ctx context.Context, to conversation) {
	m := b.refusal(ctx, to, to.unlessStranger(ctx, &broker.Error{
		Code: broker.CodeGrammar, Use: broker.UseUnused,
		What: prose.Say("The bot takes codes in commands alone."),
		Hint: prose.Say("Delete that message, since others may read it. Then send ", prose.AssumeCmd("ACCOUNT", "123456"), " with the next code."),
	}))
	b.delivery.tellOrOwe(ctx, to, m)
}

// sayLeaked tells a person who wrote a private key that it is one; a stranger
// learns no more than ever.
func (b *Bot) sayLeaked(ctx context.Context, to conversation) {
	b.delivery.tellOrOwe(ctx, to, b.refusal(ctx, to, to.unlessRefused(ctx, snippet.PrivateKeyError())))
}
