package socketmode

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/secret"
)

// FuzzWhatIsNamedIsWhatDecodingFinds, whatever the strings beside it say: nobody types
// themselves into the queue of another person.
func FuzzWhatIsNamedIsWhatDecodingFinds(f *testing.F) {
	f.Add(`prod "user_id":"U02BOB"`, "U01ALICE", false)
	f.Add("user_id", "U01ALICE", true)
	f.Add(`\`, `U"1`, true)
	f.Add(`:"`, "", false)
	f.Add("user_id\u2028", "\ufffd", true)
	f.Fuzz(func(t *testing.T, text, user string, spaced bool) {
		type shape struct {
			Team string `json:"team_id"`
			Text string `json:"text"`
			User string `json:"user_id"`
			More string `json:"more"`
		}
		payload, err := json.Marshal(shape{"T1", text, user, text})
		if spaced && err == nil {
			payload, err = json.MarshalIndent(json.RawMessage(payload), "", "  ")
		}
		if err != nil {
			t.Fatal(err)
		}
		e := Envelope{payload: secret.New(string(payload))}
		var want shape
		if err := e.Decode(&want); err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(user)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(encoded), `\`) {
			want.User = "" // it must be decoded
		}
		if got := e.Named("user_id"); got != want.User {
			t.Errorf("got %q of %s, want %q", got, payload, want.User)
		}
		if got := e.Named("team_id"); got != "T1" {
			t.Errorf("got the team %q of %s", got, payload)
		}
		if got := e.Named("none"); got != "" {
			t.Errorf("got %q, of a key that is not there", got)
		}
	})
}

// TestWhatIsNotATextMustBeDecoded: it names nothing.
func TestWhatIsNotATextMustBeDecoded(t *testing.T) {
	for _, payload := range []string{
		``, `{}`, `"user_id"`, `{"user_id"`, `{"user_id":`, `{"user_id":"U1`, `{"user_id":7}`, `{"user_id":null}`, `{"user_id":"\u0055"}`,
	} {
		if got := (Envelope{payload: secret.New(payload)}).Named("user_id"); got != "" {
			t.Errorf("got %q of %s", got, payload)
		}
	}
}
