package awsapi_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

const (
	home   = "eu-west-1"
	second = "eu-central-1"
)

// dials has the bot reach AWS's own hosts of the home region at one address, and all others
// at another. Both have the certificate of httptest.
func dials(t *testing.T, homeAt, othersAt string) func(*http.Transport) {
	t.Helper()
	trusted := httptest.NewTLSServer(nil)
	trusted.Close()
	roots := x509.NewCertPool()
	roots.AddCert(trusted.Certificate())
	return func(tr *http.Transport) {
		tr.Proxy = nil
		tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			to := othersAt
			if strings.Contains(address, home) {
				to = homeAt
			}
			return (&net.Dialer{}).DialContext(ctx, network, to)
		}
		tr.TLSClientConfig.RootCAs, tr.TLSClientConfig.ServerName = roots, "example.com"
	}
}

// overTLS serves h as a host of AWS.
func overTLS(t *testing.T, h http.Handler) (address string) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// fake is the bench's AWS, as any of AWS's hosts.
func (b *bench) fake(t *testing.T) http.Handler {
	t.Helper()
	u, err := url.Parse(b.aws.URL())
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
}

// A way is one in which the home region does not answer what issues.
type way struct {
	at      string
	written bool // it may have issued
	endless bool // it takes as long as it may
}

// ways are at an address each. Those that are written say whose a key is.
func (b *bench) ways(t *testing.T) map[string]way {
	t.Helper()
	listener := func(serve func(net.Conn)) string {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				go serve(conn)
			}
		}()
		return ln.Addr().String()
	}
	closed := listener(nil)
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		closed = ln.Addr().String()
		_ = ln.Close()
	}
	fake := b.fake(t)
	handler := func(h http.HandlerFunc) string {
		return overTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.Contains(string(body), "GetCallerIdentity") {
				r.Body = io.NopCloser(bytes.NewReader(body))
				fake.ServeHTTP(w, r)
				return
			}
			h(w, r)
		}))
	}
	return map[string]way{
		"refused":        {at: closed},
		"silent":         {at: listener(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), endless: true},
		"no TLS":         {at: listener(func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n"); _ = c.Close() })},
		"cut":            {at: handler(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), written: true},
		"silent after":   {at: handler(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), written: true, endless: true},
		"5xx":            {at: handler(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusServiceUnavailable) }), written: true},
		"a slow trickle": {at: handler(trickle), written: true, endless: true},
	}
}

// warmFor is how long a first call may take at home, which answers it if it is written.
func (w way) warmFor() time.Duration {
	if w.written {
		return time.Minute
	}
	return time.Millisecond
}

// aliceKey is the long-term key of alice.
var aliceKey = secret.Credentials{AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: secret.New("alice-secret-key")}

// trickle answers a byte at a time, for ever.
func trickle(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		<-time.After(time.Millisecond)
	}
}

// falling is a client whose home region is at an address.
func (b *bench) falling(t *testing.T, homeAt string) *awsapi.Client {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	return b.client(t, home).Through(dials(t, homeAt, overTLS(t, b.fake(t)))).FallingBack(second).Sharing(time.Minute)
}

// regions are those whose STS the fake was asked in.
func (b *bench) regions() (asked []string) {
	for _, c := range b.aws.Calls() {
		asked = append(asked, c.Action+" "+c.Region)
	}
	return asked
}

// granted is the outcome on the record.
func (b *bench) granted(t *testing.T) event.GrantedData {
	t.Helper()
	data, ok := b.last(t).Data.(event.GrantedData)
	if !ok {
		t.Fatalf("got %+v on the record, want that it was granted", b.last(t).Data)
	}
	return data
}

func TestASecondRegionIssuesWhereTheFirstDoesNotAnswer(t *testing.T) {
	for _, name := range []string{"refused", "silent", "no TLS", "cut", "silent after", "5xx", "a slow trickle"} {
		t.Run(name, func(t *testing.T) {
			b := newSessionBench(t)
			b.begin(t)
			way := b.ways(t)[name]
			client := b.falling(t, way.at)
			if way.endless {
				_, _ = client.Sharing(way.warmFor()).Identity(t.Context(), aliceKey, policy.KeySource{}) // a connection is up after it
				client.Sharing(300 * time.Millisecond)
				b.aws.ForgetCalls()
			}
			alice := b.with(client)
			issued, err := alice.Issuing.Issue(t.Context(), b.request("staging", ""))
			if err != nil {
				t.Fatal(err)
			}
			got, want := b.granted(t), ""
			if way.written {
				want = home
			}
			if got.STSRegion != second || got.STSUnanswered != want {
				t.Errorf("got %q and unanswered %q on the record, want %q and %q", got.STSRegion, got.STSUnanswered, second, want)
			}
			const says = ", in eu-central-1, since AWS STS in eu-west-1 did not answer; if that issued credentials too, nobody has them"
			if said := strings.HasSuffix(prose.Plain(issued.Way), says); said != way.written {
				t.Errorf("got %q, want that it speaks of others: %t", prose.Plain(issued.Way), way.written)
			}
			if diff := cmp.Diff([]string{"AssumeRole " + second}, b.regions()); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if who, err := alice.Explaining.WhoAmI(t.Context(), b.request("staging", "")); err != nil || who.Live == nil {
				t.Errorf("whoami: got %+v, %v, want whose the credentials are", who, err)
			}
			if list, err := alice.Lists.Buckets(t.Context(), b.request("staging", ""), ""); err != nil {
				t.Errorf("buckets: got %+v, %v, want a list", list, err)
			}
		})
	}
}

// TestACodeGoesToOneRegionAlone whatever becomes of it there.
func TestACodeGoesToOneRegionAlone(t *testing.T) {
	for _, name := range []string{"refused", "no TLS", "cut", "5xx"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			way := b.ways(t)[name]
			_, err := b.with(b.falling(t, way.at)).Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
			want, use := broker.CodeCannotReachAWS, broker.UseUnused
			if way.written {
				want, use = broker.CodeOutcomeUnknown, broker.UseUnknown
			}
			if e := wantCode(t, err, want); e.Use != use || len(b.regions()) != 0 {
				t.Errorf("got a code that is %v, and %v asked, want it %v and nobody", e.Use, b.regions(), use)
			}
		})
	}
}

// TestWhatIsAnsweredIsAskedNowhereElse has refusals at home, and nothing wrong.
func TestWhatIsAnsweredIsAskedNowhereElse(t *testing.T) {
	for name, fault := range map[string]*awstest.FaultError{
		"nothing":    nil,
		"denied":     stsFaults["denied"].Error,
		"throttled":  stsFaults["throttled"].Error,
		"region off": stsFaults["region off"].Error,
	} {
		t.Run(name, func(t *testing.T) {
			b := newSessionBench(t)
			b.begin(t)
			alice := b.with(b.falling(t, overTLS(t, b.fake(t))))
			if fault != nil {
				b.aws.Inject(awstest.Fault{Action: "AssumeRole", Error: fault})
			}
			_, err := alice.Issuing.Issue(t.Context(), b.request("staging", ""))
			if (err == nil) != (fault == nil) {
				t.Errorf("got %v", err)
			}
			if err == nil && (b.granted(t).STSRegion != home || b.granted(t).STSUnanswered != "") {
				t.Errorf("got %+v on the record, want %s", b.granted(t).Issued, home)
			}
			if diff := cmp.Diff([]string{"AssumeRole " + home}, b.regions()); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatTheSecondRegionRefusesIsNotBelieved: it may not be enabled. The MFA session stays.
func TestWhatTheSecondRegionRefusesIsNotBelieved(t *testing.T) {
	for name, want := range map[string]broker.Code{"refused": broker.CodeCannotReachAWS, "5xx": broker.CodeOutcomeUnknown} {
		for _, refusal := range []string{"key gone", "ended", "region off", "denied"} {
			t.Run(name+", "+refusal, func(t *testing.T) {
				b := newSessionBench(t)
				b.begin(t)
				alice := b.with(b.falling(t, b.ways(t)[name].at))
				fault := stsFaults[refusal]
				fault.Action = "AssumeRole"
				b.aws.Inject(fault)
				_, err := alice.Issuing.Issue(t.Context(), b.request("staging", ""))
				e := wantCode(t, err, want)
				if e.Facts.AWSCode != "" || e.Facts.AlsoRegion != "" || !b.hasSession(t) {
					t.Errorf("got %+v and an MFA session: %t, want what the first region did, and the session", e.Facts, b.hasSession(t))
				}
			})
		}
	}
}

// TestWhereNoRegionAnswersTheRecordSaysWhatMayHaveIssued.
func TestWhereNoRegionAnswersTheRecordSaysWhatMayHaveIssued(t *testing.T) {
	for name, test := range map[string]struct {
		way, region, also string
		fault             awstest.Fault
	}{
		"both":       {"cut", home, second, silences["lost answers"]},
		"the second": {"refused", second, "", silences["lost answers"]},
	} {
		t.Run(name, func(t *testing.T) {
			b := newSessionBench(t)
			b.begin(t)
			alice := b.with(b.falling(t, b.ways(t)[test.way].at))
			test.fault.Action = "AssumeRole"
			b.aws.Inject(test.fault)
			_, err := alice.Issuing.Issue(t.Context(), b.request("staging", ""))
			wantCode(t, err, broker.CodeOutcomeUnknown)
			if got := b.last(t).Facts; got.Region != test.region || got.AlsoRegion != test.also {
				t.Errorf("got %q and %q on the record, want %q and %q", got.Region, got.AlsoRegion, test.region, test.also)
			}
		})
	}
}

// TestARegionThatRestsIsPassedOver, until it answers a probe.
func TestARegionThatRestsIsPassedOver(t *testing.T) {
	b := newBench(t)
	b.config.Accounts.Find("hub").MFA = policy.MFANone
	var away atomic.Bool
	away.Store(true)
	client, w, _ := told(b.falling(t, overTLS(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if away.Load() {
			panic(http.ErrAbortHandler)
		}
		b.fake(t).ServeHTTP(rw, r)
	}))))
	alice := b.with(client)
	_ = b.ask(t, client, crew...)
	grant := func(region, unanswered string) {
		t.Helper()
		if _, err := alice.Issuing.Issue(t.Context(), b.request("hub", "")); err != nil {
			t.Fatal(err)
		}
		if got := b.granted(t); got.STSRegion != region || got.STSUnanswered != unanswered {
			t.Errorf("got %q and unanswered %q, want %q and %q", got.STSRegion, got.STSUnanswered, region, unanswered)
		}
	}
	grant(second, "") // the first was not asked, so it issued nothing
	away.Store(false)
	grant(second, "")
	b.later(31 * time.Second)
	grant(home, "")
	if diff := cmp.Diff([]string{"STS eu-west-1 rests", "STS eu-west-1 answers"}, w.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
