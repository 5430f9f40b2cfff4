package webapi

import (
	"io"
	"net"
	"net/http"
	"time"
)

// The Web API and response_urls go through one client: what was connected once is
// used again by all Visits. Settings are those of [http.DefaultTransport], with its
// proxy and TLS, and HTTP/2 where it is offered.
const (
	// atOnce is how many calls to one host find a connection again: as many as there
	// are Visits at once. Go keeps two.
	atOnce = 256
	// idleFor is how long a connection is kept unused. Slack does not say how long it
	// keeps one, and whatever balances load before it does so for a minute by default; a
	// post that meets the end of one is lost. What went over a connection also stays in
	// memory for as long.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#connection-idle-timeout
	idleFor = 8 * time.Second
	// silentFor is how long a connection of HTTP/2, which many calls share, may be silent
	// under a call before it is asked whether it lives, and may then take to answer.
	silentFor = 3 * time.Second
	// maxRest is what is read of an answer for its connection's sake.
	maxRest = 64 << 10
)

// NewHTTPClient returns a client with connections of its own. It follows no redirect: a
// token or a credential goes where it was addressed to or nowhere.
func NewHTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: drained{&http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			HTTP2:                 &http.HTTP2Config{SendPingTimeout: silentFor, PingTimeout: silentFor},
			MaxIdleConnsPerHost:   atOnce,
			IdleConnTimeout:       idleFor,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
		}},
	}
}

// drained reads what its reader left of an answer, without which a connection cannot
// be used again: slack-go stops at the end of the JSON, and reads nothing of a refusal.
type drained struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (d drained) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := d.Transport.RoundTrip(r)
	if err == nil && answer.StatusCode != http.StatusSwitchingProtocols { // whose body is the connection
		answer.Body = drainedBody{answer.Body}
	}
	return answer, err
}

type drainedBody struct{ io.ReadCloser }

// Close implements [io.Closer]. It lasts no longer than the call may.
func (b drainedBody) Close() error {
	_, _ = io.CopyN(io.Discard, b.ReadCloser, maxRest) // what is longer costs the connection
	return b.ReadCloser.Close()
}
