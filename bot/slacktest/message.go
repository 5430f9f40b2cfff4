package slacktest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// MessageRef names a message, or, with ViewID, a modal or Home.
type MessageRef struct{ Channel, TS, ViewID string }

// Message is one version of one message.
type Message struct {
	TS, Channel, ThreadTS string
	// Ephemeral messages are seen by To alone.
	Ephemeral bool
	To        string
	Text      string
	Blocks    json.RawMessage // with the block_ids and action_ids Slack filled in
	// Attachments are the legacy ones, and blocks beside a coloured bar.
	Attachments json.RawMessage
	// Author is a user id: the bot's, a person's, or USLACKBOT for what Slack
	// itself says.
	Author string
	// Via is the method that made this version, "response_url", "ack",
	// "person" or "slack".
	Via string
	// Replaced marks a version that an edit has since superseded.
	Replaced bool
	Deleted  bool
	Edits    int
	// UnfurlLinks and UnfurlMedia are what was asked, with Slack's defaults for
	// apps. https://docs.slack.dev/messaging/unfurling-links-in-messages
	UnfurlLinks, UnfurlMedia bool

	names *names
	now   time.Time // when this was read
}

// slackbot is who tells people that a command failed.
const slackbot = "USLACKBOT"

// Ref names the message for Press and Choose.
func (m Message) Ref() MessageRef { return MessageRef{Channel: m.Channel, TS: m.TS} }

// posts are messages, and the URLs that answer them.
type posts struct {
	*people
	messages       []*Message     // every version that is held, in the order they appeared
	held           map[string]int // how many of them, by channel
	appeared       int
	live           map[MessageRef]*Message
	responseURLs   map[string]*responseURL
	limitRate      bool
	lastPost       map[string]time.Time
	forbidDeletion bool
	unknownBlocks  []string
}

// Messages are all versions of all messages, in the order they appeared;
// superseded and deleted ones are marked. With [WithMemory] they are those that are held.
func (s *posts) Messages() []Message {
	return s.selectMessages(func(*Message) bool { return true })
}

// Appeared is how many versions of messages there have been, those included that are
// held no more.
func (s *posts) Appeared() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appeared
}

// SeenBy is what user can see now, by time of posting.
func (s *posts) SeenBy(user string) []Message {
	return sortByTS(s.selectMessages(func(m *Message) bool { return s.visible(m, user) }))
}

// InChannel is what a channel shows now, ephemeral messages included, by time
// of posting.
func (s *posts) InChannel(id string) []Message {
	return sortByTS(s.selectMessages(func(m *Message) bool {
		return m.Channel == id && !m.Replaced && !m.Deleted
	}))
}

// Message finds a message as it is now, deleted ones included.
func (s *posts) Message(ref MessageRef) (Message, bool) {
	list := s.selectMessages(func(m *Message) bool { return m.Ref() == ref && !m.Replaced })
	if len(list) == 0 {
		return Message{}, false
	}
	return list[len(list)-1], true
}

func (s *posts) selectMessages(keep func(*Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if keep(m) {
			out = append(out, s.snapshot(m))
		}
	}
	return out
}

func sortByTS(list []Message) []Message {
	slices.SortStableFunc(list, func(a, b Message) int { return strings.Compare(a.TS, b.TS) })
	return list
}

// visible says whether user can see m now. The caller holds mu.
func (s *posts) visible(m *Message, user string) bool {
	if m.Replaced || m.Deleted {
		return false
	}
	if m.Ephemeral {
		return m.To == user
	}
	ch := s.channels[m.Channel]
	return ch != nil && ch.has(user)
}

// snapshot is m for somebody outside. The caller holds mu.
func (s *posts) snapshot(m *Message) Message {
	out := *m
	out.names, out.now = s.nameTable(), s.clock()
	return out
}

// post gives m its timestamp and shows it. The caller holds mu.
func (s *posts) post(m *Message) {
	m.TS = s.nextTS()
	s.hold(m)
	s.changes.add(Change{Kind: MessagePosted, Message: s.snapshot(m)})
	s.wake()
}

// replace puts a new version in m's place. The caller holds mu.
func (s *posts) replace(m *Message, body content, via string) *Message {
	next := *m
	next.Text, next.Blocks, next.Attachments, next.Via = body.text, body.blocks, body.attachments, via
	next.Edits++
	m.Replaced = true
	s.hold(&next)
	s.changes.add(Change{Kind: MessageUpdated, Message: s.snapshot(&next)})
	s.wake()
	return &next
}

// hold keeps a version that has just appeared. The caller holds mu.
func (s *posts) hold(m *Message) {
	s.messages = append(s.messages, m)
	s.live[m.Ref()] = m
	s.appeared++
	if s.held[m.Channel]++; s.memory > 0 && s.held[m.Channel] > s.memory {
		s.drop(m.Channel)
	}
}

// drop forgets one version in a channel: the oldest that nobody sees any more, or else
// the oldest. The caller holds mu.
func (s *posts) drop(channel string) {
	in := func(m *Message) bool { return m.Channel == channel }
	at := slices.IndexFunc(s.messages, func(m *Message) bool { return in(m) && (m.Replaced || m.Deleted) })
	if at < 0 {
		at = slices.IndexFunc(s.messages, in)
	}
	if m := s.messages[at]; s.live[m.Ref()] == m {
		delete(s.live, m.Ref())
	}
	s.messages = slices.Delete(s.messages, at, at+1)
	s.held[channel]--
}

// remove deletes m. The caller holds mu.
func (s *posts) remove(m *Message) {
	m.Deleted = true
	delete(s.live, m.Ref())
	s.changes.add(Change{Kind: MessageDeleted, Message: s.snapshot(m)})
	s.wake()
}

// messageJSON renders m as Slack does in answers and interactions.
func (s *posts) messageJSON(m *Message) object {
	out := object{"type": "message", "ts": m.TS, "user": m.Author, "text": m.Text, "team": s.team}
	if m.Author == s.botUser {
		out["bot_id"], out["app_id"] = s.botID, s.appID
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.Attachments != nil {
		out["attachments"] = m.Attachments
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	if m.Edits > 0 {
		out["edited"] = object{"user": m.Author, "ts": m.TS}
	}
	return out
}
