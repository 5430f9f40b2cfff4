package endpoint_test

import (
	"testing"

	"github.com/assumebot/assumebot/broker/endpoint"
)

func TestOnlyThisMachineIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.example.com": false, "localhost.": false, "127.0.0.1.example.com": false, "127.1": false, "0.0.0.0": false,
		"::": false, "10.0.0.1": false, "169.254.169.254": false, "redis": false, "127.0.0.1:6379": false, "[::1]": false,
	} {
		if got := endpoint.Loopback(host); got != want {
			t.Errorf("%q: got %t, want %t", host, got, want)
		}
	}
}
