package webapi

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/secret"
)

func TestAResponseURLIsSlacksOrTheFakes(t *testing.T) {
	tests := []struct {
		url        string
		real, fake bool // whether it is taken with the real Slack, and with a fake on this machine
	}{
		{"https://hooks.slack.com/commands/T0123/1/x", true, true},
		{"https://hooks.slack-gov.com/actions/T0123/1/x", true, true},
		{"http://127.0.0.1:8080/commands/T0123/1/x", false, true},
		{"https://localhost/commands", false, true},
		{"http://hooks.slack.com/commands/T0123/1/x", false, false},
		{"https://evil.example/commands/T0123/1/x", false, false},
		{"https://hooks.slack.com.evil.example/", false, false},
		{"https://hooks.slack.com@evil.example/", false, false},
		{"https://x@hooks.slack.com/", false, false},
		{"https://hooks.slack.com:8443/", false, false},
		{"http://10.0.0.1/", false, false},
		{"//hooks.slack.com/", false, false},
		{"", false, false},
	}
	for api, fake := range map[string]bool{"https://slack.com/api/": false, "https://proxy.example/api/": false, "http://127.0.0.1:1/api/": true} {
		c := New(nil, nil, api)
		for _, test := range tests {
			want := test.real
			if fake {
				want = test.fake
			}
			if err := c.checkResponseURL(secret.New(test.url)); (err == nil) != want {
				t.Errorf("%q with Slack at %s: got %v, want it taken: %v", test.url, api, err, want)
			}
		}
	}
}

// TestAResponseIsWhatSlackTakes compares it with what slack-go sends of the same message.
func TestAResponseIsWhatSlackTakes(t *testing.T) {
	for _, m := range []blockkit.Message{
		blockkit.NewMessage(`a "quoted" <text> & more`, blockkit.Paragraph("<b> & c")),
		blockkit.NewMessage("kept", blockkit.Paragraph("kept")).Keep(),
	} {
		for _, replace := range []bool{false, true} {
			body, err := response(replace, m)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := json.Marshal(slack.WebhookMessage{
				ResponseType: slack.ResponseTypeEphemeral, Text: m.Fallback(), Blocks: &slack.Blocks{BlockSet: m.Blocks},
				ReplaceOriginal: replace, UnfurlLinks: new(bool), UnfurlMedia: new(bool),
			})
			if err != nil {
				t.Fatal(err)
			}
			var got, want map[string]any
			if json.Unmarshal(body, &got) != nil || json.Unmarshal(theirs, &want) != nil {
				t.Fatalf("got %s, which is no JSON", body)
			}
			delete(want, "delete_original") // false is what it is without
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}
