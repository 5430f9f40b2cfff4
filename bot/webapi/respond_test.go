package webapi

import (
	"testing"

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
