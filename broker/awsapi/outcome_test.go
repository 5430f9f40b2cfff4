package awsapi_test

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// answering is an AWS that gives one fixed answer.
func answering(t *testing.T, b *bench, status int, body string) *broker.Broker {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	return b.again(t)
}

func TestServerErrorsAreOutcomeUnknown(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"AWS's own":      {500, `<ErrorResponse><Error><Code>InternalFailure</Code><Message>x</Message></Error></ErrorResponse>`},
		"unavailable":    {503, `<ErrorResponse><Error><Code>ServiceUnavailable</Code><Message>x</Message></Error></ErrorResponse>`},
		"a proxy's page": {504, `<html>gateway time-out</html>`},
		"an empty one":   {502, ``},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			br := answering(t, b, answer.status, answer.body)
			code := b.device.Code()
			_, err := br.Issuing.Issue(t.Context(), b.request("prod", code))
			wantCode(t, err, broker.CodeOutcomeUnknown)
			_, err = br.Issuing.Issue(t.Context(), b.request("prod", code))
			wantCode(t, err, broker.CodeCodeSpent)
		})
	}
}

func TestAnswersWithoutCredentialsAreNotTaken(t *testing.T) {
	type credentials struct {
		AccessKeyID     string `xml:"AccessKeyId,omitempty"`
		SecretAccessKey string `xml:",omitempty"`
		SessionToken    string `xml:",omitempty"`
		Expiration      string `xml:",omitempty"`
	}
	whole := credentials{"ASIA", "secret", "token", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
	lack := map[string]func(*credentials){
		"key ID":     func(c *credentials) { c.AccessKeyID = "" },
		"secret":     func(c *credentials) { c.SecretAccessKey = "" },
		"token":      func(c *credentials) { c.SessionToken = "" },
		"expiration": func(c *credentials) { c.Expiration = "" },
	}
	for name, without := range lack {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c := whole
			without(&c)
			body, err := xml.Marshal(struct {
				XMLName xml.Name    `xml:"AssumeRoleResponse"`
				C       credentials `xml:"AssumeRoleResult>Credentials"`
			}{C: c})
			if err != nil {
				t.Fatal(err)
			}
			_, err = answering(t, b, 200, string(body)).Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
			wantCode(t, err, broker.CodeOutcomeUnknown)
		})
	}
}

func TestKeysOfACredentialProcessAreNeverQuoted(t *testing.T) {
	b := newBench(t)
	writeFile(t, os.Getenv("AWS_CONFIG_FILE"), "[profile alice]\ncredential_process = echo notice {\"Version\":1,\"SecretAccessKey\":\"CANARY\"}\n")
	b.config.Users.Find("U01ALICE").Key = policy.KeySource{Profile: "alice"}
	_, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
	if e := wantCode(t, err, broker.CodeKeyUnreadable); strings.Contains(e.Error(), "CANARY") {
		t.Errorf("got %q, want nothing of what the process printed", e)
	}
}

func TestLongAnswersArriveWhole(t *testing.T) {
	b := newBench(t)
	b.aws.SetTokenSize(12_000)
	for range 40 {
		b.later(30 * time.Second)
		_, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
		var e *broker.Error
		if errors.As(err, &e) {
			t.Fatalf("got %v, want the long answer whole", e)
		}
	}
}

// A firstComer notes whether a Grant is saved ahead of those who only ask.
type firstComer struct {
	broker.Grants
	first bool
}

func (f *firstComer) SaveGrant(ctx context.Context, g broker.Grant, c secret.Credentials, reveal time.Duration, later ...broker.DueText,
) ([]broker.DueEntry, error) {
	f.first = patience.GoesFirst(ctx)
	return f.Grants.SaveGrant(ctx, g, c, reveal, later...)
}

func TestWhatFollowsSTSGoesFirst(t *testing.T) {
	b := newBench(t)
	grants := &firstComer{Grants: b.store.Grants}
	b.grants = grants
	if _, err := b.again(t).Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil || !grants.first {
		t.Errorf("got %v, and a Grant saved first: %t, want that", err, grants.first)
	}
}
