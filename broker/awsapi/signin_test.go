package awsapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// consoleBench is a bench whose console sign-in goes to the fake AWS.
func consoleBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.config.SigninEndpoint = b.aws.URL() + "/federation"
	b.config.Accounts.Find("prod").Region = "eu-west-1"
	return b
}

// open follows a sign-in link as a browser does, as far as the console.
func open(t *testing.T, link string) (status int, destination string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location")
}

func TestConsoleLinkOpensTheConsole(t *testing.T) {
	for _, test := range []struct{ service, region, want string }{
		{"", "eu-west-1", "https://console.aws.amazon.com/console/home?region=eu-west-1"},
		{"s3", "eu-west-1", "https://console.aws.amazon.com/s3/home?region=eu-west-1"},
		{"ec2", "", "https://console.aws.amazon.com/ec2/home"},
		{"", "", "https://console.aws.amazon.com/"},
	} {
		b := consoleBench(t)
		b.config.Accounts.Find("prod").Region = test.region
		s, err := b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), test.service)
		if err != nil {
			t.Fatal(err)
		}
		status, got := open(t, s.Link.Reveal())
		if status != http.StatusFound || got != test.want {
			t.Errorf("%q in %q: got %d to %q, want 302 to %q", test.service, test.region, status, got, test.want)
		}
		for _, c := range b.aws.Calls() {
			if c.Params.Has("SessionDuration") {
				t.Error("SessionDuration was sent: the console session would outlive the recorded expiry")
			}
		}
	}
}

func TestConsoleLinkEndsAfterFifteenMinutes(t *testing.T) {
	b := consoleBench(t)
	r := b.request("prod", b.device.Code())
	before := b.now()
	s, err := b.Issuing.Console(t.Context(), r, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Until.Sub(before); got < 15*time.Minute || got > 16*time.Minute {
		t.Errorf("the link works for %v, want 15m", got)
	}
	b.later(15*time.Minute + time.Second)
	if status, _ := open(t, s.Link.Reveal()); status != http.StatusBadRequest {
		t.Errorf("got %d after 15 minutes, want 400", status)
	}
}

// endpoint is a sign-in endpoint of the test's own.
func endpoint(t *testing.T, b *bench, h http.HandlerFunc) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	b.config.SigninEndpoint = s.URL + "/federation"
}

// wantNoLink checks that credentials are there although a link is not, that the
// person is told both, and that nothing of the secrets is in what is told.
func wantNoLink(t *testing.T, b *bench, s broker.SignIn, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got %v, want the credentials", err)
	}
	if s.Problem == nil || s.Problem.Code != broker.CodeSignin || !s.Link.Empty() {
		t.Fatalf("got problem %v and a link (%t), want none for a reason", s.Problem, !s.Link.Empty())
	}
	if s.Credentials.SecretAccessKey.Empty() || !s.Saved {
		t.Error("the credentials are lost")
	}
	// It stands above a snippet, and may be pasted with it.
	if said := prose.Plain(s.Problem.What, s.Problem.Hint); strings.ContainsAny(said, "'\"();") {
		t.Errorf("got %q, which keeps a shell from reading on", said)
	}
	if !strings.Contains(prose.Plain(s.Problem.What), "no link") && !strings.Contains(prose.Plain(s.Problem.What), "than a link") || s.Problem.Ref == "" {
		t.Errorf("got %q (ref %q), want it to say that there is no link", prose.Plain(s.Problem.What), s.Problem.Ref)
	}
	got := b.last(t)
	if got.Kind != event.Failed || got.Code != broker.CodeSignin || got.AccessKeyID != s.Grant.AccessKeyID ||
		got.Detail == "" || got.Detail != s.Problem.Detail {
		t.Errorf("got %+v last on the record, want why there is no link", got)
	}
	secrets := []string{s.Credentials.SecretAccessKey.Reveal(), s.Credentials.SessionToken.Reveal()}
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(s.Problem.Error(), form) || strings.Contains(errors.Unwrap(s.Problem).Error(), form) {
				t.Errorf("the error holds a secret: %v", s.Problem)
			}
		}
	}
}

func TestConsoleGivesCredentialsWhereThereIsNoLink(t *testing.T) {
	unheard := func(_ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	for name, answer := range map[string]http.HandlerFunc{
		"refused": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "Invalid credentials: "+r.URL.RawQuery, http.StatusBadRequest)
		},
		"unwell": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.URL.String(), http.StatusServiceUnavailable)
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"empty":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"SigninToken":""}`)) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"SigninToken":"` + strings.Repeat("x", 1<<20) + `"}`))
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte(`{"Sign`))
		},
		"unheard": unheard,
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/stolen?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
		},
		"lost": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "://"+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := consoleBench(t)
			endpoint(t, b, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/federation" {
					t.Errorf("the secret went on to %s", r.URL.Path)
				}
				answer(w, r)
			})
			s, err := b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), "")
			wantNoLink(t, b, s, err)
		})
	}
}

func TestConsoleGivesCredentialsWhereTheEndpointCannotBeReached(t *testing.T) {
	b := consoleBench(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, endpoint := range []string{gone.URL + "/federation", "://", "http://%zz/"} {
		b.config.SigninEndpoint = endpoint
		b.later(time.Minute)
		s, err := b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), "")
		wantNoLink(t, b, s, err)
	}
}

func TestConsoleDoesNotWaitForASlowEndpoint(t *testing.T) {
	b := consoleBench(t)
	ctx, giveUp := context.WithCancel(t.Context())
	endpoint(t, b, func(_ http.ResponseWriter, r *http.Request) {
		giveUp()
		<-r.Context().Done()
	})
	s, err := b.Issuing.Console(ctx, b.request("prod", b.device.Code()), "")
	wantNoLink(t, b, s, err)
}

func TestConsoleTriesAgainWhenTheNetworkFails(t *testing.T) {
	b := consoleBench(t)
	b.aws.Inject(awstest.Fault{Action: "getSigninToken", Times: 1, LoseAnswer: true})
	s, err := b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), "")
	if err != nil || s.Problem != nil {
		t.Fatalf("got %v and problem %v, want a link", err, s.Problem)
	}
	if got := b.asked("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1: the code was sent again", got)
	}
}

func TestConsoleDoesNotAskAgainWhatWasRefused(t *testing.T) {
	b := consoleBench(t)
	b.aws.Inject(awstest.Fault{Action: "getSigninToken", Error: &awstest.FaultError{Status: 400, Message: "Invalid credentials"}})
	s, err := b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), "")
	wantNoLink(t, b, s, err)
	if got := b.asked("getSigninToken"); got != 1 {
		t.Errorf("got %d calls, want 1", got)
	}
}
