// Package webapi asks Slack: its Web API, and the response_urls that are one with
// it. Each call has a time of its own, is tried again where that certainly does no
// harm, and comes back as an error that says what it came to and holds no URL.
package webapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/secret"
)

// NewAPI returns slack-go's client of the API at url, which ends in a slash, by way of
// through. It calls nobody.
func NewAPI(appToken, botToken secret.Text, url string, through *http.Client) *slack.Client {
	return slack.New(botToken.Reveal(),
		slack.OptionAppLevelToken(appToken.Reveal()),
		slack.OptionAPIURL(url),
		slack.OptionHTTPClient(through))
}

// A Client calls Slack as the bot needs it. Its zero value calls nobody.
type Client struct {
	api  *slack.Client
	http *http.Client // posts to response_urls; it must not follow redirects
	fake bool         // Slack itself is on this machine, so that response_urls may be too
}

// New returns a Client of api, which is at url.
func New(api *slack.Client, hooks *http.Client, url string) *Client {
	return &Client{api: api, http: hooks, fake: onLoopback(url)}
}

// Timeout bounds one call.
const Timeout = 5 * time.Second

// call gives f, which calls method, its time, and says of its error what it means.
func call(ctx context.Context, method string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	if err := f(ctx); err != nil {
		return Error(method, err)
	}
	return nil
}

// WhoAmI asks whose the bot token is.
func (c *Client) WhoAmI(ctx context.Context) (me *slack.AuthTestResponse, err error) {
	err = call(ctx, "auth.test", func(ctx context.Context) (err error) {
		me, err = c.api.AuthTestContext(ctx)
		return err
	})
	return me, err
}

// Member reports whether the bot is in a channel.
// https://docs.slack.dev/reference/methods/conversations.info
func (c *Client) Member(ctx context.Context, channel string) (member bool, err error) {
	err = call(ctx, "conversations.info", func(ctx context.Context) error {
		info, err := c.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
		if err == nil {
			member = info.IsMember
		}
		return err
	})
	return member, err
}

// OpenView opens a modal, within the 3 s of trigger.
func (c *Client) OpenView(ctx context.Context, trigger string, v slack.ModalViewRequest) error {
	return call(ctx, "views.open", func(ctx context.Context) error {
		_, err := c.api.OpenViewContext(ctx, trigger, v)
		return err
	})
}

// PushView opens a modal on top of the one that was acted in.
func (c *Client) PushView(ctx context.Context, trigger string, v slack.ModalViewRequest) error {
	return call(ctx, "views.push", func(ctx context.Context) error {
		_, err := c.api.PushViewContext(ctx, trigger, v)
		return err
	})
}

// UpdateView puts v in place of what the modal id shows; with a hash, only if it
// still shows that. It returns the hash of v.
func (c *Client) UpdateView(ctx context.Context, id, hash string, v slack.ModalViewRequest) (now string, err error) {
	err = call(ctx, "views.update", func(ctx context.Context) error {
		answer, err := c.api.UpdateViewContext(ctx, v, "", hash, id)
		if err == nil {
			now = answer.Hash
		}
		return err
	})
	return now, err
}

// PublishHome shows blocks on a person's Home.
func (c *Client) PublishHome(ctx context.Context, user string, blocks []slack.Block) error {
	return call(ctx, "views.publish", func(ctx context.Context) error {
		_, err := c.api.PublishViewContext(ctx, slack.PublishViewContextRequest{
			UserID: user,
			View:   slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}},
		})
		return err
	})
}

// OpenDM returns the conversation between a person and the bot.
func (c *Client) OpenDM(ctx context.Context, user string) (id string, err error) {
	err = call(ctx, "conversations.open", func(ctx context.Context) error {
		channel, _, _, err := c.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
		if err == nil {
			id = channel.ID
		}
		return err
	})
	return id, err
}

// Post posts to a channel, without unfurling anything, and returns the name that
// the message got. Where Slack does not take m, its Simple form is posted.
func (c *Client) Post(ctx context.Context, channel string, m blockkit.Message) (ts string, err error) {
	err = orSimple(m, func(m blockkit.Message) (err error) {
		ts, err = c.post(ctx, channel, m)
		return err
	})
	return ts, err
}

// PostReply posts into the thread of a message.
func (c *Client) PostReply(ctx context.Context, channel, ts string, m blockkit.Message) error {
	_, err := c.post(ctx, channel, m, slack.MsgOptionTS(ts))
	return err
}

func (c *Client) post(ctx context.Context, channel string, m blockkit.Message, more ...slack.MsgOption) (ts string, err error) {
	err = call(ctx, "chat.postMessage", func(ctx context.Context) (err error) {
		_, ts, err = c.api.PostMessageContext(ctx, channel, append(more,
			slack.MsgOptionText(m.Fallback(), false), slack.MsgOptionBlocks(m.Blocks...),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())...)
		return err
	})
	return ts, err
}

// Rewrite puts m in place of what a message of the bot's says.
func (c *Client) Rewrite(ctx context.Context, channel, ts string, m blockkit.Message) error {
	return call(ctx, "chat.update", func(ctx context.Context) error {
		_, _, _, err := c.api.UpdateMessageContext(ctx, channel, ts, slack.MsgOptionText(m.Fallback(), false), slack.MsgOptionBlocks(m.Blocks...))
		return err
	})
}

// Delete deletes a message of the bot's; one that is gone already is fine.
// https://docs.slack.dev/reference/methods/chat.delete
func (c *Client) Delete(ctx context.Context, channel, ts string) error {
	return call(ctx, "chat.delete", func(ctx context.Context) error {
		_, _, err := c.api.DeleteMessageContext(ctx, channel, ts)
		if Refused(err, "message_not_found") {
			return nil
		}
		return err
	})
}

// Messages returns the latest messages of a conversation since a time, 100 at most.
// https://docs.slack.dev/reference/methods/conversations.history
func (c *Client) Messages(ctx context.Context, channel string, since time.Time) (all []slack.Message, err error) {
	err = call(ctx, "conversations.history", func(ctx context.Context) error {
		history, err := c.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: channel,
			Limit:     100,
			Oldest:    strconv.FormatInt(since.Unix(), 10),
		})
		if err == nil {
			all = history.Messages
		}
		return err
	})
	return all, err
}

// DirectMessage tells a person something that is no secret. That ctx ends is a
// reason to tell, not to be silent.
func (c *Client) DirectMessage(ctx context.Context, user string, m blockkit.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*Timeout)
	defer cancel()
	return c.tell(ctx, user, m)
}

// Tell is DirectMessage that tries again where that may help, for what the person
// has no other way to learn.
func (c *Client) Tell(ctx context.Context, user string, m blockkit.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*Timeout)
	defer cancel()
	return Repeat(ctx, func() error { return c.tell(ctx, user, m) })
}

func (c *Client) tell(ctx context.Context, user string, m blockkit.Message) error {
	channel, err := c.OpenDM(ctx, user)
	if err == nil {
		_, err = c.Post(ctx, channel, m)
	}
	return err
}
