package socketmode

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/gorilla/websocket"
)

// An acknowledgement names its envelope, so any socket of the app can carry it:
// python-slack-sdk sends it over whichever is open by then
// (slack_sdk/socket_mode/builtin/client.py, send_message). What came on a socket
// that cannot carry it any more is acknowledged over another of this process. Where
// there is none it is not acknowledged, and whoever handles it does not serve it.

// MaxAck is what a socket acknowledgement must stay under: Slack drops a larger
// one without a word (slack-go, socketmode.go).
const MaxAck = 20_000

var (
	errAckTooLarge = errors.New("acknowledgement of 20 KB or more, which Slack drops")
	errNoSocket    = errors.New("its socket is closed, and no other is open")
)

// Carried reports whether a socket is open that can carry its acknowledgement.
func (e Envelope) Carried() bool {
	if e.from == nil {
		return false
	}
	select {
	case <-e.from.finished:
		return len(e.over.others(e.from)) > 0
	default:
		return true
	}
}

// Ack acknowledges the envelope; answer is nil where an empty one will do. After an
// error Slack does not have it.
func (e Envelope) Ack(answer any) error {
	err := e.acknowledge(answer)
	if err == nil && e.watch != nil {
		e.watch.Acknowledged(typeOf(e.Kind), time.Since(e.Came))
	}
	return err
}

// typeOf is one of the few that those who watch are told.
func typeOf(kind string) string {
	switch kind {
	case "slash_commands", "interactive", "events_api":
		return kind
	}
	return "other"
}

func (e Envelope) acknowledge(answer any) error {
	data, err := json.Marshal(struct {
		EnvelopeID string `json:"envelope_id"`
		Payload    any    `json:"payload,omitempty"`
	}{e.ID, answer})
	switch {
	case err != nil:
		return err
	case len(data) >= MaxAck:
		return errAckTooLarge
	case e.from == nil:
		return errNoSocket
	}
	if err = e.from.send(data); err == nil {
		return nil
	}
	for _, other := range e.over.others(e.from) {
		if other.send(data) == nil {
			return nil
		}
	}
	if errors.Is(err, websocket.ErrCloseSent) {
		return errNoSocket
	}
	return err
}

// send writes one message.
func (s *socket) send(data []byte) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		err = s.conn.WriteMessage(websocket.TextMessage, data)
	}
	if err != nil && !errors.Is(err, websocket.ErrCloseSent) {
		// gorilla writes nothing more after a failed write: whatever this socket
		// received from now on could not be acknowledged.
		_ = s.conn.Close()
	}
	return err
}
