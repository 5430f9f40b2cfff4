package fakeslack

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// An Ask is what a person types, and who.
type Ask struct {
	User          string // U…
	Command, Text string // "/assume", "help"
}

// A Command is one slash command and what became of it. Times are since the Server
// started, in ns; 0: it has not happened.
type Command struct {
	Ask
	envelope, responseURL string

	frame []byte // the whole WebSocket frame
	from  *Server

	due, sent, acked, answered atomic.Int64
	acks, answers, sends       atomic.Int32
	stopped                    atomic.Int32
	said, again, ackedBy       atomic.Pointer[string]

	mu       sync.Mutex
	sendings []Sending

	// Acked and Answered are called once each, when it first happens. They must
	// not block. Nil ones are not.
	Acked, Answered func()
}

// A Sending is that a Command was written to a socket.
type Sending struct {
	To string // the client's name
	At time.Time
}

// maxUses is how many posts a response_url takes.
// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
const maxUses = 5

// Prepare makes what Send sends, so that a burst need not wait for it.
func (s *Server) Prepare(ask Ask) *Command {
	s.mu.Lock()
	id := len(s.commands)
	c := &Command{Ask: ask, from: s, envelope: fmt.Sprintf("%08x-0000-4000-8000-%012x", s.run, id)}
	run := s.run
	s.commands = append(s.commands, c)
	s.latest[ask.User] = c
	s.mu.Unlock()
	c.responseURL = fmt.Sprintf("http://%s/commands/%x/%x", s.address, run, id)
	text, _ := json.Marshal(ask.Text) // a string always can be
	c.frame = textFrame(fmt.Appendf(nil, `{"envelope_id":%q,"type":"slash_commands","accepts_response_payload":true,"payload":{`+
		`"token":"t","team_id":%q,"team_domain":"example","channel_id":"C0GENERAL","channel_name":"general",`+
		`"user_id":%q,"user_name":%q,"command":%q,"text":%s,"api_app_id":"A0LOAD","is_enterprise_install":"false",`+
		`"response_url":%q,"trigger_id":"%x.%x"}}`,
		c.envelope, Team, ask.User, ask.User, ask.Command, text, c.responseURL, run, id))
	return c
}

// Send hands c to a socket. It counts from due, which is when it should have been
// sent: whatever delays the sender is delay that the person would have seen.
func (s *Server) Send(c *Command, due time.Time) {
	c.due.Store(max(1, int64(due.Sub(s.began))))
	s.send(c)
}

func (s *Server) send(c *Command) {
	for to := s.pick(); to != nil; to = s.pick() {
		if to.enqueue(c) { // one that ends is not picked again
			return
		}
	}
	s.undelivered.Add(1)
}

func (c *Command) sentTo(client string) {
	c.sends.Add(1)
	c.sent.CompareAndSwap(0, c.from.since())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sendings = append(c.sendings, Sending{To: client, At: time.Now()})
}

func (c *Command) acknowledge(client string) {
	if c.acks.Add(1) == 1 {
		c.ackedBy.Store(&client)
		c.acked.Store(c.from.since())
		if c.Acked != nil {
			c.Acked()
		}
	}
}

func (c *Command) answer(said string, stopped bool) {
	if stopped {
		c.stopped.Add(1)
	}
	if c.answers.Add(1) == 1 {
		c.said.Store(&said)
		c.answered.Store(c.from.since())
		if c.Answered != nil {
			c.Answered()
		}
		return
	}
	c.again.Store(&said)
}

// Due is when it was due, since the Server started.
func (c *Command) Due() time.Duration { return time.Duration(c.due.Load()) }

// AckAfter is how long the acknowledgement took; false: none came.
func (c *Command) AckAfter() (time.Duration, bool) {
	return time.Duration(c.acked.Load() - c.due.Load()), c.acked.Load() != 0
}

// AnswerAfter is how long the first answer took; false: none came.
func (c *Command) AnswerAfter() (time.Duration, bool) {
	return time.Duration(c.answered.Load() - c.due.Load()), c.answered.Load() != 0
}

// SentAt is when it was first written to a socket.
func (c *Command) SentAt() time.Time { return c.from.began.Add(time.Duration(c.sent.Load())) }

// AckedAt is when it was acknowledged.
func (c *Command) AckedAt() time.Time { return c.from.began.Add(time.Duration(c.acked.Load())) }

// AckedBy is the name of the client that acknowledged it.
func (c *Command) AckedBy() string { return whole(c.ackedBy.Load()) }

// Sendings are when it was written to a socket, and whose.
func (c *Command) Sendings() []Sending {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sendings)
}

// ResponseURL is where it is answered.
func (c *Command) ResponseURL() string { return c.responseURL }

// AnsweredAt is when the first answer came.
func (c *Command) AnsweredAt() time.Time { return c.from.began.Add(time.Duration(c.answered.Load())) }

// Delivered reports whether it was written to a socket at all.
func (c *Command) Delivered() bool { return c.sends.Load() > 0 }

// Sends is how often it was written to a socket.
func (c *Command) Sends() int { return int(c.sends.Load()) }

// Answers is how often it was answered.
func (c *Command) Answers() int { return int(c.answers.Load()) }

// Stopped is how many of the answers say that the bot was stopped over it.
func (c *Command) Stopped() int { return int(c.stopped.Load()) }

// Said is how the first answer begins.
func (c *Command) Said() string { return whole(c.said.Load()) }

// Again is how the last answer begins, where there are several.
func (c *Command) Again() string { return whole(c.again.Load()) }

func whole(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
