package awsapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// A sending notes how far one call came on its way to AWS. What became of a code
// is decided by whether its request was written, and not by the type of an error:
// a proxy that answers CONNECT with a page, a TLS handshake that never ends and a
// name that nobody knows are different errors, and each leaves the code unused.
// What was handed to the connection counts as written, though it may not have left.
// https://pkg.go.dev/net/http/httptrace#ClientTrace
type sending struct {
	handed  atomic.Bool // to the HTTP client: it has an address and a signature
	sealed  atomic.Bool // by TLS, so that whoever answers is where it ends
	dialled atomic.Bool // a connection was wanted: it can be written
	written atomic.Bool // its headers were
	host    atomic.Pointer[string]
}

type sendingKey struct{}

// withSending makes the calls of the returned context note how far they came.
func withSending(ctx context.Context) (context.Context, *sending) {
	s := &sending{}
	return context.WithValue(ctx, sendingKey{}, s), s
}

// watchSending makes r report to the sending of its context, if there is one.
func watchSending(r *http.Request) *http.Request {
	s, ok := r.Context().Value(sendingKey{}).(*sending)
	if !ok {
		return r
	}
	host := r.URL.Hostname()
	s.host.Store(&host)
	s.handed.Store(true)
	s.sealed.Store(r.URL.Scheme == "https")
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GetConn:      func(string) { s.dialled.Store(true) },
		WroteHeaders: func() { s.written.Store(true) },
	}))
}

// An arrival is what can be said of a call that failed.
type arrival int

const (
	arrivedNowhere arrival = iota // it was never written, or a proxy wanted a password first
	malformed                     // it cannot be written at all
	misdirected                   // the settings lead to no host of AWS's
	refusedOnWay                  // a refusal, but not in AWS's form: a proxy's page
	serverFailed                  // AWS, or something before it, is unwell
	lost                          // it was written, and no answer came that can be read
	refusedByAWS                  // by AWS, with a code
)

// arrivalOf says how far the call came that ended in err; code is AWS's, "" where
// it gave none.
func (s *sending) arrivalOf(ctx context.Context, err error, code string) arrival {
	switch status := statusOf(err); {
	case status == http.StatusProxyAuthRequired && !s.sealed.Load():
		return arrivedNowhere
	case status >= http.StatusInternalServerError:
		return serverFailed
	case status >= http.StatusMultipleChoices && (code == "" || code == "UnknownError" || code == inventedCode(status) && requestID(err) == ""):
		return refusedOnWay
	case status >= http.StatusMultipleChoices:
		return refusedByAWS
	case s.written.Load():
		return lost
	}
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil:
		return arrivedNowhere
	case !s.handed.Load(), errors.As(err, &dns) && dns.IsNotFound:
		return misdirected
	case !s.dialled.Load():
		return malformed
	}
	return arrivedNowhere
}

// inventedCode is what the SDK makes of a refusal of S3 that gives none.
func inventedCode(status int) string { return strings.ReplaceAll(http.StatusText(status), " ", "") }

// statusOf is the HTTP status of the answer that err is about, 0 without one.
func statusOf(err error) int {
	var answered *awshttp.ResponseError
	if errors.As(err, &answered) {
		return answered.HTTPStatusCode()
	}
	return 0
}

// address names the host that the call was for, for a sentence.
func (s *sending) address() string {
	if host := s.host.Load(); host != nil {
		return *host
	}
	return ""
}

// fips reports whether the SDK was told to use FIPS hosts, which few regions have
// and some partitions do not know.
func (s *sending) fips(err error) bool {
	return strings.Contains(s.address(), "fips") || !s.handed.Load() && strings.Contains(err.Error(), "FIPS")
}
