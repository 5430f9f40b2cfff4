package broker_test

import (
	"context"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
)

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
	for name, change := range map[string]func(*policy.Account){
		"another role": func(a *policy.Account) { a.RoleARN = "arn:aws:iam::222222222222:role/Other" },
		"MFA again":    func(a *policy.Account) { a.MFA = policy.MFAFresh },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}}})
			b.config.Accounts.Find("prod").MFA = policy.MFANone
			if _, err := b.Issue(t.Context(), b.request("prod", "")); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), ""); err != nil {
				t.Fatal(err)
			}
			change(b.config.Accounts.Find("prod"))
			before := len(b.aws.Calls())
			list, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
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
	b.Holding.Undelivered(over, b.request("prod", ""), issued.Grant, broker.CodeUndelivered)
	if got := b.last(t); got.Kind != event.Undelivered || !got.MFA || got.Method != broker.MethodAssumeRole || got.AccessKeyID != issued.Grant.AccessKeyID {
		t.Errorf("got %+v, want the grant told as it was", got)
	}
}

// TestACodeComesBackExactlyWhenAWSDidNotUseIt: the port says what became of it, and
// no sentence or Code does.
func TestACodeComesBackExactlyWhenAWSDidNotUseIt(t *testing.T) {
	for use, back := range map[broker.CodeUse]bool{broker.UseUnused: true, broker.UseSpent: false, broker.UseUnknown: false} {
		for _, name := range []string{"Issue", "BeginMFASession", "ChangeKey"} {
			b := newSessionBench(t)
			failure := said(broker.CodeAWSRefused, use, &broker.AWSFailure{Text: "x", RequestID: "r-1"})
			b.client.failure = failure
			r := b.request("prod", b.device.Code())
			wantCode(t, gives(b, "")[name](r), broker.CodeAWSRefused)
			if last := b.last(t); last.Kind != event.Failed || last.Code != broker.CodeAWSRefused || last.STSRequestID != "r-1" {
				t.Errorf("%s: got outcome %+v, want a failure with STS's request ID", name, last)
			}
			b.client.failure = nil
			r.ID = broker.NewID()
			if again := gives(b, "")[name](r); (again == nil) != back {
				t.Errorf("%s, use %d: got the same code taken again: %v (%v), want %v", name, use, again == nil, again, back)
			}
		}
	}
}

// TestALinkThatCannotBeMadeIsOnTheRecord, since what was granted for the console
// is shown instead.
func TestALinkThatCannotBeMadeIsOnTheRecord(t *testing.T) {
	b := newBench(t)
	b.client.linkFailure = said(broker.CodeSignin, broker.UseNone, errDown)
	s, err := b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), "")
	if err != nil || s.Problem == nil || s.Problem.Ref == "" || !s.Link.Empty() || s.Credentials.SecretAccessKey.Empty() {
		t.Fatalf("got %+v, %v, want the credentials and why there is no link", s, err)
	}
	if last := b.last(t); last.Kind != event.Failed || last.Code != broker.CodeSignin || last.AccessKeyID != s.Grant.AccessKeyID {
		t.Errorf("got %+v last on the record, want the failed link", last)
	}
}
