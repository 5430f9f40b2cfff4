package socketmode

import (
	"testing"

	"github.com/assumebot/assumebot/broker/secret"
)

func TestASocketIsEncryptedOrOnThisMachine(t *testing.T) {
	for url, want := range map[string]bool{
		"wss://wss-primary.slack.com/link/?ticket=x": true, "ws://127.0.0.1:1/link": true, "ws://[::1]:1/": true,
		"ws://wss-primary.slack.com/link": false, "ws://10.0.0.1/": false, "http://127.0.0.1/": false, "wss:///": false, "": false,
	} {
		if err := checkSocketURL(secret.New(url)); (err == nil) != want {
			t.Errorf("%q: got %v, want it taken: %v", url, err, want)
		}
		if _, err := dialSocket(t.Context(), secret.New(url), defaultPulse, nil); !want &&
			(err == nil || err.Error() != checkSocketURL(secret.New(url)).Error()) {
			t.Errorf("%q: got %v, want nothing dialled", url, err)
		}
	}
}
