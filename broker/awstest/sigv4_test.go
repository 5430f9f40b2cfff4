package awstest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// codes calls STS, S3 and Secrets Manager and returns the error code of each.
func (w *world) codes(creds aws.Credentials) [3]string {
	_, stsErr := w.identity(creds)
	_, s3Err := w.list(creds, s3.ListBucketsInput{})
	_, secretErr := w.secrets(creds).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")})
	return [3]string{code(stsErr), code(s3Err), code(secretErr)}
}

func TestUnprovenCallersAreRefusedInEachServicesWords(t *testing.T) {
	unknown := [3]string{"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException"}
	badToken := [3]string{"InvalidClientTokenId", "InvalidToken", "UnrecognizedClientException"}
	fine := [3]string{}
	for name, c := range map[string]struct {
		prepare func(w *world) aws.Credentials
		want    [3]string
	}{
		"right": {func(w *world) aws.Credentials { return w.alicesCreds }, fine},
		"unknown key": {func(*world) aws.Credentials {
			return aws.Credentials{AccessKeyID: "AKIANOBODY", SecretAccessKey: aliceSecret}
		}, unknown},
		"wrong secret": {func(*world) aws.Credentials {
			return aws.Credentials{AccessKeyID: aliceKey, SecretAccessKey: bobSecret}
		}, [3]string{"SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException"}},
		"disabled key": {func(w *world) aws.Credentials { w.DisableKey(aliceKey); return w.alicesCreds }, unknown},
		"enabled key": {func(w *world) aws.Credentials {
			w.DisableKey(aliceKey)
			w.EnableKey(aliceKey)
			return w.alicesCreds
		}, fine},
		"deleted key": {func(w *world) aws.Credentials { w.DeleteKey(aliceKey); return w.alicesCreds }, unknown},
		"rotated key": {func(w *world) aws.Credentials {
			w.RotateKey(awstest.UserARN(hub, "alice"), "AKIANEW", "new")
			return w.alicesCreds
		}, unknown},
		"new key": {func(w *world) aws.Credentials {
			w.RotateKey(awstest.UserARN(hub, "alice"), "AKIANEW", "new")
			return aws.Credentials{AccessKeyID: "AKIANEW", SecretAccessKey: "new"}
		}, fine},
		"token on a long-term key": {func(*world) aws.Credentials {
			return aws.Credentials{AccessKeyID: aliceKey, SecretAccessKey: aliceSecret, SessionToken: "t"}
		}, badToken},
		"no token": {func(w *world) aws.Credentials {
			c := w.mustSession(sts.GetSessionTokenInput{})
			c.SessionToken = ""
			return c
		}, badToken},
		"another's token": {func(w *world) aws.Credentials {
			c := w.mustSession(sts.GetSessionTokenInput{})
			c.SessionToken = w.mustSession(sts.GetSessionTokenInput{}).SessionToken
			return c
		}, badToken},
		"expired": {func(w *world) aws.Credentials {
			c := w.mustSession(sts.GetSessionTokenInput{})
			w.clock.advance(13 * time.Hour)
			return c
		}, [3]string{"ExpiredToken", "ExpiredToken", "ExpiredTokenException"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.PutSecret(hub, "s", "v")
			if got := w.codes(c.prepare(w)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSkewedClocksAreRefused(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		4 * time.Minute: "", -4 * time.Minute: "",
		6 * time.Minute: "Signature expired: ", -6 * time.Minute: "Signature not yet current: ",
	} {
		w := newWorld(t)
		w.SetSkew(skew)
		in := w.withMFA()
		_, err := w.assume(w.alicesCreds, in)
		if want == "" {
			wantError(t, err, "", "")
			continue
		}
		wantError(t, err, "SignatureDoesNotMatch", want)
		w.SetSkew(0)
		_, err = w.assume(w.alicesCreds, in) // the code was not used
		wantError(t, err, "", "")
	}
	w := newWorld(t)
	w.SetSkew(6 * time.Minute)
	_, err := w.list(w.alicesCreds, s3.ListBucketsInput{})
	wantError(t, err, "", "")
	w.SetSkew(16 * time.Minute)
	_, err = w.list(w.alicesCreds, s3.ListBucketsInput{})
	wantError(t, err, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
}

func TestClientsLearnTheSkewFromTheDateHeader(t *testing.T) {
	w := newWorld(t)
	w.SetSkew(time.Hour)
	client := w.sts(w.alicesCreds)
	_, err := client.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	wantError(t, err, "SignatureDoesNotMatch", "Signature expired")
	resp, err := http.Get(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if ahead := time.Until(date); err != nil || ahead < 59*time.Minute || ahead > time.Hour {
		t.Errorf("got a Date header %s ahead (%v), want an hour", ahead, err)
	}
}

// TestDatesTravelAndSignaturesMayLagBehind is time travel: a client that signs by
// the wall clock, or by a Date of before, is not refused.
func TestDatesTravelAndSignaturesMayLagBehind(t *testing.T) {
	w := newWorld(t)
	client := w.sts(w.alicesCreds)
	for _, ahead := range []time.Duration{0, 2 * time.Hour, 26 * time.Hour} {
		w.SetTravel(func() time.Duration { return ahead })
		_, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		wantError(t, err, "", "")
		resp, err := http.Get(w.URL())
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		date, err := http.ParseTime(resp.Header.Get("Date"))
		if got := time.Until(date); err != nil || got > ahead || got < ahead-time.Minute {
			t.Errorf("got a Date %s ahead (%v), want %s", got, err, ahead)
		}
	}
	w.SetSkew(time.Hour) // the fake still refuses whose clock is behind all that it showed
	_, err := w.sts(w.alicesCreds).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, err, "SignatureDoesNotMatch", "Signature expired")
}

// raw is a request signed by the SDK's signer and then spoilt.
type raw struct {
	method, path, body string
	header             http.Header
	service, region    string
	spoil              func(*http.Request)
}

// send signs with the credentials, none if they are empty, and returns status and body.
func (w *world) send(creds aws.Credentials, in raw) (int, string) {
	w.t.Helper()
	r, err := http.NewRequest(in.method, w.URL()+in.path, bytes.NewReader([]byte(in.body)))
	if err != nil {
		w.t.Fatal(err)
	}
	if in.header != nil {
		r.Header = in.header.Clone()
	}
	sum := sha256.Sum256([]byte(in.body))
	hash := hex.EncodeToString(sum[:])
	if in.service == "s3" && r.Header.Get("X-Amz-Content-Sha256") == "" {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if given := r.Header.Get("X-Amz-Content-Sha256"); given != "" {
		hash = given
	}
	if creds.AccessKeyID != "" {
		if err := v4.NewSigner().SignHTTP(context.Background(), creds, r, hash, in.service, in.region, time.Now()); err != nil {
			w.t.Fatal(err)
		}
	}
	if in.spoil != nil {
		in.spoil(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func form(action, version string, more ...string) raw {
	v := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	service := "sts"
	if version == "2010-05-08" {
		service = "iam"
	}
	return raw{
		method: http.MethodPost, path: "/", body: v.Encode(), service: service, region: "us-east-1",
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
	}
}

func TestTamperedRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	who := form("GetCallerIdentity", "2011-06-15")
	list := raw{method: http.MethodGet, path: "/?prefix=a%20%2B%2F&max-buckets=3", service: "s3", region: "eu-west-1"}
	get := raw{method: http.MethodGet, path: "/?Version=2011-06-15&Action=GetCallerIdentity", service: "sts", region: "us-east-1"}
	with := func(base raw, change func(*raw)) raw { change(&base); return base }
	spoilt := func(base raw, spoil func(*http.Request)) raw { base.spoil = spoil; return base }
	auth := func(old, replacement string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, replacement, 1))
		}
	}
	for name, c := range map[string]struct {
		in     raw
		creds  aws.Credentials
		status int
		code   string
	}{
		"STS as it should be": {who, w.alicesCreds, 200, "<Account>" + hub + "</Account>"},
		"S3 as it should be":  {list, w.alicesCreds, 200, "<Prefix>a +/</Prefix>"},
		"STS by GET":          {get, w.alicesCreds, 200, hub},
		"unsigned payload": {with(list, func(r *raw) { r.header = http.Header{"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}} }),
			w.alicesCreds, 200, "ListAllMyBucketsResult"},
		"nothing signed on STS": {who, aws.Credentials{}, 403, "MissingAuthenticationToken"},
		"nothing signed on S3":  {list, aws.Credentials{}, 403, "AccessDenied"},
		"another body": {spoilt(who, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(who.body, "Caller", "caller", 1)))
		}), w.alicesCreds, 403, "SignatureDoesNotMatch"},
		"another body on S3": {with(list, func(r *raw) {
			r.header = http.Header{"X-Amz-Content-Sha256": {strings.Repeat("0", 64)}}
		}), w.alicesCreds, 400, "XAmzContentSHA256Mismatch"},
		"another query":          {spoilt(list, func(r *http.Request) { r.URL.RawQuery = "max-buckets=4" }), w.alicesCreds, 403, "SignatureDoesNotMatch"},
		"header not signed":      {spoilt(list, func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }), w.alicesCreds, 403, "AccessDenied"},
		"STS header not signed":  {spoilt(who, func(r *http.Request) { r.Header.Set("X-Amz-Extra", "x") }), w.alicesCreds, 403, "SignatureDoesNotMatch"},
		"no signature":           {spoilt(who, auth("Signature=", "Seal=")), w.alicesCreds, 400, "IncompleteSignature"},
		"no date":                {spoilt(who, func(r *http.Request) { r.Header.Del("X-Amz-Date") }), w.alicesCreds, 400, "IncompleteSignature"},
		"another algorithm":      {spoilt(who, auth("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5")), w.alicesCreds, 400, "IncompleteSignature"},
		"another day":            {spoilt(who, auth(aliceKey+"/2", aliceKey+"/1")), w.alicesCreds, 403, "Date in Credential scope"},
		"another service":        {with(who, func(r *raw) { r.service = "s3" }), w.alicesCreds, 403, "scoped to correct service: &#39;sts&#39;"},
		"no region":              {with(who, func(r *raw) { r.region = "nowhere" }), w.alicesCreds, 403, "scoped to a valid region"},
		"another service on S3":  {with(list, func(r *raw) { r.service = "sts" }), w.alicesCreds, 400, "AuthorizationHeaderMalformed"},
		"unknown action":         {form("GetFederationToken", "2011-06-15"), w.alicesCreds, 400, "InvalidAction"},
		"not implemented on S3":  {raw{method: "POST", path: "/bucket/key", service: "s3", region: "eu-west-1"}, w.alicesCreds, 501, "NotImplemented"},
		"terminator not as such": {spoilt(who, auth("/aws4_request", "/aws5_request")), w.alicesCreds, 403, "valid terminator"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := w.send(c.creds, c.in)
			if status != c.status || !strings.Contains(body, c.code) {
				t.Errorf("got %d %s, want %d %s", status, body, c.status, c.code)
			}
		})
	}
}
