package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/watch"
)

// replyWithin bounds one reply, with all its tries.
const replyWithin = 10 * time.Second

// reply gives a private answer: into the modal that was acted in, or through
// the response_url, which works in channels where the bot is not a member. From
// Home there is neither: a modal is opened for it.
func (b *delivery) reply(ctx context.Context, to conversation, m blockkit.Message) error {
	switch {
	case to.view != "" && !to.push:
		return b.updateView(ctx, to, form.Result(m))
	case to.view != "", to.responseURL.Empty() && to.trigger != "":
		return b.open(ctx, to, form.Result(m))
	}
	return b.web.Respond(ctx, to.responseURL, to.replace, m)
}

// open opens a modal: on top of the one that was acted in, where there is one.
func (b *delivery) open(ctx context.Context, to conversation, v slack.ModalViewRequest) error {
	if to.view != "" {
		return b.web.PushView(ctx, to.trigger, v)
	}
	return b.web.OpenView(ctx, to.trigger, v)
}

// turnsWithin is how long Slack may take to show the view of an acknowledgement.
// That goes through the socket and views.update does not, so the later of the two
// could be shown first, and "Asking AWS…" then stay for good.
const turnsWithin = 300 * time.Millisecond

// updateView puts v in place of what to's modal shows, trying again where that
// may help.
func (b *delivery) updateView(ctx context.Context, to conversation, v slack.ModalViewRequest) error {
	retry.Sleep(ctx, time.Until(to.turns))
	return webapi.Repeat(ctx, func() error {
		_, err := b.web.UpdateView(ctx, to.view, "", v)
		return err
	})
}

// replyInTime is reply with a time of its own: that a Request ran out of its time
// is a reason to tell.
func (b *delivery) replyInTime(ctx context.Context, to conversation, m blockkit.Message) error {
	return b.replyIf(ctx, to.debt.Still, to, m)
}

// replySoon is replyInTime of what may be told twice and must not be late.
func (b *delivery) replySoon(ctx context.Context, to conversation, m blockkit.Message) error {
	return b.replyIf(ctx, to.debt.StillSoon, to, m)
}

// replyIf replies if this process still has to.
func (b *delivery) replyIf(ctx context.Context, still func(context.Context) bool, to conversation, m blockkit.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyWithin)
	defer cancel()
	if !still(ctx) {
		return errToldElsewhere
	}
	err := b.reply(ctx, to, m)
	if err == nil {
		to.fate.answered()
	}
	return err
}

// deliver replies, and tells the person by direct message when it cannot, as soon
// as Slack takes that.
func (b *delivery) deliver(ctx context.Context, to conversation, m blockkit.Message) {
	err := b.replyInTime(ctx, to, m)
	if err == nil || errors.Is(err, errToldElsewhere) {
		return
	}
	b.log.WarnContext(ctx, "reply not delivered; trying a direct message", "request", to.requestID, "error", err)
	b.tellOrOwe(ctx, to, m)
}

// deliverCredentials replies with credentials. If Slack does not take them,
// they are shown nowhere else: the record says so, and the person is told, with
// a button that shows them while they are kept.
func (b *delivery) deliverCredentials(ctx context.Context, to conversation, r broker.Request, issued broker.Issued, m blockkit.Message) {
	if issued.Account.DMLife > 0 {
		b.deliverByDM(ctx, to, r, issued, m)
		return
	}
	err := b.replyInTime(ctx, to, m)
	if err == nil {
		to.fate.becomes(watch.Granted)
		return
	}
	to.fate.becomes(watch.Failed)
	if errors.Is(err, errToldElsewhere) {
		return
	}
	b.log.ErrorContext(ctx, "credentials not delivered", "request", to.requestID, "ref", broker.ShortRef(to.requestID), "error", err)
	undelivered := broker.CodeUndelivered
	if !webapi.NotTaken(err) {
		undelivered = broker.CodeDeliveryUnknown
	}
	to.broker.Holding.Undelivered(ctx, r, issued.Grant, undelivered)
	o := owedOf(to, r, issued)
	o.Code = undelivered
	b.tellUndelivered(ctx, to.debt, o, message.Undelivered(to.voice, issued, undelivered, broker.ShortRef(to.requestID)))
}

// answer delivers what render makes, or the reason why there is nothing.
func (b *delivery) answer(ctx context.Context, to conversation, err error, render func() blockkit.Message) {
	if err != nil {
		b.refuse(ctx, to, err)
		return
	}
	b.deliver(ctx, to, to.named(render()))
}

// refuse delivers why there is nothing.
func (b *delivery) refuse(ctx context.Context, to conversation, err error) {
	b.deliver(ctx, to, b.refusal(ctx, to, err))
}

// refused delivers a refusal, with a button where break-glass helps.
func (b *delivery) refused(ctx context.Context, to conversation, r broker.Request, err error) {
	m := b.refusal(ctx, to, err)
	if to.glassHelps(ctx, r, err) {
		m.Blocks = append(m.Blocks, message.GlassButton(r.Account))
	}
	b.deliver(ctx, to, m)
}
