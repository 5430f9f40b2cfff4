package bot

import (
	"encoding/json"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// maxEnvelope bounds one WebSocket message. Slack's largest payloads, a view
// with its state, stay far below it.
const maxEnvelope = 4 << 20

// An envelope is one Socket Mode message that wants an acknowledgement. Its
// payload holds codes and response_urls, so it is a secret as a whole.
// https://docs.slack.dev/apis/events-api/using-socket-mode
type envelope struct {
	id      string
	kind    string
	payload broker.Secret
}

// A frame is any message on the socket.
type frame struct {
	Type           string          `json:"type"`
	Reason         string          `json:"reason"`
	EnvelopeID     string          `json:"envelope_id"`
	Payload        json.RawMessage `json:"payload"`
	NumConnections int             `json:"num_connections"`
	DebugInfo      struct {
		Host                string `json:"host"`
		ApproximateLifetime int    `json:"approximate_connection_time"`
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

func (f frame) envelope() envelope {
	return envelope{id: f.EnvelopeID, kind: f.Type, payload: broker.NewSecret(string(f.Payload))}
}

// decode reads the payload into v, which is one of slack-go's payload types.
func (e envelope) decode(v any) error {
	if json.Unmarshal([]byte(e.payload.Reveal()), v) != nil {
		return fmt.Errorf("the payload of a %s envelope is not of the expected shape", e.kind)
	}
	return nil
}

// interaction reads the payload of what a person did with a control: the first
// of the actions that it claims, and how many there are beside it.
func (e envelope) interaction() (slack.InteractionCallback, int, error) {
	return readInteraction([]byte(e.payload.Reveal()))
}
