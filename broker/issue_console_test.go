package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

func TestConsoleIsOnTheRecordAsSuch(t *testing.T) {
	b := newBench(t)
	s, err := b.Issuing.Console(t.Context(), b.request("prod", b.device.Code()), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]event.Kind{event.Intent, event.Granted}, b.kinds()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if got := b.last(t); got.Purpose != broker.PurposeConsole {
		t.Errorf("got purpose %q, want console", got.Purpose)
	}
	if s.Problem != nil || !s.Saved || s.Grant.AccessKeyID == "" {
		t.Errorf("got %+v, want a Grant that is kept", s)
	}
}

func TestConsoleLinkIsNotSaidToOutliveTheCredentials(t *testing.T) {
	b := newBench(t)
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	b.offset += 50 * time.Minute
	s, err := b.Issuing.ConsoleLink(t.Context(), b.request("", ""), issued, "")
	if err != nil {
		t.Fatal(err)
	}
	if !s.Until.Equal(issued.Credentials.Expires) {
		t.Errorf("the link works until %v, want no longer than the credentials, %v", s.Until, issued.Credentials.Expires)
	}
}

func TestConsoleRefusesBeforeACodeIsSpent(t *testing.T) {
	b := newBench(t)
	b.groups["S01ALL"] = []string{"U01ALICE"}
	iso := *b.config.Accounts.Find("prod")
	iso.Name, iso.RoleARN = "iso", "arn:aws-iso:iam::222222222222:role/OnCall"
	b.config.Accounts.Add(iso.Name, iso)
	code := b.device.Code()
	for _, test := range []struct {
		account, service, say string
	}{
		{"hub", "", "GetSessionToken"},
		{"iso", "", "aws-iso"},
		{"prod", "s3/../billing", "name of an AWS service"},
	} {
		_, err := b.Issuing.Console(t.Context(), b.request(test.account, code), test.service)
		e := wantCode(t, err, broker.CodeNoConsole)
		if !strings.Contains(prose.Plain(e.What), test.say) || e.Use != broker.UseUnused {
			t.Errorf("%s: got %q and use %v, want it to say %q and that the code was not used", test.account, prose.Plain(e.What), e.Use, test.say)
		}
	}
	if n := len(b.aws.Calls()); n != 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
	if _, err := b.Issuing.Console(t.Context(), b.request("prod", code), ""); err != nil {
		t.Errorf("the code was spent: %v", err)
	}
	issued := broker.Issued{Account: *b.config.Accounts.Find("hub")}
	_, err := b.Issuing.ConsoleLink(t.Context(), b.request("hub", ""), issued, "")
	wantCode(t, err, broker.CodeNoConsole)
}

func TestConsoleAsksForACodeInItsOwnWords(t *testing.T) {
	b := newBench(t)
	_, err := b.Issuing.Console(t.Context(), b.request("prod", ""), "s3")
	if e := wantCode(t, err, broker.CodeNeedsCode); !strings.Contains(prose.Plain(e.Hint), "assume prod 123456 as console s3 with") {
		t.Errorf("got hint %q, want the whole command in it", prose.Plain(e.Hint))
	}
}

func TestConsoleNeedsNoMFAWhereTheConfigSaysSo(t *testing.T) {
	b := newBench(t)
	b.config.Accounts.Find("prod").MFA = policy.MFANone
	b.aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}}})
	s, err := b.Issuing.Console(t.Context(), b.request("prod", ""), "")
	if err != nil || s.Link.Empty() || s.Grant.MFA {
		t.Errorf("got %+v, %v, want a link without MFA", s, err)
	}
}
