package bot

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

// A conversation is whom an answer goes to, and how.
type conversation struct {
	*serving    // the config that it goes by, from its arrival to its answer
	visit       *broker.Visit
	caller      broker.Caller
	requestID   string
	responseURL broker.Secret // of a command, or of the message that was acted on
	replace     bool          // the answer takes the place of that message
	view        string        // the modal that the answer goes into
	push        bool          // the answer goes on top of that modal instead
	turns       time.Time     // until when that modal may still turn into what an acknowledgement says
	trigger     string        // opens a modal, for 3 s
	code        bool          // what is answered carried a code; presses never do
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
func (b *Bot) reply(ctx context.Context, to conversation, m blockkit.Message) error {
	switch {
	case to.view != "" && to.push:
		return b.web.PushView(ctx, to.trigger, resultView(m))
	case to.view != "":
		return b.updateView(ctx, to, resultView(m))
	case to.responseURL.Empty() && to.trigger != "":
		return b.web.OpenView(ctx, to.trigger, resultView(m))
	}
	return b.web.Respond(ctx, to.responseURL, to.replace, m)
}

// deliver replies, and tells the person by direct message when it cannot, as soon
// as Slack takes that.
func (b *Bot) deliver(ctx context.Context, to conversation, m blockkit.Message) {
	err := b.replyInTime(ctx, to, m)
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "reply not delivered; trying a direct message", "request", to.requestID, "error", err)
	b.tellOrOwe(ctx, to, m)
}

// replyInTime is reply with a time of its own: that a Request ran out of its time
// is a reason to tell.
func (b *Bot) replyInTime(ctx context.Context, to conversation, m blockkit.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyWithin)
	defer cancel()
	return b.reply(ctx, to, m)
}

// deliverCredentials replies with credentials. If Slack does not take them,
// they are shown nowhere else: the record says so, and the person is told, with
// a button that shows them while they are kept.
func (b *Bot) deliverCredentials(ctx context.Context, to conversation, r broker.Request, issued broker.Issued, m blockkit.Message) {
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
	b.tellUndelivered(ctx, d, b.undeliveredMessage(issued, undelivered, broker.ShortRef(to.requestID)))
}

// undeliveredMessage tells of credentials that did not, or may not, have
// reached the person.
func (b *Bot) undeliveredMessage(issued broker.Issued, undelivered broker.Code, ref string) blockkit.Message {
	e := &broker.Error{
		Code: undelivered, Ref: ref,
		What: broker.Say("AWS issued credentials for " + issued.Account.Name + ", but Slack did not take the reply, so nobody has seen them."),
		Hint: broker.Say("Send your request again with a new code."),
	}
	if undelivered == broker.CodeDeliveryUnknown {
		e.What = broker.Say("AWS issued credentials for " + issued.Account.Name + ", but Slack did not say whether it showed them to you.")
		e.Hint = broker.Say("If you do not see them, send your request again with a new code.")
	}
	return b.noticeOf(e, issued)
}

// stoppedMessage tells of credentials whose process ended before it knew whether
// they arrived.
func (b *Bot) stoppedMessage(issued broker.Issued, ref string) blockkit.Message {
	return b.noticeOf(&broker.Error{
		Code: broker.CodeDeliveryUnknown, Ref: ref,
		What: broker.Say("AWS issued credentials for " + issued.Account.Name + ", but the bot was stopped before it knew whether Slack showed them to you."),
		Hint: broker.Say("If you do not see them, send your request again with a new code."),
	}, issued)
}

// noticeOf tells of credentials, with the button that shows them while they are
// kept.
func (b *Bot) noticeOf(e *broker.Error, issued broker.Issued) blockkit.Message {
	if issued.Kept {
		e.Hint = broker.Say("The button shows them to you alone, within " + broker.FormatDuration(b.settings().RevealWindow) + " of their issue.")
	}
	m := b.voice.error(e)
	if issued.Kept {
		m.Blocks = append(m.Blocks, listedButtons(issued.Grant, true, issued.Account.Revoker != ""))
	}
	return m
}
