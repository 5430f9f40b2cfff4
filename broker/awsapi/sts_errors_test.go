package awsapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// TestEveryRefusalOfSTSHasItsOwnSentence takes each row of the table of STS's
// refusals, in the words that AWS uses.
func TestEveryRefusalOfSTSHasItsOwnSentence(t *testing.T) {
	const user = "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: "
	tests := []struct {
		name, code, message string
		status              int
		want                broker.Code
		says                string
		codeBack            bool
	}{
		{"wrong code", "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ", 403, broker.CodeWrongCode,
			"did not accept that code", false},
		{"device", "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code. " +
			"Please verify your MFA serial number is valid and associated with this user.", 403, broker.CodeDevice, "out of step", false},
		{"incomplete", "AccessDenied", "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.", 403,
			broker.CodeMFAIncomplete, "incomplete", false},
		{"trust", "AccessDenied", user + "sts:AssumeRole on resource: arn:aws:iam::222222222222:role/OnCall", 403, broker.CodeTrust,
			"does not let your IAM user assume", false},
		{"source identity", "AccessDenied", user + "sts:SetSourceIdentity on resource: arn:aws:iam::222222222222:role/OnCall", 403,
			broker.CodeSourceIdentity, "source identity", false},
		{"tags", "AccessDenied", user + "sts:TagSession on resource: arn:aws:iam::222222222222:role/OnCall", 403, broker.CodeTags, "session tags", false},
		{"another access denied", "AccessDenied", "Explicitly denied by something new", 403, broker.CodeAWSRefused, "access denied", false},
		{"role's maximum", "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400,
			broker.CodeRoleMaximum, "longer than the role", false},
		{"chaining", "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.", 400,
			broker.CodeChaining, "no more than one hour", false},
		{"another validation error", "ValidationError", "1 validation error detected", 400, broker.CodeAWSRefused, "malformed", false},
		{"packed policy", "PackedPolicyTooLarge", "Packed size of session tags consumes 105% of allotted space", 400, broker.CodeSessionPolicy,
			"too large together", false},
		{"policy malformed", "MalformedPolicyDocument", "Syntax errors in policy.", 400, broker.CodeSessionPolicy, "does not understand the session policy", false},
		{"key gone", "InvalidClientTokenId", "The security token included in the request is invalid.", 403, broker.CodeKeyInvalid,
			"deleted, disabled or just replaced", true},
		{"wrong secret", "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.", 403,
			broker.CodeSignature, "secret key is wrong", true},
		{"clock behind", "SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)",
			403, broker.CodeClock, "clock is wrong", true},
		{"clock ahead", "SignatureDoesNotMatch", "Signature not yet current: 20260101T001000Z is still later than 20260101T000500Z", 403, broker.CodeClock,
			"clock is wrong", true},
		{"session ended", "ExpiredToken", "The security token included in the request is expired", 403, broker.CodeExpired, "have ended", false},
		{"region off", "RegionDisabledException", "STS is not activated in this region for account:111111111111.", 403, broker.CodeRegion,
			"switched off in the region", false},
		{"throttled", "Throttling", "Rate exceeded", 400, broker.CodeThrottled, "too often", false},
		{"throttled, other name", "ThrottlingException", "Rate exceeded", 400, broker.CodeThrottled, "too often", false},
		{"unknown", "SomethingNew", "words that nobody foresaw", 400, broker.CodeAWSRefused, "does not know", false},
	}
	b := newBench(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.later(30 * time.Second)
			b.aws.ForgetCalls()
			clear := b.aws.Inject(awstest.Fault{Action: "AssumeRole", Error: &awstest.FaultError{Status: test.status, Code: test.code, Message: test.message}})
			code := b.device.Code()
			_, err := b.Issuing.Issue(t.Context(), b.request("prod", code))
			clear()
			e := wantCode(t, err, test.want)
			if !strings.Contains(prose.Plain(e.What), test.says) {
				t.Errorf("got message %q, want it to say %q", prose.Plain(e.What), test.says)
			}
			if strings.Contains(prose.Plain(e.What)+prose.Plain(e.Hint), test.message) {
				t.Errorf("got %q %q, want none of AWS's own words", prose.Plain(e.What), prose.Plain(e.Hint))
			}
			if got := e.Ref != ""; got != e.Ours() {
				t.Errorf("got reference %q, want one exactly where an operator must look", e.Ref)
			}
			if n := len(b.aws.Calls()); n != 1 {
				t.Errorf("got %d calls, want 1: nothing that carries a code is retried", n)
			}
			last := b.last(t)
			if last.Kind != event.Failed || last.Code != test.want || last.STSRequestID == "" {
				t.Errorf("got outcome %+v, want a failure with STS's request ID", last)
			}
			_, again := b.Issuing.Issue(t.Context(), b.request("prod", code))
			if back := again == nil; back != test.codeBack {
				t.Errorf("got the same code taken again: %v (%v), want %v", back, again, test.codeBack)
			}
		})
	}
}

func TestLostAnswersAreOutcomeUnknown(t *testing.T) {
	tests := []struct {
		name  string
		fault awstest.Fault
		limit time.Duration
		says  string
	}{
		{"connection cut", awstest.Fault{Action: "AssumeRole", LoseAnswer: true}, time.Minute, "answer was lost"},
		{"garbage", awstest.Fault{Action: "AssumeRole", Malformed: true}, time.Minute, "answer was lost"},
		{"no answer in time", awstest.Fault{Action: "AssumeRole", Latency: time.Minute}, 100 * time.Millisecond, "did not answer in time"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.aws.Inject(test.fault)
			code := b.device.Code()
			_, err := b.with(hurried{b.client(t, "eu-west-1"), test.limit}).Issuing.Issue(t.Context(), b.request("prod", code))
			e := wantCode(t, err, broker.CodeOutcomeUnknown)
			if !strings.Contains(prose.Plain(e.What), test.says) || !strings.Contains(prose.Plain(e.Hint), "next one comes in about") {
				t.Errorf("got %q %q, want it to say %q and when the next code comes", prose.Plain(e.What), prose.Plain(e.Hint), test.says)
			}
			if last := b.last(t); last.Kind != event.Failed || last.Code != broker.CodeOutcomeUnknown {
				t.Errorf("got outcome %+v, want an unknown one", last)
			}
			_, err = b.Issuing.Issue(t.Context(), b.request("prod", code))
			wantCode(t, err, broker.CodeCodeSpent)
		})
	}
}

// hurried gives STS no longer than limit.
type hurried struct {
	*awsapi.Client
	limit time.Duration
}

func (h hurried) Issue(ctx context.Context, c broker.Call) (broker.STSAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	return h.Client.Issue(ctx, c)
}

func TestUnreachableSTSLeavesTheCodeUnused(t *testing.T) {
	b := newBench(t)
	if err := b.aws.Close(); err != nil {
		t.Fatal(err)
	}
	code := b.device.Code()
	for range 2 {
		_, err := b.Issuing.Issue(t.Context(), b.request("prod", code))
		wantCode(t, err, broker.CodeCannotReachAWS)
	}
}

func TestAWSQuotingACodeDoesNotReachTheLog(t *testing.T) {
	b := newBench(t)
	code := b.device.Code()
	b.aws.Inject(awstest.Fault{Action: "AssumeRole", Error: &awstest.FaultError{Status: 400, Code: "ValidationError",
		Message: "1 validation error detected: Value '" + code + "' at 'tokenCode' failed to satisfy constraint"}})
	_, err := b.Issuing.Issue(t.Context(), b.request("prod", code))
	if e := wantCode(t, err, broker.CodeAWSRefused); strings.Contains(e.Error(), code) {
		t.Errorf("got %q, want it without the code", e)
	}
}
