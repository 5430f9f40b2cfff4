package awsapi_test

import (
	"testing"
	"time"
)

func TestTokensArePaddedWhereThatIsAskedForAndNowhereElse(t *testing.T) {
	b := newSessionBench(t)
	for _, test := range []struct {
		name        string
		padding     int32
		least, most int
	}{
		{"not asked for", 0, 1, 1000},
		{"asked for", 4096, 4096, 4096},
		{"more than AWS pads to", 9000, 4096, 4096},
	} {
		for _, account := range []string{"prod", "hub"} { // AssumeRole and GetSessionToken
			b.later(30 * time.Second) // to the next code
			b.Broker = b.with(b.client(t, "eu-west-1").Padding(test.padding))
			got := b.wantIssued(t, b.request(account, b.device.Code()))
			if n := len(got.Credentials.SessionToken.Reveal()); n < test.least || n > test.most {
				t.Errorf("%s, %s: got a token of %d bytes, want %d to %d", test.name, account, n, test.least, test.most)
			}
		}
	}
}
