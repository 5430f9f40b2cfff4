package awsapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/assumebot/assumebot/broker/secret"
)

func TestARegionalEndpointNamesItsRegion(t *testing.T) {
	for host, want := range map[string]bool{
		"sts.eu-west-1.amazonaws.com": true, "sts-fips.eu-west-1.amazonaws.com": true, "vpce-1.sts.eu-west-1.vpce.amazonaws.com": true,
		"sts.amazonaws.com": false, "sts.eu-west-10.amazonaws.com": false, "": false,
	} {
		if got := InRegion(host, "eu-west-1"); got != want {
			t.Errorf("%s: got %v, want %v", host, got, want)
		}
	}
}

// TestReachTellsARegionThatIsFromOneThatIsNot has a resolver that knows one host.
func TestReachTellsARegionThatIsFromOneThatIsNot(t *testing.T) {
	quietAWS(t, "")
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, "<ErrorResponse><Error><Code>MissingAuthenticationToken</Code><Message>no</Message></Error></ErrorResponse>")
	}))
	defer server.Close()
	a, err := newQuietAWS(t)
	if err != nil {
		t.Fatal(err)
	}
	a.Through(func(tr *http.Transport) {
		tr.TLSClientConfig.RootCAs, tr.TLSClientConfig.ServerName = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, "example.com"
		tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, _ := net.SplitHostPort(address)
			if host != "sts.eu-west-1.amazonaws.com" {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
	})
	if host, err := NewInspector(a).Reach(t.Context(), "eu-west-1"); err != nil || host != "sts.eu-west-1.amazonaws.com" {
		t.Errorf("a region: got %s, %v", host, err)
	}
	if host, err := NewInspector(a).Reach(t.Context(), "eu-wset-1"); !Unanswered(err) || host != "sts.eu-wset-1.amazonaws.com" {
		t.Errorf("a region that is none: got %s, %v, want that nobody answered", host, err)
	}
}

// TestOnlyAWSTellsItsClock has a proxy, which has a Date of its own, answer too. What the
// SDK makes of an answer that is cut is not for a person's terminal.
func TestOnlyAWSTellsItsClock(t *testing.T) {
	quietAWS(t, "")
	stderr := os.Stderr
	t.Cleanup(func() { os.Stderr = stderr })
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = said
	for name, test := range map[string]struct {
		status int
		body   string
		cut    bool
		want   bool
	}{
		"AWS": {200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/alice</Arn><Account>111111111111</Account>" +
			"</GetCallerIdentityResult></GetCallerIdentityResponse>", false, true},
		"a refusal of AWS": {403, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>", false, true},
		"a page":           {200, "<html><body>sign in</body></html>", false, false},
		"a page of errors": {502, "<html><body>bad gateway</body></html>", false, false},
		"a redirect":       {307, "", false, false},
		"nothing":          {200, "", false, false},
		"nobody":           {200, "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>", false, false},
		"JSON":             {200, `{"ok":true}`, false, false},
		"cut":              {200, "<GetCallerIdentityResponse>", true, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if test.cut {
				w.Header().Set("Content-Length", "100000")
			}
			w.WriteHeader(test.status)
			_, _ = fmt.Fprint(w, test.body)
		}))
		t.Setenv("AWS_ENDPOINT_URL", server.URL)
		a, err := newQuietAWS(t)
		if err != nil {
			t.Fatal(err)
		}
		who, err := NewInspector(a).WhoIs(t.Context(), secret.Credentials{AccessKeyID: "AKIA0000000000000000", SecretAccessKey: secret.New("x")})
		server.Close()
		if who.ClockTold != test.want {
			t.Errorf("%s: got the clock told %v, want %v (%v)", name, who.ClockTold, test.want, err)
		}
		if who.ARN == "" && err == nil {
			t.Errorf("%s: got nobody and no error", name)
		}
	}
	if data, err := os.ReadFile(said.Name()); err != nil || len(data) > 0 {
		t.Errorf("got %q on standard error, want nothing (%v)", data, err)
	}
}
