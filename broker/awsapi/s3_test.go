package awsapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// listedBy is what becomes of a list with live credentials, once S3 is h.
func listedBy(t *testing.T, b *bench, h http.HandlerFunc) (broker.BucketList, error) {
	t.Helper()
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	if _, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	return b.again(t).Lists.Buckets(t.Context(), b.request("prod", ""), "")
}

func TestWhatIsNoListOfBucketsIsNotTakenForOne(t *testing.T) {
	const list = `<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>x</ID></Owner>` +
		`<Buckets>%</Buckets></ListAllMyBucketsResult>`
	const refusal = `<?xml version="1.0"?><Error><Code>%</Code><Message>x</Message></Error>`
	const kept = "no new code is needed while your credentials live"
	for _, test := range []struct {
		name, body string
		status     int
		want       broker.Code
		says       []string
	}{
		{"a page", "<html><body>Sign in to the guest network</body></html>", 200, broker.CodeStrangeAnswer, []string{"not with a list of buckets"}},
		{"nothing", "", 200, broker.CodeStrangeAnswer, []string{"not with a list of buckets"}},
		{"JSON", `{"Buckets":[]}`, 200, broker.CodeStrangeAnswer, []string{"not with a list of buckets"}},
		{"an error that is 200", strings.Replace(refusal, "%", "InternalError", 1), 200, broker.CodeCannotReachAWS, []string{"S3 is not working right now", kept}},
		{"cut in the middle", list[:150], 200, broker.CodeStrangeAnswer, []string{"not with a list of buckets"}},
		{"an odd date", strings.Replace(list, "%", "<Bucket><Name>a</Name><CreationDate>yesterday</CreationDate></Bucket>", 1), 200,
			broker.CodeStrangeAnswer, []string{"not with a list of buckets"}},
		{"a page that refuses", "<html>blocked</html>", 403, broker.CodeStrangeAnswer, []string{"HTTP 403", "not one of AWS"}},
		{"InternalError", strings.Replace(refusal, "%", "InternalError", 1), 500, broker.CodeCannotReachAWS, []string{"S3 is not working right now", kept}},
		{"ServiceUnavailable", strings.Replace(refusal, "%", "ServiceUnavailable", 1), 503, broker.CodeCannotReachAWS, []string{"S3 is not working right now", kept}},
		{"SlowDown", strings.Replace(refusal, "%", "SlowDown", 1), 503, broker.CodeThrottled, []string{"too often", kept}},
		{"a gateway's page", "<html>bad gateway</html>", 502, broker.CodeCannotReachAWS, []string{"S3 is not working right now", kept}},
		{"region off", strings.Replace(refusal, "%", "InvalidToken", 1), 400, broker.CodeRegion, []string{"they ended, or the region is not enabled", "AWS_REGION"}},
		{"region off, another name", strings.Replace(refusal, "%", "InvalidAccessKeyId", 1), 403, broker.CodeRegion, []string{"eu-west-1", "AWS_REGION"}},
		{"another region", strings.Replace(refusal, "%", "AuthorizationHeaderMalformed", 1), 400, broker.CodeRegion, []string{"eu-west-1", "AWS_REGION"}},
		{"something new", strings.Replace(refusal, "%", "SomethingNew", 1), 400, broker.CodeAWSRefused, []string{"AWS refused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			got, err := listedBy(t, b, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			if err == nil {
				t.Fatalf("got a list of %d buckets, want %s", got.Total, test.want)
			}
			e := wantCode(t, err, test.want)
			for _, part := range test.says {
				if !strings.Contains(prose.Plain(e.What)+" "+prose.Plain(e.Hint), part) {
					t.Errorf("got %q %q, want it to say %q", prose.Plain(e.What), prose.Plain(e.Hint), part)
				}
			}
			if last := b.last(t); last.Kind != event.Failed || last.Code != test.want {
				t.Errorf("got %+v on the record, want the failure", last)
			}
			if _, _, kept, err := b.store.Grants.RevealGrant(t.Context(), "U01ALICE", "prod"); !kept || err != nil {
				t.Error("the credentials were forgotten, though nobody says that they ended")
			}
		})
	}
}

func TestAListOfNoBucketsIsOne(t *testing.T) {
	b := newBench(t)
	list, err := b.Lists.Buckets(t.Context(), b.request("prod", b.device.Code()), "")
	if err != nil || list.Total != 0 {
		t.Errorf("got %d buckets and %v, want an empty list", list.Total, err)
	}
}

func TestAMissingS3HostNamesTheSetting(t *testing.T) {
	for _, test := range []struct {
		name, region, account string
		fips                  bool
		want                  broker.Code
		says                  []string
	}{
		{"no FIPS host", "eu-west-1", "", true, broker.CodeSettings, []string{"FIPS", "AWS_USE_FIPS_ENDPOINT", "AWS_REGION"}},
		{"no FIPS host in the account's region", "us-east-1", "eu-west-1", true, broker.CodeSettings,
			[]string{"AWS_USE_FIPS_ENDPOINT", "the region of prod in the config"}},
		{"no FIPS in the partition", "cn-north-1", "", true, broker.CodeSettings, []string{"AWS_USE_FIPS_ENDPOINT"}},
		{"no such region", "eu-west-1", "eu-wst-1", false, broker.CodeCannotReachAWS, []string{"s3.eu-wst-1.amazonaws.com", "the region of prod in the config"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			if _, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			t.Setenv("AWS_ENDPOINT_URL", "")
			if test.fips {
				t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
			}
			b.config.Accounts.Find("prod").Region = test.account
			_, err := b.through(t, test.region, nowhere).Lists.Buckets(t.Context(), b.request("prod", ""), "")
			e := wantCode(t, err, test.want)
			for _, part := range test.says {
				if !strings.Contains(prose.Plain(e.What)+" "+prose.Plain(e.Hint), part) {
					t.Errorf("got %q %q, want it to say %q", prose.Plain(e.What), prose.Plain(e.Hint), part)
				}
			}
		})
	}
}

func TestAListWithoutMFASpeaksOfNoCode(t *testing.T) {
	b := newBench(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	b.aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}}})
	b.config.Accounts.Find("prod").MFA = policy.MFANone
	for _, f := range []awstest.FaultError{{Status: 503, Code: "ServiceUnavailable"}, {Status: 400, Code: "ExpiredToken"},
		{Status: 503, Code: "SlowDown"}, {Status: 403, Code: "RequestTimeTooSkewed"}} {
		clear := b.aws.Inject(awstest.Fault{Action: "ListBuckets", Error: &f})
		_, err := b.again(t).Lists.Buckets(t.Context(), b.request("prod", ""), "")
		clear()
		if e := wantBrokerError(t, err); strings.Contains(prose.Plain(e.What)+prose.Plain(e.Hint), "code") {
			t.Errorf("%s: got %q %q, want nothing of a code", f.Code, prose.Plain(e.What), prose.Plain(e.Hint))
		}
	}
}

// impatient is of a command that came so long ago that AWS has left only.
func impatient(t *testing.T, left time.Duration) context.Context {
	t.Helper()
	return patience.With(t.Context(), time.Now().Add(left-12*time.Second))
}

func TestASlowS3IsAnsweredInTime(t *testing.T) {
	b := newBench(t)
	if _, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.aws.Inject(awstest.Fault{Action: "ListBuckets", Latency: 2 * time.Minute})
	ctx := impatient(t, time.Second)
	list, err := b.Lists.Buckets(ctx, b.request("prod", ""), "")
	e := wantCode(t, err, broker.CodeCannotReachAWS)
	if !strings.Contains(prose.Plain(e.What), "S3 did not answer in time") ||
		!strings.Contains(prose.Plain(e.Hint), "no new code is needed while your credentials live") || !list.Saved {
		t.Errorf("got %q %q (kept: %v), want the truth about the code", prose.Plain(e.What), prose.Plain(e.Hint), list.Saved)
	}
	if ctx.Err() != nil {
		t.Error("nothing is left to answer with")
	}
}

func TestAListForWhichNoTimeIsLeftBlamesNoSetting(t *testing.T) {
	b := newBench(t)
	if _, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	_, err := b.Lists.Buckets(impatient(t, 0), b.request("prod", ""), "")
	if e := wantCode(t, err, broker.CodeCannotReachAWS); prose.Plain(e.What) != "The bot cannot reach S3." {
		t.Errorf("got %q, want nothing of settings", prose.Plain(e.What))
	}
}

// forgetful keeps no Grant.
type forgetful struct{ broker.Grants }

func (forgetful) SaveGrant(context.Context, broker.Grant, secret.Credentials, time.Duration, ...broker.DueText) ([]broker.DueEntry, error) {
	return nil, errors.New("the store is down")
}

func TestASlowS3WithoutKeptCredentialsTakesANewCode(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	b := newBench(t)
	b.grants = forgetful{b.store.Grants}
	b.Broker = b.again(t)
	b.aws.Inject(awstest.Fault{Action: "ListBuckets", Error: &awstest.FaultError{Status: 503, Code: "SlowDown"}})
	_, err := b.Lists.Buckets(t.Context(), b.request("prod", b.device.Code()), "")
	if e := wantCode(t, err, broker.CodeThrottled); !strings.Contains(prose.Plain(e.Hint), "with a new code") {
		t.Errorf("got hint %q, want it to say that it takes a new code", prose.Plain(e.Hint))
	}
}

// TestAPageIsShownThoughCountingTookTooLong has S3 answer the first part, which
// holds the page, and none of those that would only be counted.
func TestAPageIsShownThoughCountingTookTooLong(t *testing.T) {
	b := newBench(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	many := make([]awstest.Bucket, 1500)
	for i := range many {
		many[i].Name = "logs-" + strings.Repeat("x", i%5) + time.Duration(i).String()
	}
	b.aws.AddBuckets("222222222222", many...)
	ctx, giveUp := context.WithCancel(t.Context())
	t.Setenv("AWS_ENDPOINT_URL_S3", slowFrom(t, b.aws.URL(), 2, giveUp))
	if _, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	list, err := b.again(t).Lists.Buckets(ctx, b.request("prod", ""), "")
	if err != nil || len(list.Buckets) != listing.PerPage || list.Total != 1000 || !list.AtLeast {
		t.Errorf("got %d of %d (at least: %v) and %v, want the first page", len(list.Buckets), list.Total, list.AtLeast, err)
	}
}

// slowFrom passes requests on to AWS and never answers the nth or any after it, of
// which it tells slow.
func slowFrom(t *testing.T, aws string, nth int, slow func()) string {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n >= nth {
			slow()
			<-r.Context().Done()
			return
		}
		target, _ := url.Parse(aws)
		out := r.Clone(r.Context())
		out.RequestURI, out.URL.Scheme, out.URL.Host = "", target.Scheme, target.Host
		answer, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = answer.Body.Close() }()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestNoCodeIsSentWhenThereIsNoTimeForTheAnswer(t *testing.T) {
	b := newSessionBench(t)
	code := b.device.Code()
	for name, do := range map[string]func() error{
		"Issue": func() error {
			_, err := b.Issuing.Issue(impatient(t, time.Second), b.request("prod", code))
			return err
		},
		"MFA session": func() error {
			_, err := b.MFASessions.BeginMFASession(impatient(t, time.Second), b.request("", code))
			return err
		},
	} {
		e := wantCode(t, do(), broker.CodeCannotReachAWS)
		if e.Use != broker.UseUnused {
			t.Errorf("%s: got the code's use %v, want unused", name, e.Use)
		}
	}
	if n := len(b.aws.Calls()); n != 0 {
		t.Errorf("got %d calls, want none", n)
	}
	if _, err := b.Issuing.Issue(t.Context(), b.request("prod", code)); err != nil {
		t.Errorf("the code was not given back: %v", err)
	}
}
