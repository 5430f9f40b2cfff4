package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/retry"
)

// A conversation is whom an answer goes to, and how.
type conversation struct {
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

const (
	postTimeout  = 5 * time.Second
	postAttempts = 3 // of the five posts that a response_url takes
	// replyTimeout is for a response_url, which is posted to once: whatever may have
	// been taken is not sent again.
	replyTimeout = 9 * time.Second
	// replyWithin bounds one reply, with all its tries.
	replyWithin = 10 * time.Second
	// longestPause is how long a reply waits for Slack's Retry-After; a longer one
	// is left to the list of answers owed.
	longestPause = 3 * time.Second
)

// reply gives a private answer: into the modal that was acted in, or through
// the response_url, which works in channels where the bot is not a member. From
// Home there is neither: a modal is opened for it.
func (b *Bot) reply(ctx context.Context, to conversation, m blockkit.Message) error {
	switch {
	case to.view != "" && to.push:
		return b.pushView(ctx, to.trigger, resultView(m))
	case to.view != "":
		return b.updateView(ctx, to, resultView(m))
	case to.responseURL.Empty() && to.trigger != "":
		err := b.openView(ctx, to.trigger, resultView(m))
		return err
	}
	return b.respond(ctx, to, m)
}

// respond posts to the response_url.
func (b *Bot) respond(ctx context.Context, to conversation, m blockkit.Message) error {
	if err := b.checkResponseURL(to.responseURL); err != nil {
		return err
	}
	hook := &slack.WebhookMessage{
		ResponseType:    slack.ResponseTypeEphemeral,
		Text:            m.Fallback(),
		Blocks:          &slack.Blocks{BlockSet: m.Blocks},
		ReplaceOriginal: to.replace,
		UnfurlLinks:     new(bool),
		UnfurlMedia:     new(bool),
	}
	return attemptOnce(ctx, func() error { return b.post(ctx, to.responseURL, hook) })
}

// attemptOnce does f again only while Slack certainly did not take it: what it
// may have shown is not shown twice.
func attemptOnce(ctx context.Context, f func() error) error {
	return postPace().Do(ctx, func() error {
		err := f()
		if err == nil || !notTaken(err) || !mayHelp(err) {
			return retry.Final(err)
		}
		return afterPause(err)
	})
}

// attempt does f, which may be done twice, up to postAttempts times, as long as that may help. When one
// try may have been taken after all, its error is what is returned.
func attempt(ctx context.Context, f func() error) error {
	var open error
	last := postPace().Do(ctx, func() error {
		err := f()
		if open == nil && err != nil && !notTaken(err) {
			open = err
		}
		if err == nil || !mayHelp(err) {
			return retry.Final(err)
		}
		return afterPause(err)
	})
	if last == nil {
		return nil
	}
	return cmp.Or(open, last)
}

// postOnce posts m, and again only while nothing can have been posted: a second
// one would ask twice, or stay for good.
func (b *Bot) postOnce(ctx context.Context, channel string, m blockkit.Message) (ts string, err error) {
	err = postPace().Do(ctx, func() (err error) {
		if ts, err = b.postTo(ctx, channel, m); err == nil || !notTaken(err) || refusedBySlack(err) {
			return retry.Final(err)
		}
		return afterPause(err)
	})
	return ts, err
}

// postPace is how often, and how many times, a post is tried.
func postPace() retry.Pace { return retry.Pace{First: 300 * time.Millisecond, Tries: postAttempts} }

// afterPause has what failed with err tried again when Slack takes that, and not at
// all when that is too long for somebody who waits.
func afterPause(err error) error {
	var limited *slack.RateLimitedError
	switch {
	case !errors.As(err, &limited):
		return err
	case limited.RetryAfter > longestPause:
		return retry.Final(err)
	}
	return retry.After(err, limited.RetryAfter)
}

func (b *Bot) post(ctx context.Context, to broker.Secret, hook *slack.WebhookMessage) error {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	err := slack.PostWebhookCustomHTTPContext(ctx, to.Reveal(), b.http, hook)
	switch {
	case err == nil:
		return nil
	case !wrote.Load():
		return fmt.Errorf("response_url: %w: %w", errNotWritten, withoutURL(err))
	}
	return fmt.Errorf("response_url: %w", withoutURL(err))
}

// mayHelp reports whether posting again can mend err: not what Slack refused.
func mayHelp(err error) bool {
	var (
		status  slack.StatusCodeError
		refused slack.SlackErrorResponse
	)
	switch {
	case errors.As(err, &status):
		return status.Code >= http.StatusInternalServerError
	case errors.As(err, &refused):
		return refused.Err == "internal_error" || refused.Err == "fatal_error"
	}
	return !errors.Is(err, errResponseURL)
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
	if !notTaken(err) {
		undelivered = broker.CodeDeliveryUnknown
	}
	b.broker().Undelivered(ctx, r, issued.Grant, undelivered)
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

// notTaken reports whether Slack certainly did not take a reply: it refused it,
// or was never reached. A lost answer leaves that open.
func notTaken(err error) bool {
	var (
		status  slack.StatusCodeError
		refused slack.SlackErrorResponse
		limited *slack.RateLimitedError
		op      *net.OpError
	)
	return errors.As(err, &status) || errors.As(err, &refused) || errors.As(err, &limited) || errors.Is(err, errResponseURL) || errors.Is(err, errNotWritten) ||
		errors.As(err, &op) && op.Op == "dial"
}

// directMessage tells a person something that is no secret.
func (b *Bot) directMessage(ctx context.Context, user string, m blockkit.Message) error {
	// That a Request ran out of time is a reason to tell, not to be silent.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*postTimeout)
	defer cancel()
	channel, err := b.openDM(ctx, user)
	if err != nil {
		return err
	}
	return b.postMessage(ctx, channel, m)
}

// openDM returns the conversation between a person and the bot.
func (b *Bot) openDM(ctx context.Context, user string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	channel, _, _, err := b.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		return "", slackError("conversations.open", err)
	}
	return channel.ID, nil
}

// postMessage posts to a channel, without unfurling anything.
func (b *Bot) postMessage(ctx context.Context, channel string, m blockkit.Message) error {
	_, err := b.postTo(ctx, channel, m)
	return err
}

// postTo is postMessage that returns the name which the message got.
func (b *Bot) postTo(ctx context.Context, channel string, m blockkit.Message) (ts string, err error) {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	_, ts, err = b.api.PostMessageContext(ctx, channel,
		slack.MsgOptionText(m.Fallback(), false), slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
	return ts, postError(err)
}

// postError is what a failed chat.postMessage came to.
func postError(err error) error {
	var limited *slack.RateLimitedError
	if err == nil || errors.As(err, &limited) {
		return err
	}
	return slackError("chat.postMessage", err)
}
