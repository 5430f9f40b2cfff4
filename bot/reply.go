package bot

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// A conversation is whom an answer goes to, and how.
type conversation struct {
	*serving    // the config that it goes by, from its arrival to its answer
	visit       *broker.Visit
	caller      broker.Caller
	requestID   string
	responseURL secret.Text // of a command, or of the message that was acted on
	replace     bool        // the answer takes the place of that message
	view        string      // the modal that the answer goes into
	push        bool        // the answer goes on top of that modal instead
	turns       time.Time   // until when that modal may still turn into what an acknowledgement says
	trigger     string      // opens a modal, for 3 s
	code        bool        // what is answered carried a code; presses never do
	slot        bool        // it is one of those that are worked on at once
}

// unused says of the code, where one was sent, that it was not used.
func (to conversation) unused() broker.CodeUse {
	if !to.code {
		return broker.UseNone
	}
	return broker.UseUnused
}

// replyWithin bounds one reply, with all its tries.
const replyWithin = 10 * time.Second

// reply gives a private answer: into the modal that was acted in, or through
// the response_url, which works in channels where the bot is not a member. From
// Home there is neither: a modal is opened for it.
func (b *delivery) reply(ctx context.Context, to conversation, m blockkit.Message) error {
	switch {
	case to.view != "" && to.push:
		return b.web.PushView(ctx, to.trigger, form.Result(m))
	case to.view != "":
		return b.updateView(ctx, to, form.Result(m))
	case to.responseURL.Empty() && to.trigger != "":
		return b.web.OpenView(ctx, to.trigger, form.Result(m))
	}
	return b.web.Respond(ctx, to.responseURL, to.replace, m)
}

// deliver replies, and tells the person by direct message when it cannot, as soon
// as Slack takes that.
func (b *delivery) deliver(ctx context.Context, to conversation, m blockkit.Message) {
	err := b.replyInTime(ctx, to, m)
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "reply not delivered; trying a direct message", "request", to.requestID, "error", err)
	b.tellOrOwe(ctx, to, m)
}

// replyInTime is reply with a time of its own: that a Request ran out of its time
// is a reason to tell.
func (b *delivery) replyInTime(ctx context.Context, to conversation, m blockkit.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyWithin)
	defer cancel()
	return b.reply(ctx, to, m)
}

// deliverCredentials replies with credentials. If Slack does not take them,
// they are shown nowhere else: the record says so, and the person is told, with
// a button that shows them while they are kept.
func (b *delivery) deliverCredentials(ctx context.Context, to conversation, r broker.Request, issued broker.Issued, m blockkit.Message) {
	if issued.Account.DMLife > 0 {
		b.deliverByDM(ctx, to, r, issued, m)
		return
	}
	d := b.oweCredentials(ctx, r, issued)
	err := b.replyInTime(ctx, to, m)
	if err == nil {
		b.settled(ctx, d)
		return
	}
	b.log.ErrorContext(ctx, "credentials not delivered", "request", to.requestID, "ref", broker.ShortRef(to.requestID), "error", err)
	undelivered := broker.CodeUndelivered
	if !webapi.NotTaken(err) {
		undelivered = broker.CodeDeliveryUnknown
	}
	to.broker.Holding.Undelivered(ctx, r, issued.Grant, undelivered)
	d.Code = undelivered
	b.tellUndelivered(ctx, d, message.Undelivered(to.voice, issued, undelivered, broker.ShortRef(to.requestID)))
}
