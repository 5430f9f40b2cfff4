package bot

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/bot/turns"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/patience"
)

// A panic ends the envelope that it arose in, and neither the process nor the next:
// rescue stands behind each, here and in every goroutine that works on one.

// intake takes what comes off the sockets, and gives each Visit its turn.
type intake struct {
	*core
	visits    *visits
	turns     *turns.Turns[arrival]
	shed      *shed
	ackWithin time.Duration // a test waits for longer, or less
}

func newIntake(v *visits) *intake {
	i := &intake{core: v.core, visits: v, shed: &shed{log: v.log}, ackWithin: ackWithin}
	i.turns = turns.New(turns.Deps[arrival]{
		Bounds: bounds, Serve: i.serve, Refuse: i.turnAway, Lose: i.lose, Waits: i.owe, Hurry: hurry,
	})
	return i
}

// An arrival is an envelope that waits for its turn.
type arrival struct {
	socketmode.Envelope
	at        time.Time
	answering func()    // its acknowledgement, which is the answer, is on a socket; nil of any other
	accepted  *accepted // nil where it was acknowledged before, or by its answer
}

// receive takes one envelope off a socket; it does not block. Commands and buttons are
// acknowledged once their answer is owed (accepted.go), events first, and worked on when their
// turn comes. Where the answer is the acknowledgement, of menus and submitted modals, it is due
// within 3 s and never waits for AWS.
func (i *intake) receive(e socketmode.Envelope) {
	defer i.rescue(i.ctx, conversation{}, nil)
	a := arrival{Envelope: e, at: time.Now()}
	switch e.Kind {
	case "slash_commands":
		if i.accept(&a) {
			i.takeCommand(a)
		}
	case "interactive":
		i.takeInteraction(a)
	case "events_api":
		i.takeEvent(a)
	default:
		_ = i.ackEmpty(e)
		i.log.Info("envelope not served", "type", e.Kind)
	}
}

// ackEmpty acknowledges e. false is that Slack does not have it: then whoever acted
// is told that it failed, or Slack sends it again, so nothing may come of this one.
func (i *intake) ackEmpty(e socketmode.Envelope) bool {
	err := e.Ack(nil)
	if err != nil {
		i.log.Warn("envelope not acknowledged, so it is not served", "type", e.Kind, "error", err)
	}
	return err == nil
}

// takeCommand reads no more than in whose queue it waits: the next acknowledgement comes
// after it.
func (i *intake) takeCommand(a arrival) {
	by := who(a.Named("user_id"), a.Named("team_id"))
	if by.User == "" || by.Team == "" {
		if cmd, ok := i.visits.readCommand(a.Envelope); ok {
			by = who(cmd.UserID, cmd.TeamID)
		}
	}
	i.turns.Take(by, a, a.Size(), false)
}

func (i *intake) takeInteraction(a arrival) {
	var in struct {
		Type slack.InteractionType `json:"type"`
		User struct {
			ID   string `json:"id"`
			Team string `json:"team_id"`
		} `json:"user"`
	}
	err := a.Decode(&in)
	soon := in.Type == slack.InteractionTypeBlockSuggestion || in.Type == slack.InteractionTypeViewSubmission
	switch {
	case err != nil:
		if i.ackEmpty(a.Envelope) {
			i.log.Error("interaction not understood", "error", err)
		}
		return
	case soon: // the socket stays open until the acknowledgement is on it
		a.answering = a.Answering()
	case in.Type == slack.InteractionTypeViewClosed:
		_ = i.ackEmpty(a.Envelope)
		return
	case !i.accept(&a):
		return
	}
	i.turns.Take(who(in.User.ID, in.User.Team), a, a.Size(), soon)
}

// takeEvent takes what a person did as theirs, and what has changed in Slack as the bot's
// own. Slack sends again what there is no place for.
func (i *intake) takeEvent(a arrival) {
	var outer struct {
		Team  string `json:"team_id"`
		Event struct {
			Type string          `json:"type"`
			User json.RawMessage `json:"user"`
		} `json:"event"`
	}
	if err := a.Decode(&outer); err != nil {
		if i.ackEmpty(a.Envelope) {
			i.log.Error("event not understood", "error", err)
		}
		return
	}
	switch slackevents.EventsAPIType(outer.Event.Type) {
	case slackevents.AppHomeOpened, slackevents.AppMention, slackevents.Message:
		if i.ackEmpty(a.Envelope) {
			var user string
			_ = json.Unmarshal(outer.Event.User, &user) // what is no name of anybody's is served as such
			i.turns.Take(who(user, outer.Team), a, a.Size(), false)
		}
	default:
		if !i.turns.TakeOwn(a, a.Size()) {
			i.log.Warn("too many events wait: not acknowledged, so that Slack sends it again")
			return
		}
		_ = i.ackEmpty(a.Envelope)
	}
}

// who names the queue that somebody waits in. What is no ID of Slack's is nobody's.
func who(user, team string) turns.Who {
	return turns.Who{Team: typed.Only(typed.SlackTeam, team), User: typed.Only(typed.SlackUser, user)}
}

// serve does what was asked, now that its turn has come.
func (i *intake) serve(a arrival) {
	i.serving.Add(1)
	defer i.serving.Add(-1)
	ctx, cancel := i.begin(a.at)
	defer i.sweeper.touch()
	defer cancel()
	defer a.accepted.say() // in any case
	defer a.accepted.atLatest(a.at)()
	defer i.rescue(ctx, conversation{}, nil)
	switch a.Kind {
	case "slash_commands":
		if cmd, ok := i.typed(a); ok {
			i.visits.slashCommand(ctx, a, cmd)
		}
	case "interactive":
		i.visits.interaction(ctx, a)
	case "events_api":
		i.visits.event(ctx, a.Envelope)
	}
}

// typed reads a command that does not wait any more.
func (i *intake) typed(a arrival) (cmd typedCommand, ok bool) {
	if cmd, ok = i.visits.readCommand(a.Envelope); !ok {
		i.visits.waiting.drop(a.ID)
	}
	return cmd, ok
}

// begin is the time of what was asked at some time. What it asks of AWS ends in time for
// an answer to who waits, by the clock of this machine.
func (b *core) begin(at time.Time) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ahead.With(patience.With(b.ctx, at)), at.Add(requestTimeout))
}

// work does f in the background; SIGTERM waits for it.
func (b *core) work(f func(context.Context)) {
	ctx, cancel := b.begin(time.Now())
	b.accepted.Add(1)
	b.working.Go(func() {
		defer b.sweeper.touch()
		defer b.accepted.Add(-1)
		defer cancel()
		defer b.rescue(ctx, conversation{}, nil)
		f(ctx)
	})
}

// acking acknowledges a once, and reports whether it was this time.
func (b *core) acking(a arrival) func(any) bool {
	var once sync.Once
	return func(payload any) (sent bool) {
		once.Do(func() {
			sent = true
			defer a.answering()
			if err := a.Ack(payload); err != nil {
				b.log.Warn("interaction not acknowledged", "error", err)
			}
		})
		return sent
	}
}

// sightings are what a delivery is known by.
func sightings(e socketmode.Envelope, trigger string) []string {
	ids := []string{"envelope:" + e.ID}
	if trigger != "" {
		ids = append(ids, "trigger:"+trigger)
	}
	return ids
}
