package awsapi

import (
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// All calls to AWS go through one [http.Transport]: the SDK's own, with its proxy, CA
// bundle, TLS 1.2 at least and HTTP/2 where it is offered.
const (
	// atOnce is how many calls to one host find a connection again: as many as there
	// are Visits at once. The SDK keeps ten.
	atOnce = 256
	// idleFor is how long a connection is kept unused. AWS closes them after as little
	// as 20 s, and a call that meets this loses its answer, and its code. What went
	// over a connection also stays in memory for as long.
	// https://github.com/aws/aws-sdk-go-v2/issues/3423
	// https://github.com/vectordotdev/vector/pull/9703
	idleFor = 8 * time.Second
	// silentFor is how long a connection of HTTP/2, which many calls share, may be silent
	// under a call before it is asked whether it lives, and may then take to answer.
	silentFor = 3 * time.Second
)

// transport is that of client, which is the SDK's own or nil.
func transport(client aws.HTTPClient) *http.Transport {
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	t := buildable.GetTransport()
	t.MaxIdleConns, t.MaxIdleConnsPerHost, t.IdleConnTimeout = 0, atOnce, idleFor
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: silentFor, PingTimeout: silentFor}
	return t
}

// staying is a client without the redirects that the SDK follows, 307 and 308. Where
// they lead was not checked by [endpointWall], and AWS's endpoints send none.
func staying(through *http.Transport) *http.Client {
	return &http.Client{
		Transport:     through,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// wholeAnswers hides a request body's WriteTo from net/http. smithy-go 1.28.8
// closes the body once the call returned, and its WriteTo answers io.EOF from
// then on; net/http, still looking for surplus bytes, takes that for a failed
// write and closes the connection in the middle of a long answer. The answer of
// a call that spent a code would be lost.
type wholeAnswers struct{ client aws.HTTPClient }

// Do implements [aws.HTTPClient].
func (w wholeAnswers) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return w.client.Do(watchSending(r))
}
