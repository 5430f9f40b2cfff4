package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
)

// A panic ends the envelope that it arose in, and neither the process nor the next:
// rescue stands behind each, here and in every goroutine that works on one.

// receive takes one envelope off a socket; it does not block. Commands, buttons
// and events are acknowledged first and worked on afterwards, so that nothing
// but the socket itself can delay the acknowledgement. Where the answer is the
// acknowledgement, of menus and submitted modals, it is due within 3 s and
// never waits for AWS.
func (b *Bot) receive(e socketmode.Envelope) {
	defer b.rescue(b.ctx, conversation{}, nil)
	switch e.Kind {
	case "slash_commands":
		b.ackEmpty(e)
		b.work(func(ctx context.Context) { b.slashCommand(ctx, e) })
	case "interactive":
		b.receiveInteraction(e)
	case "events_api":
		b.ackEmpty(e)
		b.work(func(ctx context.Context) { b.event(ctx, e) })
	default:
		b.ackEmpty(e)
		b.log.Info("envelope not served", "type", e.Kind)
	}
}

func (b *Bot) ackEmpty(e socketmode.Envelope) {
	if err := e.Ack(nil); err != nil {
		// Slack will send it again, and then it is a duplicate; the answer goes
		// its own way either way.
		b.log.Warn("envelope not acknowledged", "type", e.Kind, "error", err)
	}
}

// work does f in the background; SIGTERM waits for it. What f asks of AWS ends in
// time for an answer to who waits, by the clock of this machine.
func (b *Bot) work(f func(context.Context)) {
	ctx, cancel := context.WithTimeout(broker.WithPatience(b.ctx, time.Now()), requestTimeout)
	b.working.Go(func() {
		defer b.sweeper.touch()
		defer cancel()
		defer b.rescue(ctx, conversation{}, nil)
		f(ctx)
	})
}

// takeSlot waits, not for long, to be one of the Requests that are worked on at
// once. Whoever took one leaves it.
func (b *Bot) takeSlot(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, slotTimeout)
	defer cancel()
	select {
	case b.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (b *Bot) leaveSlot() { <-b.slots }

func busy(to conversation) error {
	return &broker.Error{
		Code: broker.CodeBusy, Use: to.unused(), Ref: broker.ShortRef(to.requestID),
		What: broker.Say("The bot has too much to do right now, so nothing was done."),
		Hint: broker.Say("Try again in a minute."),
	}
}

// slashCommand serves one slash command, unless it was served already.
func (b *Bot) slashCommand(ctx context.Context, e socketmode.Envelope) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var cmd slack.SlashCommand
	if err := e.Decode(&cmd); err != nil {
		b.log.ErrorContext(ctx, "slash command not understood", "error", err)
		return
	}
	to := conversation{
		serving:     b.live.Load(),
		visit:       new(broker.Visit),
		caller:      readCaller(cmd.UserID, cmd.TeamID, cmd.ChannelID),
		requestID:   broker.NewID(),
		responseURL: broker.NewSecret(cmd.ResponseURL),
		trigger:     cmd.TriggerID,
		code:        command.CarriesCode(cmd.Text),
	}
	defer b.rescue(ctx, to, func(m blockkit.Message) { b.deliver(ctx, to.beside(), m) })
	if !b.first(ctx, to, sightings(e, cmd.TriggerID)...) {
		return
	}
	to.caller.User = to.broker.Visits.Person(ctx, to.caller.User)
	if !b.enter(ctx, to) {
		return
	}
	began := b.now()
	if !b.takeSlot(ctx) {
		b.deliver(ctx, to, b.refusal(ctx, to, b.unlessStranger(ctx, to, busy(to))))
		return
	}
	defer b.leaveSlot()
	b.serve(ctx, to, cmd)
	b.log.InfoContext(ctx, "command served", "command", blockkit.Shortened(broker.OneLine(cmd.Command), maxQuery), "request", to.requestID,
		"user", to.caller.User, "took", b.now().Sub(began).Round(time.Millisecond))
}

// enter reports whether the person has not asked for too much; otherwise they are
// told, and nothing else is looked at.
func (b *Bot) enter(ctx context.Context, to conversation) bool {
	err := to.broker.Visits.Enter(ctx, to.request(command.Command{}))
	if err != nil {
		b.deliver(ctx, to.beside(), b.refusal(ctx, to, err))
	}
	return err == nil
}

// sightings are what a delivery is known by.
func sightings(e socketmode.Envelope, trigger string) []string {
	ids := []string{"envelope:" + e.ID}
	if trigger != "" {
		ids = append(ids, "trigger:"+trigger)
	}
	return ids
}

// first reports whether this delivery is the first of its ids: Slack delivers
// again under the same envelope and under new ones. When the store cannot tell,
// the person is told and nothing is done.
func (b *Bot) first(ctx context.Context, to conversation, ids ...string) bool {
	first, err := b.counters.FirstSight(ctx, ids...)
	if err != nil {
		b.deliver(ctx, to, b.refusal(ctx, to, b.unlessStranger(ctx, to, errNotLooked(to, err))))
		return false
	}
	if !first {
		b.log.InfoContext(ctx, "duplicate delivery skipped", "user", to.caller.User)
	}
	return first
}

// errNotLooked is of a store that cannot tell whether this was served already.
func errNotLooked(to conversation, err error) *broker.Error {
	e := broker.StoreAway(err, "so nothing was done")
	e.Use = to.unused()
	return broker.AsError(e, to.requestID)
}

// aloneOrRefused refuses to issue from a process whose state is its own while
// another process may serve the same Slack app.
func (b *Bot) aloneOrRefused(ctx context.Context, to conversation) error {
	n, certain := b.sockets.Strangers()
	if !b.embedded || n == 0 {
		return nil
	}
	e := &broker.Error{
		Code: broker.CodeStore, Use: to.unused(), Ref: broker.ShortRef(to.requestID),
		What: broker.Say("Another copy of this bot may share its Slack app while this one keeps its state in its own memory, so nothing is issued."),
		Hint: broker.Say("Slack counts connections that are not this copy's: another copy's, or dead ones. " +
			"Whoever runs the bot finds in its log what to do."),
	}
	if certain {
		e.What = broker.Say("Another copy of this bot shares its Slack app while this one keeps its state in its own memory, so nothing is issued.")
		e.Hint = broker.Say("Whoever runs the bot must give all copies one REDIS_URL, or stop the other copy and start this one again.")
	}
	return b.unlessStranger(ctx, to, e)
}

// unlessStranger returns err, which says that the bot cannot serve, or for a
// stranger what a stranger is told: no error tells them more.
func (b *Bot) unlessStranger(ctx context.Context, to conversation, err error) error {
	if stranger := to.broker.Visits.Recognize(ctx, to.request(command.Command{})); stranger != nil {
		return stranger
	}
	return err
}

// unlessRefused is unlessStranger for an error that teaches something, such as
// the grammar: guests and the like learn nothing either.
func (b *Bot) unlessRefused(ctx context.Context, to conversation, err error) error {
	if refused := to.broker.Visits.Identify(ctx, to.request(command.Command{})); refused != nil {
		return refused
	}
	return err
}
