package broker_test

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
	"github.com/assumebot/assumebot/broker/awstest"
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
	client, err := broker.NewAWS(t.Context(), "eu-west-1", func(name string) string { return b.env[name] }, b.now)
	if err != nil {
		t.Fatal(err)
	}
	return b.with(client)
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
			_, err := br.Issue(t.Context(), b.request("prod", code))
			wantCode(t, err, broker.CodeOutcomeUnknown)
			_, err = br.Issue(t.Context(), b.request("prod", code))
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
			_, err = answering(t, b, 200, string(body)).Issue(t.Context(), b.request("prod", b.device.Code()))
			wantCode(t, err, broker.CodeOutcomeUnknown)
		})
	}
}

func TestKeysOfACredentialProcessAreNeverQuoted(t *testing.T) {
	b := newBench(t)
	writeFile(t, os.Getenv("AWS_CONFIG_FILE"), "[profile alice]\ncredential_process = echo notice {\"Version\":1,\"SecretAccessKey\":\"CANARY\"}\n")
	b.config.Users[0].Key = broker.KeySource{Profile: "alice"}
	_, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if e := wantCode(t, err, broker.CodeKeyUnreadable); strings.Contains(e.Error(), "CANARY") {
		t.Errorf("got %q, want nothing of what the process printed", e)
	}
}

func TestACodeIsReservedForAsLongAsAWSTakesIt(t *testing.T) {
	b := newBench(t)
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	// The step a code belongs to, and one on either side (RFC 6238).
	if got, want := b.reservedFor, 90*time.Second; got != want {
		t.Errorf("got a reservation of %s, want %s", got, want)
	}
}

func TestAReusedGrantGivesNoMoreThanTodaysConfig(t *testing.T) {
	for name, change := range map[string]func(*broker.Account){
		"another role": func(a *broker.Account) { a.RoleARN = "arn:aws:iam::222222222222:role/Other" },
		"MFA again":    func(a *broker.Account) { a.MFA = broker.MFAFresh },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}}})
			b.config.Accounts[0].MFA = broker.MFANone
			if _, err := b.Issue(t.Context(), b.request("prod", "")); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Buckets(t.Context(), b.request("prod", ""), ""); err != nil {
				t.Fatal(err)
			}
			change(&b.config.Accounts[0])
			before := len(b.aws.Calls())
			list, err := b.Buckets(t.Context(), b.request("prod", ""), "")
			if list.Reused || err == nil && len(b.aws.Calls()) == before {
				t.Errorf("got a list made with the old grant (%v)", err)
			}
		})
	}
}

func TestUndeliveredIsOnTheRecordWhenTheRequestIsOver(t *testing.T) {
	b := newBench(t)
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	b.Undelivered(over, b.request("prod", ""), issued.Grant, broker.CodeUndelivered)
	if got := b.last(t); got.Kind != broker.EventUndelivered || !got.MFA || got.Method != broker.MethodAssumeRole || got.AccessKeyID != issued.Grant.AccessKeyID {
		t.Errorf("got %+v, want the grant told as it was", got)
	}
}

func TestLongAnswersArriveWhole(t *testing.T) {
	b := newBench(t)
	b.aws.SetTokenSize(12_000)
	for range 40 {
		b.offset += 30 * time.Second
		_, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
		var e *broker.Error
		if errors.As(err, &e) {
			t.Fatalf("got %v, want the long answer whole", e)
		}
	}
}
