package bot

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
)

// A conversation is whom an answer goes to, and how.
type conversation struct {
	*serving    // the config that it goes by, from its arrival to its answer
	visit       *broker.Visit
	fate        *fate // what those who watch are told of it; nil: nothing
	caller      broker.Caller
	requestID   string
	responseURL secret.Text // of a command, or of the message that was acted on
	replace     bool        // the answer takes the place of that message
	view        string      // the modal that the answer goes into
	push        bool        // the answer goes on top of that modal instead
	turns       time.Time   // until when that modal may still turn into what an acknowledgement says
	trigger     string      // opens a modal, for 3 s
	code        bool        // what is answered carried a code; presses never do

	asked   []prose.Part // what was asked, as it is told should this process die; nil: nobody waits
	account string       // that was asked for
	owing   owing        // that it is answered
	debt    *ledger.Debt // for that
}

// arrived is the conversation with whoever did something there, by the config of
// now. What is no ID of Slack's is nobody's.
func (b *core) arrived(user, team, channel string) conversation {
	return conversation{serving: b.live.Load(), visit: new(broker.Visit), requestID: broker.NewID(), caller: broker.Caller{
		User: typed.Only(typed.SlackUser, user), Team: typed.Only(typed.SlackTeam, team), Channel: typed.Only(typed.SlackChannel, channel),
	}}
}

// under is ctx of what is done for it: the log names it, and it is traced.
func (to conversation) under(ctx context.Context) context.Context {
	return to.fate.traced(watch.Of(ctx, to.requestID))
}

// unused says of the code, where one was sent, that it was not used.
func (to conversation) unused() broker.CodeUse {
	if !to.code {
		return broker.UseNone
	}
	return broker.UseUnused
}

// request is the Request that a command makes of the broker.
func (to conversation) request(c command.Command) broker.Request {
	return broker.Request{
		Visit: to.visit, ID: to.requestID, Caller: to.caller, Account: c.Account, Code: c.Code,
		Duration: c.Duration, Reason: c.Reason, Purpose: broker.PurposeShow, BreakGlass: c.BreakGlass,
		Format: command.FormatValue(c.Format, c.Service), SentCode: to.code,
	}
}

// beside answers next to what was acted on, and leaves that as it is.
func (to conversation) beside() conversation {
	to.replace = false
	if to.view != "" {
		to.push = true
	}
	return to
}

// turned is to, once an acknowledgement has put another view into its modal.
func (to conversation) turned() conversation {
	to.turns = time.Now().Add(turnsWithin)
	return to
}

// personInTime is the step person where the answer is the acknowledgement.
func (to conversation) personInTime(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout/2)
	defer cancel()
	return to.broker.Visits.Person(ctx, to.caller.User)
}

// unlessStranger returns err, which says that the bot cannot serve, or for a
// stranger what a stranger is told: no error tells them more.
func (to conversation) unlessStranger(ctx context.Context, err error) error {
	if ctx.Err() != nil { // the answer is late, and still not for everybody
		late, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		ctx = late
	}
	if stranger := to.broker.Visits.Recognize(ctx, to.request(command.Command{})); stranger != nil {
		return stranger
	}
	return err
}

// unlessRefused is unlessStranger for an error that teaches something, such as
// the grammar: guests and the like learn nothing either.
func (to conversation) unlessRefused(ctx context.Context, err error) error {
	if refused := to.broker.Visits.Identify(ctx, to.request(command.Command{})); refused != nil {
		return refused
	}
	return err
}

// named is m with the name of the entry of the record that tells of what was done.
func (to conversation) named(m blockkit.Message) blockkit.Message {
	if number, written := to.visit.Entry(); written {
		return message.OnRecord(m, number)
	}
	return m
}

// glassHelps reports whether break-glass gives what a refusal denies, to who may
// use it from where they are.
func (to conversation) glassHelps(ctx context.Context, r broker.Request, err error) bool {
	var e *broker.Error
	if r.BreakGlass || !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case broker.CodeHours, broker.CodeNotAllowed, broker.CodeDirectory, broker.CodeNeedsApproval, broker.CodeUndelivered:
		return to.broker.Policy.BreakGlassFrom(ctx, r.Caller, r.Account)
	}
	return false
}
