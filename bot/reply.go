package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// A conversation is whom an answer goes to, and how.
type conversation struct {
	caller      broker.Caller
	requestID   string
	responseURL broker.Secret
}

const (
	postTimeout  = 5 * time.Second
	postAttempts = 3 // of the five posts that a response_url takes
	longestPause = 5 * time.Second
)

// reply posts a private answer through the response_url, which works in
// channels where the bot is not a member.
func (b *Bot) reply(ctx context.Context, to conversation, m message) error {
	if err := b.checkResponseURL(to.responseURL); err != nil {
		return err
	}
	hook := &slack.WebhookMessage{
		ResponseType: slack.ResponseTypeEphemeral,
		Text:         m.fallback(),
		Blocks:       &slack.Blocks{BlockSet: m.blocks},
	}
	var err error
	for try := range postAttempts {
		if try > 0 {
			sleep(ctx, pauseBefore(err))
		}
		if err = b.post(ctx, to.responseURL, hook); err == nil || !mayHelp(err) || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (b *Bot) post(ctx context.Context, to broker.Secret, hook *slack.WebhookMessage) error {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	if err := slack.PostWebhookCustomHTTPContext(ctx, to.Reveal(), b.http, hook); err != nil {
		return fmt.Errorf("response_url: %w", withoutURL(err))
	}
	return nil
}

// checkResponseURL keeps credentials off the wire in clear: only a Slack that
// is itself reached without TLS, a fake on loopback, may answer without it.
func (b *Bot) checkResponseURL(to broker.Secret) error {
	u, err := url.Parse(to.Reveal())
	if err != nil || u.Host == "" {
		return errors.New("response_url: missing or malformed")
	}
	if u.Scheme != "https" && !b.clearText {
		return errors.New("response_url: not https")
	}
	return nil
}

// mayHelp reports whether posting again can mend err: not what Slack refused.
func mayHelp(err error) bool {
	var status slack.StatusCodeError
	if errors.As(err, &status) {
		return status.Code >= http.StatusInternalServerError
	}
	return true
}

func pauseBefore(err error) time.Duration {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		return min(limited.RetryAfter, longestPause)
	}
	return 300 * time.Millisecond
}

// deliver replies, and tells the person by direct message when it cannot.
func (b *Bot) deliver(ctx context.Context, to conversation, m message) {
	err := b.reply(ctx, to, m)
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "reply not delivered; trying a direct message", "request", to.requestID, "error", err)
	if err := b.directMessage(ctx, to.caller.User, m); err != nil {
		b.log.ErrorContext(ctx, "nothing delivered", "request", to.requestID, "user", to.caller.User, "error", err)
	}
}

// deliverCredentials replies with credentials. If Slack does not take them,
// they are shown nowhere else: the record says so, and the person is told.
func (b *Bot) deliverCredentials(ctx context.Context, to conversation, r broker.Request, issued broker.Issued, m message) {
	err := b.reply(ctx, to, m)
	if err == nil {
		return
	}
	b.log.ErrorContext(ctx, "credentials not delivered", "request", to.requestID, "ref", broker.ShortRef(to.requestID), "error", err)
	b.broker.Undelivered(ctx, r, issued.Grant, broker.CodeUndelivered)
	notice := b.errorMessage(&broker.Error{
		Code: broker.CodeUndelivered, Ref: broker.ShortRef(to.requestID),
		Message: "AWS issued credentials for " + issued.Account.Name + ", but Slack did not take the reply, so nobody has seen them.",
		Hint:    "Send your request again with a new code.",
	})
	if err := b.directMessage(ctx, to.caller.User, notice); err != nil {
		b.log.ErrorContext(ctx, "nothing delivered", "request", to.requestID, "user", to.caller.User, "error", err)
	}
}

// directMessage tells a person something that is no secret.
func (b *Bot) directMessage(ctx context.Context, user string, m message) error {
	ctx, cancel := context.WithTimeout(ctx, 2*postTimeout)
	defer cancel()
	channel, _, _, err := b.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		return slackError("conversations.open", err)
	}
	return b.postMessage(ctx, channel.ID, m)
}

// postMessage posts to a channel, without unfurling anything.
func (b *Bot) postMessage(ctx context.Context, channel string, m message) error {
	_, _, err := b.api.PostMessageContext(ctx, channel,
		slack.MsgOptionText(m.fallback(), false), slack.MsgOptionBlocks(m.blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
	if err != nil {
		var limited *slack.RateLimitedError
		if errors.As(err, &limited) {
			return err
		}
		return slackError("chat.postMessage", err)
	}
	return nil
}
