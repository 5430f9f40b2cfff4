package awsapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

func TestRefusalsOfACallFromTheMFASession(t *testing.T) {
	const denied = "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::333333333333:role/Developer"
	tests := []struct {
		name         string
		fault        awstest.FaultError
		want, on     broker.Code // for the person, on the record
		hint         string
		staysInPlace bool
	}{
		{"ended", awstest.FaultError{Status: 403, Code: "ExpiredToken", Message: "The security token included in the request is expired"},
			broker.CodeNeedsCode, broker.CodeExpired, "assume staging 123456", false},
		{"unknown", awstest.FaultError{Status: 403, Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid."},
			broker.CodeNeedsCode, broker.CodeExpired, "assume staging 123456", false},
		{"not trusted", awstest.FaultError{Status: 403, Code: "AccessDenied", Message: denied}, broker.CodeTrust, broker.CodeTrust,
			"younger than your MFA session: send it again with a new one", true},
		{"throttled", awstest.FaultError{Code: "Throttling", Message: "Rate exceeded"}, broker.CodeThrottled, broker.CodeThrottled, "again without a code", true},
		{"clock", awstest.FaultError{Status: 403, Code: "SignatureDoesNotMatch", Message: "Signature expired: x"}, broker.CodeClock, broker.CodeClock,
			"again without a code", true},
		{"too long for the role", awstest.FaultError{Code: "ValidationError",
			Message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}, broker.CodeRoleMaximum, broker.CodeRoleMaximum,
			"shorter", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newSessionBench(t)
			b.begin(t)
			b.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Error: &test.fault})
			_, err := b.Issuing.Issue(t.Context(), b.request("staging", ""))
			e := wantCode(t, err, test.want)
			if !strings.Contains(prose.Plain(e.Hint), test.hint) || e.Use != broker.UseNone {
				t.Errorf("got hint %q, want it to say %q and nothing of a code that there was not", prose.Plain(e.Hint), test.hint)
			}
			b.wantCalls(t, "AssumeRole")
			if got := b.last(t); got.Kind != event.Failed || got.Code != test.on || got.MFASession == "" || got.STSRequestID == "" {
				t.Errorf("got %+v, want a failure %s that names the MFA session", got, test.on)
			}
			if stays := b.hasSession(t); stays != test.staysInPlace {
				t.Errorf("got the MFA session in place: %v, want %v", stays, test.staysInPlace)
			}
		})
	}
}

func TestAFreshCodeHelpsWhereTheMFASessionIsTooOld(t *testing.T) {
	b := newSessionBench(t)
	b.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Developer", MaxSession: 2 * time.Hour, Trust: stagingTrust(time.Hour)})
	b.begin(t)
	b.wantIssued(t, b.request("staging", ""))
	b.later(2 * time.Hour)
	_, err := b.Issuing.Issue(t.Context(), b.request("staging", ""))
	if e := wantCode(t, err, broker.CodeTrust); !strings.Contains(prose.Plain(e.Hint), "younger than your MFA session") {
		t.Errorf("got hint %q, want it to offer a fresh code", prose.Plain(e.Hint))
	}
	b.wantIssued(t, b.request("staging", b.device.Code()))
}
