package awsapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker/secret"
)

// TestNoErrorOfAWSRepeatsWhatWasSent has AWS answer with the request that it got,
// as it does when a signature does not match.
func TestNoErrorOfAWSRepeatsWhatWasSent(t *testing.T) {
	const token = "CANARY+token/short=="
	for name, words := range map[string]string{
		"a canonical request": "The request signature we calculated does not match. " +
			"The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:%s\n'",
		"the token alone": "the token %s is not good",
		"an escape":       "no\x1b[31m%s",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusForbidden)
			said := strings.ReplaceAll(fmt.Sprintf(words, r.Header.Get("X-Amz-Security-Token")), "\x1b", "\u0085")
			_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>%s</Message></Error>"+
				"<RequestId>r-1</RequestId></ErrorResponse>", said)
		}))
		quietAWS(t, "")
		t.Setenv("AWS_ENDPOINT_URL", server.URL)
		a, err := newQuietAWS(t)
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.sts.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{},
			once(secret.Credentials{AccessKeyID: "AKIA0000000000000000", SecretAccessKey: secret.New("x"), SessionToken: secret.New(token)}))
		server.Close()
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "SignatureDoesNotMatch" || requestID(err) != "r-1" {
			t.Errorf("%s: got %v, want AWS's answer to be told from others still", name, err)
		}
		if text := err.Error(); strings.Contains(text, "CANARY") || strings.ContainsAny(text, "\n\x1b\u0085") {
			t.Errorf("%s: got %q, want nothing of what was sent, and no control character", name, text)
		}
	}
}

func TestUpstreamTextKeepsWhatHelps(t *testing.T) {
	const denied = "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: sts:AssumeRole"
	for in, want := range map[string]string{
		denied: denied,
		"HostID: " + strings.Repeat("a", 76) + ", RequestID: x": "HostID: " + strings.Repeat("a", 76) + ", RequestID: x",
		"bad token " + strings.Repeat("aB3/", 100) + ".":        "bad token [redacted].",
		"wrong. The String-to-Sign should have been 'AWS4…'":    "wrong. The [the request, left out]",
		strings.Repeat("word ", 300):                            strings.Repeat("word ", 200) + "…",
	} {
		if got := upstreamText(in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
