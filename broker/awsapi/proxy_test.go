package awsapi_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// A proxy is an egress proxy: connect answers CONNECT, with the connection in
// hand, and plain answers requests without TLS.
type proxy struct {
	connect func(t *testing.T, conn net.Conn)
	plain   http.HandlerFunc
}

func (p proxy) start(t *testing.T) *url.URL {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			_, _ = io.Copy(io.Discard, r.Body)
			p.plain(w, r)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		p.connect(t, conn)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// says answers CONNECT with these bytes and hangs up.
func says(text string) func(*testing.T, net.Conn) {
	return func(_ *testing.T, conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// opens answers CONNECT with 200 and lets the tunnel end at server.
func opens(server *httptest.Server) func(*testing.T, net.Conn) {
	return func(t *testing.T, conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		to, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = to.Close() }()
		go func() { _, _ = io.Copy(to, conn) }()
		_, _ = io.Copy(conn, to)
	}
}

// through is the bench's broker with AWS's own hosts, reached by a transport of
// the test's.
func (b *bench) through(t *testing.T, region string, change func(*http.Transport)) *broker.Broker {
	t.Helper()
	return b.with(b.client(t, region).Through(change))
}

const blockPage = "<!DOCTYPE html><html><body>Blocked by policy</body></html>"

// TestWhatIsWrittenDecidesAboutTheCode puts a real proxy between the bot and
// https://sts.eu-west-1.amazonaws.com.
func TestWhatIsWrittenDecidesAboutTheCode(t *testing.T) {
	page := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, blockPage)
		}
	}
	cut := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}
	for _, test := range []struct {
		name      string
		connect   func(*testing.T, net.Conn) // what CONNECT gets
		behind    http.HandlerFunc           // whose TLS the bot trusts, behind CONNECT
		distrust  bool                       // it does not
		want      broker.Code
		says      string
		codeUsed  bool
		hintsUsed string
	}{
		{name: "CONNECT 407", connect: says("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
			want: broker.CodeCannotReachAWS, says: "cannot reach AWS STS"},
		{name: "CONNECT 403 and a page", connect: says("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 58\r\n\r\n" + blockPage),
			want: broker.CodeCannotReachAWS, says: "cannot reach"},
		{name: "CONNECT 503", connect: says("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), want: broker.CodeCannotReachAWS, says: "cannot reach"},
		{name: "CONNECT 200 and a page in clear", connect: says("HTTP/1.1 200 OK\r\n\r\n" + blockPage), want: broker.CodeCannotReachAWS, says: "cannot reach"},
		{name: "CONNECT 200 and nothing", connect: says("HTTP/1.1 200 OK\r\n\r\n"), want: broker.CodeCannotReachAWS, says: "cannot reach"},
		{name: "no answer to CONNECT", connect: says(""), want: broker.CodeCannotReachAWS, says: "cannot reach"},
		{name: "another's certificate", behind: page(403), distrust: true, want: broker.CodeCannotReachAWS, says: "cannot reach"},
		{name: "403 and a page", behind: page(403), want: broker.CodeStrangeAnswer, says: "HTTP 403", codeUsed: true, hintsUsed: "Nothing was issued."},
		{name: "407 behind TLS, which is no proxy's before it", behind: page(407), want: broker.CodeStrangeAnswer, says: "HTTP 407", codeUsed: true,
			hintsUsed: "with a new code"},
		{name: "404 and a page", behind: page(404), want: broker.CodeStrangeAnswer, says: "HTTP 404", codeUsed: true, hintsUsed: "with a new code"},
		{name: "302 to a portal", behind: http.RedirectHandler("https://portal.example/", http.StatusFound).ServeHTTP, want: broker.CodeStrangeAnswer,
			says: "HTTP 302", codeUsed: true, hintsUsed: "Nothing was issued."},
		{name: "200 and a page", behind: page(200), want: broker.CodeOutcomeUnknown, says: "nobody knows", codeUsed: true, hintsUsed: "with a new code"},
		{name: "502 and a page", behind: page(502), want: broker.CodeOutcomeUnknown, says: "is not working right now, so nobody knows", codeUsed: true,
			hintsUsed: "with a new code"},
		{name: "cut after the request", behind: cut, want: broker.CodeOutcomeUnknown, says: "answer was lost", codeUsed: true, hintsUsed: "with a new code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			t.Setenv("AWS_ENDPOINT_URL", "")
			roots := x509.NewCertPool()
			if test.behind != nil {
				server := httptest.NewTLSServer(test.behind)
				t.Cleanup(server.Close)
				if !test.distrust {
					roots.AddCert(server.Certificate())
				}
				test.connect = opens(server)
			}
			u := proxy{connect: test.connect}.start(t)
			br := b.through(t, "eu-west-1", func(tr *http.Transport) {
				tr.Proxy = http.ProxyURL(u)
				tr.TLSClientConfig.RootCAs, tr.TLSClientConfig.ServerName = roots, "example.com"
			})
			code := b.device.Code()
			_, err := br.Issuing.Issue(t.Context(), b.request("prod", code))
			e := wantCode(t, err, test.want)
			if !strings.Contains(prose.Plain(e.What), test.says) {
				t.Errorf("got message %q, want it to say %q", prose.Plain(e.What), test.says)
			}
			if said := e.Use == broker.UseUnused; said == test.codeUsed ||
				!strings.Contains(prose.Plain(e.Hint), test.hintsUsed) {
				t.Errorf("got hint %q, want it to say %q, and that the code was not used: %t", prose.Plain(e.Hint), test.hintsUsed, !test.codeUsed)
			}
			_, err = b.Issuing.Issue(t.Context(), b.request("prod", code)) // another way to AWS
			if used := err != nil; used != test.codeUsed {
				t.Errorf("got the code used: %v (%v), want %v", used, err, test.codeUsed)
			}
		})
	}
}

// TestAProxyWithoutTLSThatRefusesUsesNoCode is for an endpoint in clear, which a
// proxy answers in AWS's place.
func TestAProxyWithoutTLSThatRefusesUsesNoCode(t *testing.T) {
	for status, want := range map[int]broker.Code{407: broker.CodeCannotReachAWS, 403: broker.CodeStrangeAnswer, 511: broker.CodeOutcomeUnknown} {
		b := newBench(t)
		t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
		u := proxy{plain: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, blockPage, status) }}.start(t)
		_, err := b.through(t, "eu-west-1", func(tr *http.Transport) { tr.Proxy = http.ProxyURL(u) }).Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
		e := wantCode(t, err, want)
		if said := e.Use == broker.UseUnused; said != (status == 407) {
			t.Errorf("%d: got use %v", status, e.Use)
		}
	}
}

func TestAProxyThatIsGoneUsesNoCode(t *testing.T) {
	b := newBench(t)
	t.Setenv("AWS_ENDPOINT_URL", "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	code := b.device.Code()
	br := b.through(t, "eu-west-1", func(tr *http.Transport) { tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: l.Addr().String()}) })
	for range 2 {
		_, err := br.Issuing.Issue(t.Context(), b.request("prod", code))
		wantCode(t, err, broker.CodeCannotReachAWS)
	}
}

// TestATLSHandshakeThatNeverEndsUsesNoCode gives up while AWS's host has not yet
// said hello.
func TestATLSHandshakeThatNeverEndsUsesNoCode(t *testing.T) {
	b := newBench(t)
	t.Setenv("AWS_ENDPOINT_URL", "")
	begun := make(chan struct{})
	u := proxy{connect: func(_ *testing.T, conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		_, _ = bufio.NewReader(conn).ReadByte() // of the client's hello
		close(begun)
		_, _ = io.Copy(io.Discard, conn)
	}}.start(t)
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	go func() { <-begun; giveUp() }()
	br := b.through(t, "eu-west-1", func(tr *http.Transport) { tr.Proxy = http.ProxyURL(u) })
	code := b.device.Code()
	_, err := br.Issuing.Issue(ctx, b.request("prod", code))
	wantCode(t, err, broker.CodeCannotReachAWS)
	if _, err := b.Issuing.Issue(t.Context(), b.request("prod", code)); err != nil {
		t.Errorf("the code was not given back: %v", err)
	}
}

// nowhere is a transport to which every name is unknown.
func nowhere(tr *http.Transport) {
	tr.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
}

func TestAMissingHostNamesTheSetting(t *testing.T) {
	for _, test := range []struct {
		name, region string
		fips         bool
		want         broker.Code
		says         []string
	}{
		{"region that is none", "eu-wst-1", false, broker.CodeCannotReachAWS, []string{"sts.eu-wst-1.amazonaws.com", "AWS_REGION"}},
		{"no FIPS host in the region", "eu-west-1", true, broker.CodeSettings, []string{"FIPS", "AWS_USE_FIPS_ENDPOINT", "AWS_REGION"}},
		{"no FIPS in the partition", "cn-north-1", true, broker.CodeSettings, []string{"FIPS", "AWS_USE_FIPS_ENDPOINT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			t.Setenv("AWS_ENDPOINT_URL", "")
			if test.fips {
				t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
			}
			code := b.device.Code()
			_, err := b.through(t, test.region, nowhere).Issuing.Issue(t.Context(), b.request("prod", code))
			e := wantCode(t, err, test.want)
			if e.Use != broker.UseUnused {
				t.Errorf("got use %v, want unused", e.Use)
			}
			for _, part := range test.says {
				if !strings.Contains(prose.Plain(e.What)+" "+prose.Plain(e.Hint), part) {
					t.Errorf("got %q %q, want it to say %q", prose.Plain(e.What), prose.Plain(e.Hint), part)
				}
			}
			if _, err := b.Issuing.Issue(t.Context(), b.request("prod", code)); err != nil {
				t.Errorf("the code was not given back: %v", err)
			}
		})
	}
}

func TestARequestThatCannotBeWrittenIsAFaultOfTheKey(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	b := newSessionBench(t)
	b.begin(t)
	unwritable := secret.New("a token\nwith a line break")
	session, c, _, err := b.store.Sessions.FindMFASession(t.Context(), "U01ALICE")
	if err != nil {
		t.Fatal(err)
	}
	c.SessionToken = unwritable
	if err := b.store.Sessions.SaveMFASession(t.Context(), session, c, nil); err != nil {
		t.Fatal(err)
	}
	_, err = b.Issuing.Issue(t.Context(), b.request("staging", ""))
	wantCode(t, err, broker.CodeNeedsCode)
	if got := b.last(t); got.Code != broker.CodeExpired {
		t.Errorf("got %+v on the record, want that the session is useless", got)
	}
	if b.hasSession(t) {
		t.Error("the session is still there")
	}

	issued, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	c = issued.Credentials
	c.SessionToken = unwritable
	issued.Grant.ID, issued.Grant.Issued = broker.NewID(), issued.Grant.Issued.Add(time.Second)
	if _, err := b.store.Grants.SaveGrant(t.Context(), issued.Grant, c, time.Minute); err != nil {
		t.Fatal(err)
	}
	_, err = b.Explaining.WhoAmI(t.Context(), b.request("prod", ""))
	if e := wantCode(t, err, broker.CodeKeyUnreadable); strings.Contains(prose.Plain(e.What)+prose.Plain(e.Hint), "code was") {
		t.Errorf("got %q %q, want nothing of a code", prose.Plain(e.What), prose.Plain(e.Hint))
	}
}
