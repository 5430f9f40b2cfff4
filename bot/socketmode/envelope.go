package socketmode

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
)

// maxEnvelope bounds one WebSocket message. Slack's largest payloads, a view
// with its state, stay far below it.
const maxEnvelope = 4 << 20

// An Envelope is one Socket Mode message that wants an acknowledgement. Its
// payload holds codes and response_urls, so it is a secret as a whole.
// https://docs.slack.dev/apis/events-api/using-socket-mode
type Envelope struct {
	ID      string
	Kind    string
	Came    time.Time // when it was read off its socket
	payload secret.Text
	from    *socket
	over    *places // where the other sockets are
	watch   watch.Watcher
}

// Size is how many bytes its payload has.
func (e Envelope) Size() int { return len(e.payload.Reveal()) }

// Answering keeps the socket open until done is called, once: an acknowledgement
// that is an answer is being made.
func (e Envelope) Answering() (done func()) {
	e.from.answering.Add(1)
	return func() { e.from.answering.Add(-1) }
}

// A frame is any message on the socket.
type frame struct {
	Type           string          `json:"type"`
	Reason         string          `json:"reason"`
	EnvelopeID     string          `json:"envelope_id"`
	Payload        json.RawMessage `json:"payload"`
	NumConnections int             `json:"num_connections"`
	DebugInfo      struct {
		Host     string   `json:"host"`
		Lifetime lifetime `json:"approximate_connection_time"`
	} `json:"debug_info"`
}

func decodeFrame(data []byte) (frame, error) {
	var f frame
	// The decoder's error may quote what it read.
	if json.Unmarshal(data, &f) != nil {
		return frame{}, fmt.Errorf("a message of %d bytes is not JSON of the expected shape", len(data))
	}
	return f, nil
}

func (s *Sockets) envelope(f frame, from *socket) Envelope {
	return Envelope{ID: f.EnvelopeID, Kind: f.Type, Came: time.Now(), payload: secret.New(string(f.Payload)), from: from, over: s.places, watch: s.watch}
}

// Decode reads the payload into v, which is one of slack-go's payload types.
func (e Envelope) Decode(v any) error {
	if json.Unmarshal([]byte(e.payload.Reveal()), v) != nil {
		return fmt.Errorf("the payload of a %s envelope is not of the expected shape", e.Kind)
	}
	return nil
}

// Named is the string under a key of the payload's, found without reading all of it: the
// first one of that name, as it stands there. "" is that it must be decoded to know. No
// string within the payload can pose as a key, since its quotes are escaped.
func (e Envelope) Named(key string) string {
	for rest := e.payload.Reveal(); ; {
		_, after, found := strings.Cut(rest, `"`+key+`"`)
		if !found {
			return ""
		}
		rest = after
		if value, isKey := strings.CutPrefix(strings.TrimLeft(after, " \t\r\n"), ":"); isKey {
			value, isText := strings.CutPrefix(strings.TrimLeft(value, " \t\r\n"), `"`)
			value, _, ends := strings.Cut(value, `"`)
			if !isText || !ends || strings.Contains(value, `\`) {
				return ""
			}
			return value
		}
	}
}
