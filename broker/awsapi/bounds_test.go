package awsapi_test

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

// A mute is an AWS that never answers, and notes when each host was asked.
type mute struct {
	written bool // what it was asked has gone out
	began   time.Time
	asked   map[string]time.Duration // by region
}

// Do implements aws.HTTPClient.
func (m *mute) Do(r *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GetConn(r.Host)
	if m.written {
		trace.WroteHeaders()
	}
	for _, region := range []string{home, second} {
		if strings.Contains(r.URL.Host, region) {
			m.asked[region] = time.Since(m.began)
		}
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestWhoWaitsHearsInTimeHoweverSilentAWSIs has a person who asked just now, and 12 s for
// AWS. The second region has its share of them, where it may be asked.
func TestWhoWaitsHearsInTimeHoweverSilentAWSIs(t *testing.T) {
	key := secret.Credentials{AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: secret.New("x")}
	code, _ := secret.ParseTokenCode("123456")
	issue := func(plan broker.Plan) func(context.Context, *awsapi.Client) error {
		return func(ctx context.Context, c *awsapi.Client) error {
			call := broker.Call{User: policy.User{Slack: "U01ALICE", SessionName: "alice"}, Account: policy.Account{Name: "prod"}, Plan: plan, Signer: key}
			if plan.MFA {
				call.Request.Code = code
			}
			_, err := c.Issue(ctx, call)
			return err
		}
	}
	for name, test := range map[string]struct {
		ask     func(context.Context, *awsapi.Client) error
		follows bool // where there is a second region it is asked
	}{
		"with a code":    {ask: issue(broker.Plan{Method: broker.MethodAssumeRole, Duration: time.Hour, MFA: true})},
		"without a code": {ask: issue(broker.Plan{Method: broker.MethodAssumeRole, Duration: time.Hour}), follows: true},
		"whose a key is": {ask: func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.Identity(ctx, key, policy.KeySource{})
			return err
		}, follows: true},
		"buckets": {ask: func(ctx context.Context, c *awsapi.Client) error {
			_, _, err := c.ListBuckets(ctx, broker.BucketQuery{User: "U01ALICE", Account: policy.Account{Name: "prod"}, Credentials: key})
			return err
		}, follows: true},
	} {
		for _, written := range []bool{false, true} {
			for _, with := range []string{"", second} {
				synctest.Test(t, func(t *testing.T) {
					m := &mute{written: written, began: time.Now(), asked: map[string]time.Duration{}}
					client := awsapi.NewAt(awsapi.Place{Key: key}, home, nil, time.Now).By(m).FallingBack(with)
					err := test.ask(patience.With(t.Context(), m.began), client)
					took := time.Since(m.began)
					if err == nil || took != 12*time.Second {
						t.Errorf("%s, written %t, second region %q: got %v after %s, want an error after 12s", name, written, with, err, took)
					}
					at, asked := m.asked[second]
					if asked != (with != "" && test.follows) || asked && at > 7*time.Second {
						t.Errorf("%s, written %t, second region %q: got it asked %t after %s", name, written, with, asked, at)
					}
				})
			}
		}
	}
}
