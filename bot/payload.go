package bot

import (
	"encoding/json"
	"errors"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker/listing"
)

// A client can send any option value, button value, state value and block ID, and
// any number of actions; only the person, their workspace, and the IDs of channels,
// messages and views come from Slack. So nothing is trusted because the bot once
// put it there: what was pressed, chosen and kept in private_metadata is read here,
// within the bounds of what is typed, and what is not of that shape goes no further.

const (
	// maxQuery is more than any name of an account or role.
	maxQuery = 100
	// lastPage is the last page of a million buckets, which is as many as AWS
	// allows. https://docs.aws.amazon.com/general/latest/gr/s3.html
	lastPage = 1_000_000/listing.PerPage - 1
)

// readInteraction reads an interaction, and of the actions that it holds the
// first alone: one payload is one request, for every limit counts payloads. more
// is how many others there were.
func readInteraction(payload []byte) (in slack.InteractionCallback, more int, err error) {
	var sent struct {
		Actions []json.RawMessage `json:"actions"`
	}
	if json.Unmarshal(payload, &sent) == nil && len(sent.Actions) > 1 {
		more = len(sent.Actions) - 1
		whole := map[string]json.RawMessage{}
		err := json.Unmarshal(payload, &whole)
		if err == nil {
			whole["actions"], err = json.Marshal(sent.Actions[:1])
		}
		if err == nil {
			payload, err = json.Marshal(whole)
		}
		if err != nil {
			return slack.InteractionCallback{}, more, errPayload
		}
	}
	if json.Unmarshal(payload, &in) != nil { // its error may quote what it read
		return slack.InteractionCallback{}, more, errPayload
	}
	return in, more, nil
}

var errPayload = errors.New("the payload of an interaction is not of the expected shape")
