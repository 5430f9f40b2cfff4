package slacktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// What a person sees when the app did not answer, in Slack's words.
var (
	ErrDispatchFailed   = errors.New("dispatch_failed")
	ErrOperationTimeout = errors.New("operation_timeout")
	// ErrInvalidAck is an acknowledgement whose payload Slack cannot use.
	ErrInvalidAck = errors.New("invalid acknowledgement payload")
)

// Redelivery says what happens to an envelope that nobody acknowledged, by
// time-out or because its socket went away.
type Redelivery int

// The ways of redelivery. Slack documents neither; both are observed.
const (
	RedeliverNever Redelivery = iota
	RedeliverSame             // under the same envelope_id
	RedeliverNew              // under a new envelope_id, with the same trigger_id or event_id
)

// Delivery is the fate of one envelope.
type Delivery struct {
	EnvelopeID  string // of the first attempt
	Type        string // slash_commands, interactive or events_api
	TriggerID   string // commands and interactions
	EventID     string // events
	ResponseURL string // commands, and interactions on messages
	Payload     json.RawMessage

	s              *workspace
	acceptsPayload bool
	onAck          func(payload json.RawMessage) error // under mu
	onFail         func(code error)                    // under mu
	first          time.Time
	acked          chan struct{} // closed at the first acknowledgement
	done           chan struct{} // closed when the person knows

	// Below is guarded by s.mu.
	attempts, acks int
	socket         *socket
	latency        time.Duration
	ackPayload     json.RawMessage
	err            error
	ended          bool
	cut            bool
}

// SetRedelivery sets what happens to unacknowledged envelopes; RedeliverSame
// unless set. An envelope is sent three times at most.
func (s *wire) SetRedelivery(r Redelivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redelivery = r
}

// Wait returns once the person knows: nil when the app acknowledged in time,
// otherwise ErrDispatchFailed, ErrOperationTimeout or ErrInvalidAck. When it
// returns, what the acknowledgement's payload did to a modal has been done.
func (d *Delivery) Wait(ctx context.Context) error {
	select {
	case <-d.done:
		return d.Err()
	case <-ctx.Done():
		return fmt.Errorf("slacktest: wait for acknowledgement: %w", context.Cause(ctx))
	case <-d.s.done:
		return errors.New("slacktest: wait for acknowledgement: server closed")
	}
}

// Err is what the person was told: nil while the envelope is under way and
// when it was acknowledged in time.
func (d *Delivery) Err() error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.err
}

// Seen is Err as the person reads it, "" when nothing went wrong.
func (d *Delivery) Seen() string {
	if err := d.Err(); err != nil {
		return err.Error()
	}
	return ""
}

// Attempts is how often the envelope was sent, redeliveries included.
func (d *Delivery) Attempts() int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.attempts
}

// Acks is how many acknowledgements came, late and repeated ones included.
func (d *Delivery) Acks() int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.acks
}

// Cut reports whether the envelope was under way, without an acknowledgement, on a
// socket when that ended.
func (d *Delivery) Cut() bool {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.cut
}

// AckLatency is the time from the first attempt to the first acknowledgement.
func (d *Delivery) AckLatency() time.Duration {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.latency
}

// AckPayload is the payload of the first acknowledgement, nil for an empty one,
// which {} is too.
func (d *Delivery) AckPayload() json.RawMessage {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.ackPayload
}

// Redeliver sends the envelope again, acknowledged or not: under a new
// envelope_id if SetRedelivery said RedeliverNew, else under the same.
func (s *wire) Redeliver(d *Delivery) error {
	if !s.transmit(d) {
		return ErrDispatchFailed
	}
	return nil
}

// send starts the life of d, whose Type and Payload are set.
func (s *wire) send(d *Delivery) *Delivery {
	d.s = s.workspace
	d.EnvelopeID = envelopeID()
	d.acked, d.done = make(chan struct{}), make(chan struct{})
	d.first = time.Now()
	if !s.transmit(d) {
		s.mu.Lock()
		d.end(ErrDispatchFailed)
		s.mu.Unlock()
		return d
	}
	s.mu.Lock()
	s.spawn(func() { s.watch(d) })
	s.mu.Unlock()
	return d
}

// transmit writes d to the next live socket, and reports whether there was one.
func (s *wire) transmit(d *Delivery) bool {
	for {
		c, msg := s.assign(d)
		if c == nil {
			return false
		}
		err := c.write(msg)
		if errors.Is(err, websocket.ErrCloseSent) && s.retract(d, c) {
			continue // it never left
		}
		if err != nil {
			c.abort() // its reader sees the end and redelivers
		}
		return true
	}
}

// assign gives d to the next live socket, if there is one.
func (s *wire) assign(d *Delivery) (*socket, object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.pick()
	if c == nil {
		return nil, nil
	}
	id := d.EnvelopeID
	if d.attempts > 0 && s.redelivery == RedeliverNew {
		id = envelopeID()
	}
	msg := object{
		"envelope_id": id, "type": d.Type, "payload": d.Payload,
		"accepts_response_payload": d.acceptsPayload,
	}
	if d.Type == "events_api" {
		msg["retry_attempt"] = d.attempts
		msg["retry_reason"] = ""
		if d.attempts > 0 {
			msg["retry_reason"] = "timeout"
		}
	}
	s.envelopes[id] = d
	d.attempts++
	d.socket = c
	c.sent++
	s.wake()
	return c, msg
}

// retract takes d back from c, unless it was given to another meanwhile.
func (s *wire) retract(d *Delivery, c *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.socket != c {
		return false
	}
	d.attempts--
	d.socket = nil
	c.sent--
	return true
}

// watch waits for the acknowledgement of d and redelivers when it stays out.
func (s *wire) watch(d *Delivery) {
	for {
		timer := time.NewTimer(s.ackLimit)
		select {
		case <-d.acked:
			timer.Stop()
			return
		case <-s.done:
			timer.Stop()
			return
		case <-timer.C:
		}
		s.mu.Lock()
		if d.acks == 0 {
			d.end(ErrOperationTimeout)
		}
		again := d.acks == 0 && s.redelivery != RedeliverNever && d.attempts < s.maxAttempts
		s.mu.Unlock()
		if !again || !s.transmit(d) {
			return
		}
	}
}

// end records what the person saw, once. The caller holds mu.
func (d *Delivery) end(err error) {
	if d.ended {
		return
	}
	d.ended, d.err = true, err
	if err != nil && d.onFail != nil {
		d.onFail(err)
	}
	close(d.done)
	d.s.wake()
}

// acknowledge takes in one acknowledgement of any attempt.
func (s *wire) acknowledge(id string, payload json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.envelopes[id]
	if d == nil {
		return
	}
	d.acks++
	s.wake()
	if d.acks > 1 {
		return
	}
	close(d.acked)
	d.latency = time.Since(d.first)
	// Slack's own framework acknowledges with an empty object where it has
	// nothing to say.
	if p := bytes.TrimSpace(payload); len(p) > 0 && string(p) != "null" && string(p) != "{}" {
		d.ackPayload = bytes.Clone(p)
	}
	if d.ended {
		return // too late: the person has been told
	}
	var err error
	if d.onAck != nil {
		err = d.onAck(d.ackPayload)
	}
	d.end(err)
}

// lost redelivers what was under way on a socket that has ended.
func (s *wire) lost(c *socket) {
	s.mu.Lock()
	var again []*Delivery
	seen := map[*Delivery]bool{}
	for _, d := range s.envelopes {
		if d.socket != c || d.acks > 0 || seen[d] {
			continue
		}
		seen[d], d.cut = true, true
		if d.attempts < s.maxAttempts && s.redelivery != RedeliverNever {
			again = append(again, d)
		}
	}
	s.mu.Unlock()
	for _, d := range again {
		s.transmit(d)
	}
}

// Forget drops the record of calls, ended deliveries and messages, with their
// response URLs too, so that a long load test does not grow. Call it while
// nothing is under way.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
	for id, d := range s.envelopes {
		if d.ended {
			delete(s.envelopes, id)
		}
	}
	clear(s.live)
	s.messages = nil
	clear(s.held)
	clear(s.responseURLs)
	clear(s.triggers)
}

func envelopeID() string {
	h := randomID(16)
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}
