package broker

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"testing"
)

func TestOnlyWhatWasNeverSentLeavesACodeUnused(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no connection":       {&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"no proxy":            {&net.OpError{Op: "proxyconnect", Err: errors.New("refused")}, true},
		"no such host":        {&net.DNSError{Name: "sts"}, true},
		"unknown authority":   {x509.UnknownAuthorityError{}, true},
		"reading the answer":  {&net.OpError{Op: "read", Err: errors.New("reset")}, false},
		"writing the request": {&net.OpError{Op: "write", Err: errors.New("reset")}, false},
		"anything else":       {errors.New("EOF"), false},
	} {
		if got := neverSent(fmt.Errorf("operation error STS: %w", test.err)); got != test.want {
			t.Errorf("%s: got never sent %v, want %v", name, got, test.want)
		}
	}
}
