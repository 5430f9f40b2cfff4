package slacktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText is the longest text of a message.
// https://docs.slack.dev/reference/methods/chat.postMessage
const maxText = 40_000

// postable finds the conversation that a post goes to. A user id means the
// direct messages with that person. The caller holds mu.
func (s *posts) postable(id string) (*Channel, error) {
	if strings.HasPrefix(id, "U") || strings.HasPrefix(id, "W") {
		u, ok := s.user(id)
		if !ok {
			return nil, failure("channel_not_found")
		}
		id = s.dm(u.ID)
	}
	ch := s.channelNamed(id)
	switch {
	case ch == nil, ch.Private && !ch.BotMember:
		return nil, failure("channel_not_found")
	case ch.Archived:
		return nil, failure("is_archived")
	case !ch.BotMember:
		return nil, failure("not_in_channel")
	}
	return ch, nil
}

func (s *people) channelNamed(id string) *Channel {
	if ch := s.channels[id]; ch != nil {
		return ch
	}
	for _, ch := range s.channels {
		if ch.Name != "" && !ch.isDM() && ch.Name == strings.TrimPrefix(id, "#") {
			return ch
		}
	}
	return nil
}

// content is what a message is made of, checked.
type content struct {
	text        string
	blocks      json.RawMessage
	attachments json.RawMessage
}

// messageContent checks text and blocks as every way of posting does; unknown are types of
// blocks that this Slack does not know.
func messageContent(text, blocks, attachments string, unknown ...string) (content, error) {
	c := content{text: text}
	attached := attachments != "" && attachments != "[]"
	if attached {
		checked, err := checkAttachments(attachments)
		if err != nil {
			return c, err
		}
		c.attachments = checked
	}
	if utf8.RuneCountInString(text) > maxText {
		return c, failure("msg_too_long")
	}
	if blocks != "" {
		checked, err := checkBlocks([]byte(blocks), surfaceMessage, unknown...)
		if err != nil {
			return c, err
		}
		c.blocks = checked
	}
	if strings.TrimSpace(text) == "" && c.blocks == nil && !attached {
		return c, failure("no_text")
	}
	return c, nil
}

// checkAttachments checks the blocks within attachments, and returns all with
// the ids that Slack fills in.
func checkAttachments(raw string) (json.RawMessage, error) {
	var list []any
	if decode([]byte(raw), &list) != nil {
		return nil, failure("invalid_attachments")
	}
	c := newChecker(surfaceMessage)
	for i, v := range list {
		a, ok := v.(map[string]any)
		if !ok {
			return nil, failure("invalid_attachments")
		}
		if blocks, ok := a["blocks"].([]any); ok {
			c.blocks(blocks, fmt.Sprintf("/attachments/%d/blocks", i))
		}
	}
	if len(c.errs) > 0 {
		return nil, failure("invalid_attachments", c.errs...)
	}
	return encode(list), nil
}

// slow refuses a second message within a second. The caller holds mu.
func (s *posts) slow(channel string) error {
	if !s.limitRate {
		return nil
	}
	now := s.clock()
	if last, ok := s.lastPost[channel]; ok && now.Sub(last) < time.Second {
		return &apiError{code: "ratelimited", retry: time.Second - now.Sub(last)}
	}
	s.lastPost[channel] = now
	return nil
}

// toPost is what a call posts to ch, if it may now. The caller holds mu.
func (s *posts) toPost(c *call, ch *Channel) (content, error) {
	body, err := messageContent(c.get("text"), c.get("blocks"), c.get("attachments"), s.unknownBlocks...)
	if err != nil {
		return content{}, err
	}
	return body, s.slow(ch.ID)
}

// https://docs.slack.dev/reference/methods/chat.postMessage
func (s *webAPI) chatPost(c *call) (object, error) {
	ch, err := s.postable(c.get("channel"))
	if err != nil {
		return nil, err
	}
	body, err := s.toPost(c, ch)
	if err != nil {
		return nil, err
	}
	m := &Message{
		Channel: ch.ID, ThreadTS: c.get("thread_ts"), Text: body.text, Blocks: body.blocks, Attachments: body.attachments,
		Author: s.botUser, Via: c.method,
		UnfurlLinks: c.flag("unfurl_links"),
		UnfurlMedia: !c.has("unfurl_media") || c.flag("unfurl_media"),
	}
	s.post(m)
	return object{"channel": ch.ID, "ts": m.TS, "message": s.messageJSON(m)}, nil
}

// https://docs.slack.dev/reference/methods/chat.postEphemeral
func (s *webAPI) chatPostEphemeral(c *call) (object, error) {
	ch, err := s.postable(c.get("channel"))
	if err != nil {
		return nil, err
	}
	u, ok := s.user(c.get("user"))
	if !ok || u.Deleted || !ch.has(u.ID) {
		return nil, failure("user_not_in_channel")
	}
	body, err := s.toPost(c, ch)
	if err != nil {
		return nil, err
	}
	m := &Message{
		Channel: ch.ID, ThreadTS: c.get("thread_ts"), Ephemeral: true, To: u.ID,
		Text: body.text, Blocks: body.blocks, Attachments: body.attachments, Author: s.botUser, Via: c.method,
	}
	s.post(m)
	return object{"message_ts": m.TS}, nil
}

// own finds a post of the bot's; ephemeral messages are not stored and cannot
// be found. The caller holds mu.
func (s *webAPI) own(c *call, refusal string) (*Message, error) {
	ch := s.channels[c.get("channel")]
	if ch == nil {
		return nil, failure("channel_not_found")
	}
	m := s.live[MessageRef{Channel: ch.ID, TS: c.get("ts")}]
	switch {
	case m == nil || m.Ephemeral:
		return nil, failure("message_not_found")
	case m.Author != s.botUser:
		return nil, failure(refusal)
	}
	return m, nil
}

// https://docs.slack.dev/reference/methods/chat.update: blocks are kept only
// when neither blocks nor text is given.
func (s *webAPI) chatUpdate(c *call) (object, error) {
	m, err := s.own(c, "cant_update_message")
	if err != nil {
		return nil, err
	}
	text, blocks := c.get("text"), c.get("blocks")
	if !c.has("text") && blocks != "" {
		text = m.Text
	}
	body, err := messageContent(text, blocks, c.get("attachments"), s.unknownBlocks...)
	if err != nil {
		return nil, err
	}
	next := s.replace(m, body, c.method)
	return object{"channel": next.Channel, "ts": next.TS, "text": next.Text, "message": s.messageJSON(next)}, nil
}

// https://docs.slack.dev/reference/methods/chat.delete
func (s *webAPI) chatDelete(c *call) (object, error) {
	m, err := s.own(c, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	if s.forbidDeletion {
		return nil, failure("compliance_exports_prevent_deletion")
	}
	s.remove(m)
	return object{"channel": m.Channel, "ts": m.TS}, nil
}
