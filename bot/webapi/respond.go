package webapi

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/secret"
)

// respondTimeout is for a response_url, which is posted to once: whatever may have
// been taken is not sent again.
const respondTimeout = 9 * time.Second

// hookHosts are those of every response_url; GovSlack is on a domain of its own.
// https://docs.slack.dev/interactivity/handling-user-interaction
// https://api.slack-gov.com/gov-slack/about
var hookHosts = []string{"hooks.slack.com", "hooks.slack-gov.com"}

var (
	// errResponseURL is a response_url that nothing is posted to.
	errResponseURL = errors.New("response_url")
	// errNotSent is an error from before anything was written to Slack.
	errNotSent = errors.New("nothing was sent")
)

// Respond posts m to a response_url, for the person alone; with replace it takes
// the place of the message that was acted on. It works in channels where the bot
// is not a member.
func (c *Client) Respond(ctx context.Context, to secret.Text, replace bool, m blockkit.Message) error {
	if err := c.checkResponseURL(to); err != nil {
		return err
	}
	hook := &slack.WebhookMessage{
		ResponseType:    slack.ResponseTypeEphemeral,
		Text:            m.Fallback(),
		Blocks:          &slack.Blocks{BlockSet: m.Blocks},
		ReplaceOriginal: replace,
		UnfurlLinks:     new(bool),
		UnfurlMedia:     new(bool),
	}
	return once(ctx, func() error { return c.hook(ctx, to, hook) })
}

func (c *Client) hook(ctx context.Context, to secret.Text, m *slack.WebhookMessage) error {
	ctx, cancel := context.WithTimeout(ctx, respondTimeout)
	defer cancel()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	err := slack.PostWebhookCustomHTTPContext(ctx, to.Reveal(), c.http, m)
	switch {
	case err == nil:
		return nil
	case !wrote.Load():
		return fmt.Errorf("response_url: %w: %w", errNotSent, WithoutURL(err))
	}
	return fmt.Errorf("response_url: %w", WithoutURL(err))
}

// checkResponseURL has credentials go to Slack alone, over TLS: a payload names
// the place. Where Slack itself is a fake on this machine, so is the place.
func (c *Client) checkResponseURL(to secret.Text) error {
	u, err := url.Parse(to.Reveal())
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("%w: missing or malformed", errResponseURL)
	case c.fake && endpoint.Loopback(u.Hostname()):
		return nil
	case u.Scheme != "https":
		return fmt.Errorf("%w: not https", errResponseURL)
	case u.User != nil || !slices.Contains(hookHosts, u.Host):
		return fmt.Errorf("%w: not one of Slack's hosts", errResponseURL)
	}
	return nil
}

// onLoopback reports whether the Slack at apiURL is a fake on this machine.
func onLoopback(apiURL string) bool {
	u, err := url.Parse(apiURL)
	return err == nil && endpoint.Loopback(u.Hostname())
}
