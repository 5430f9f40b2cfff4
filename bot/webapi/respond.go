package webapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
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
// is not a member. Where Slack does not take m, its Simple form is posted.
func (c *Client) Respond(ctx context.Context, to secret.Text, replace bool, m blockkit.Message) error {
	return orSimple(m, func(m blockkit.Message) error { return c.respond(ctx, to, replace, m) })
}

// orSimple posts m, or its Simple form where Slack finds fault with the message itself.
func orSimple(m blockkit.Message, post func(blockkit.Message) error) error {
	err := post(m)
	if m.Simple != nil && MessageRefused(err) {
		return post(*m.Simple)
	}
	return err
}

func (c *Client) respond(ctx context.Context, to secret.Text, replace bool, m blockkit.Message) error {
	if err := c.checkResponseURL(to); err != nil {
		return err
	}
	body, err := response(replace, m)
	if err != nil {
		return fmt.Errorf("response_url: %w: %w", errNotSent, err)
	}
	return once(ctx, func() error { return c.hook(ctx, to, body) })
}

// response is m as a response_url takes it. The JSON of blocks is not read again, as an
// encoder would.
// https://docs.slack.dev/interactivity/handling-user-interaction
func response(replace bool, m blockkit.Message) ([]byte, error) {
	blocks, err := m.JSON()
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(struct {
		ResponseType    string `json:"response_type"`
		Text            string `json:"text"`
		ReplaceOriginal bool   `json:"replace_original"`
		UnfurlLinks     bool   `json:"unfurl_links"`
		UnfurlMedia     bool   `json:"unfurl_media"`
	}{ResponseType: slack.ResponseTypeEphemeral, Text: m.Fallback(), ReplaceOriginal: replace})
	if err != nil {
		return nil, err
	}
	return slices.Concat(head[:len(head)-1], []byte(`,"blocks":`), blocks, []byte("}")), nil
}

func (c *Client) hook(ctx context.Context, to secret.Text, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, respondTimeout)
	defer cancel()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	err := c.postHook(ctx, to, body)
	switch {
	case err == nil:
		return nil
	case !wrote.Load():
		return fmt.Errorf("response_url: %w: %w", errNotSent, WithoutURL(err))
	}
	return fmt.Errorf("response_url: %w", WithoutURL(err))
}

// postHook posts body, and says of what is no success the same as slack-go.
func (c *Client) postHook(ctx context.Context, to secret.Text, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Reveal(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // whose rest is read there
	if answer.StatusCode == http.StatusTooManyRequests {
		if seconds, err := strconv.ParseInt(answer.Header.Get("Retry-After"), 10, 64); err == nil {
			return &slack.RateLimitedError{RetryAfter: time.Duration(seconds) * time.Second}
		}
	}
	if answer.StatusCode != http.StatusOK {
		return slack.StatusCodeError{Code: answer.StatusCode, Status: answer.Status}
	}
	return nil
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
