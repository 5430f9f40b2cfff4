package awstest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
)

const (
	hub    = "111111111111"
	target = "222222222222"

	aliceKey, aliceSecret = "AKIAALICE00000000001", "alice/secret+alice/secret+alice/secret+0"
	bobKey, bobSecret     = "AKIABOB0000000000001", "bob/secret+bob/secret+bob/secret+bob/s+0"
)

// world is a fake with alice and her device, bob and his, and a role that trusts the hub account.
type world struct {
	*awstest.Server
	t           *testing.T
	clock       *clock
	alice, bob  *awstest.Device
	onCall      string
	alicesCreds aws.Credentials
}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	s.SetClock(c.now)
	s.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: aliceSecret})
	s.AddUser(awstest.User{Account: hub, Name: "bob", AccessKeyID: bobKey, SecretAccessKey: bobSecret})
	w := &world{Server: s, t: t, clock: c, onCall: awstest.RoleARN(target, "OnCall")}
	w.alice = s.AddDevice(hub, "alice", awstest.DeviceARN(hub, "alice"), []byte("alice's seed"))
	w.bob = s.AddDevice(hub, "bob", "GAHT12345678", []byte("bob's seed"))
	w.alicesCreds = aws.Credentials{AccessKeyID: aliceKey, SecretAccessKey: aliceSecret}
	w.role(awstest.Trust{Principals: []string{"arn:aws:iam::" + hub + ":root"}})
	return w
}

// role replaces the role OnCall, with up to four hours.
func (w *world) role(trust awstest.Trust) {
	w.AddRole(awstest.Role{Account: target, Name: "OnCall", MaxSession: 4 * time.Hour, Trust: trust})
}

func (w *world) config(creds aws.Credentials) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(w.URL()), HTTPClient: plainBodies{http.DefaultClient},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.StaticCredentialsProvider{Value: creds},

		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
}

// plainBodies hides the request body's WriteTo from net/http. smithy-go v1.28.8 closes the body once it has
// an answer, and its WriteTo then fails with io.EOF where its Read ends properly: a transport that still
// probes the body for surplus bytes takes that for a write error and cuts the connection, in the middle
// of a large answer if that came as fast as one does over loopback.
type plainBodies struct{ client *http.Client }

func (p plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.client.Do(r)
}

func (w *world) sts(creds aws.Credentials) *sts.Client { return sts.NewFromConfig(w.config(creds)) }
func (w *world) s3(creds aws.Credentials) *s3.Client   { return s3.NewFromConfig(w.config(creds)) }

func (w *world) secrets(creds aws.Credentials) *secretsmanager.Client {
	return secretsmanager.NewFromConfig(w.config(creds))
}

// assume fills in what every AssumeRole needs and calls it.
func (w *world) assume(creds aws.Credentials, in sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	if in.RoleArn == nil {
		in.RoleArn = &w.onCall
	}
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("alice@example.com")
	}
	return w.sts(creds).AssumeRole(context.Background(), &in)
}

// mustAssume returns alice's credentials for OnCall.
func (w *world) mustAssume(in sts.AssumeRoleInput) aws.Credentials {
	w.t.Helper()
	out, err := w.assume(w.alicesCreds, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return issued(out.Credentials)
}

func (w *world) mustSession(in sts.GetSessionTokenInput) aws.Credentials {
	w.t.Helper()
	out, err := w.sts(w.alicesCreds).GetSessionToken(context.Background(), &in)
	if err != nil {
		w.t.Fatal(err)
	}
	return issued(out.Credentials)
}

func (w *world) identity(creds aws.Credentials) (*sts.GetCallerIdentityOutput, error) {
	return w.sts(creds).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
}

func (w *world) list(creds aws.Credentials, in s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
	return w.s3(creds).ListBuckets(context.Background(), &in)
}

func issued(c *types.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// code is the API error's code, or what else went wrong.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

// wantError checks code and part of the message; an empty code wants success.
func wantError(t *testing.T, err error, wantCode, wantMessage string) {
	t.Helper()
	if got := code(err); got != wantCode {
		t.Errorf("got error %q (%v), want %q", got, err, wantCode)
	}
	if err != nil && !strings.Contains(err.Error(), wantMessage) {
		t.Errorf("got message %q, want %q in it", err, wantMessage)
	}
}

func TestFaultsMeetTheirCallsAlone(t *testing.T) {
	w := newWorld(t)
	w.Inject(awstest.Fault{Action: "AssumeRole", Times: 2, Error: &awstest.FaultError{Status: 400, Code: "Throttling", Message: "Rate exceeded"}})
	_, err := w.identity(w.alicesCreds)
	wantError(t, err, "", "")
	for range 2 {
		_, err = w.assume(w.alicesCreds, sts.AssumeRoleInput{})
		wantError(t, err, "Throttling", "Rate exceeded")
	}
	_, err = w.assume(w.alicesCreds, sts.AssumeRoleInput{})
	wantError(t, err, "", "")

	clear := w.Inject(awstest.Fault{Error: &awstest.FaultError{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."}})
	for range 3 {
		_, err = w.list(w.alicesCreds, s3.ListBucketsInput{})
		wantError(t, err, "SlowDown", "reduce")
	}
	_, err = w.secrets(w.alicesCreds).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("x")})
	wantError(t, err, "SlowDown", "reduce")
	clear()
	clear()
	_, err = w.list(w.alicesCreds, s3.ListBucketsInput{})
	wantError(t, err, "", "")
}

func TestLostAnswerHasSpentTheCode(t *testing.T) {
	w := newWorld(t)
	in := sts.AssumeRoleInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code())}
	w.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, LoseAnswer: true})
	if _, err := w.assume(w.alicesCreds, in); !strings.Contains(code(err), "EOF") {
		t.Fatalf("got %v, want a connection cut", err)
	}
	_, err := w.assume(w.alicesCreds, in)
	wantError(t, err, "AccessDenied", "invalid MFA one time pass code")
	if got := w.Calls()[0]; got.Status != 0 || got.Action != "AssumeRole" {
		t.Errorf("got %+v, want the lost call with status 0", got)
	}
}

func TestRefusedConnectionHasNotSpentTheCode(t *testing.T) {
	w := newWorld(t)
	in := sts.AssumeRoleInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code())}
	w.Inject(awstest.Fault{Times: 1, Refuse: true})
	if _, err := w.assume(w.alicesCreds, in); err == nil {
		t.Fatal("got an answer, want none")
	}
	_, err := w.assume(w.alicesCreds, in)
	wantError(t, err, "", "")
}

func TestMalformedAnswerIsNoAPIError(t *testing.T) {
	w := newWorld(t)
	w.Inject(awstest.Fault{Malformed: true})
	_, err := w.identity(w.alicesCreds)
	var api smithy.APIError
	if err == nil || errors.As(err, &api) {
		t.Errorf("got %v, want an answer that cannot be read", err)
	}
}

func TestLatencyHoldsBackTheAnswerNotTheWork(t *testing.T) {
	w := newWorld(t)
	w.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: time.Minute})
	in := sts.AssumeRoleInput{
		RoleArn: &w.onCall, RoleSessionName: aws.String("alice"),
		SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code()),
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := w.sts(w.alicesCreds).AssumeRole(ctx, &in); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want a timeout", err)
	}
	_, err := w.assume(w.alicesCreds, in)
	wantError(t, err, "AccessDenied", "invalid MFA one time pass code")
}

func TestCloseEndsRunningDelays(t *testing.T) {
	w := newWorld(t)
	w.Inject(awstest.Fault{Latency: time.Minute})
	answered := make(chan error, 1)
	go func() {
		_, err := w.identity(w.alicesCreds)
		answered <- err
	}()
	for len(w.Calls()) == 0 { // recorded before its delay begins
		runtime.Gosched()
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := <-answered; err == nil {
		t.Error("got an answer, want a connection cut by Close")
	}
}

func TestCallsTellWhatWasAsked(t *testing.T) {
	w := newWorld(t)
	creds := w.mustAssume(sts.AssumeRoleInput{ExternalId: aws.String("a/b+c=")})
	_, _ = w.list(creds, s3.ListBucketsInput{MaxBuckets: aws.Int32(7), Prefix: aws.String("logs &+/")})
	_, _ = w.secrets(creds).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("nothing")})
	calls := w.Calls()
	if len(calls) != 3 {
		t.Fatalf("got %d calls, want 3", len(calls))
	}
	for i, want := range []struct{ service, action, param, value, key, code string }{
		{"sts", "AssumeRole", "ExternalId", "a/b+c=", aliceKey, ""},
		{"s3", "ListBuckets", "prefix", "logs &+/", creds.AccessKeyID, ""},
		{"secretsmanager", "GetSecretValue", "SecretId", "nothing", creds.AccessKeyID, "ResourceNotFoundException"},
	} {
		c := calls[i]
		got := struct{ service, action, param, value, key, code string }{
			c.Service, c.Action, want.param, c.Params.Get(want.param), c.AccessKeyID, c.ErrorCode,
		}
		if got != want || c.RequestID == "" || c.Region != "eu-west-1" || !c.Time.Equal(w.clock.now()) {
			t.Errorf("call %d: got %+v, want %+v", i, c, want)
		}
	}
	w.KeepCalls(2)
	if got := w.Calls(); len(got) != 2 || got[1].RequestID != calls[2].RequestID {
		t.Errorf("got %d calls kept, want the newest 2", len(got))
	}
	w.ForgetCalls()
	if got := len(w.Calls()); got != 0 {
		t.Errorf("got %d calls after ForgetCalls, want 0", got)
	}
}

func TestOversizedBodiesAreRefused(t *testing.T) {
	w := newWorld(t)
	resp, err := http.Post(w.URL(), "application/x-www-form-urlencoded", strings.NewReader(strings.Repeat("a", 2<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %s, want 413", resp.Status)
	}
}

func TestConcurrentCallsSpendACodeOnce(t *testing.T) {
	w := newWorld(t)
	in := sts.AssumeRoleInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code())}
	var wg sync.WaitGroup
	errs := make(chan error, 16)
	for range cap(errs) {
		wg.Go(func() {
			_, err := w.assume(w.alicesCreds, in)
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	won := 0
	for err := range errs {
		if err == nil {
			won++
			continue
		}
		wantError(t, err, "AccessDenied", "invalid MFA one time pass code")
	}
	if won != 1 {
		t.Errorf("got %d successes, want 1", won)
	}
}
