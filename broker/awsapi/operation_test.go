package awsapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// key is one to register.
var key, _ = parseKey("one")

// stsFaults are all that can become of a call, each in AWS's words.
var stsFaults = map[string]awstest.Fault{
	"unavailable": {Error: &awstest.FaultError{Status: 503, Code: "ServiceUnavailable", Message: "x"}},
	"failed":      {Error: &awstest.FaultError{Status: 500, Code: "InternalFailure", Message: "x"}},
	"throttled":   {Error: &awstest.FaultError{Status: 400, Code: "Throttling", Message: "Rate exceeded"}},
	"denied":      {Error: &awstest.FaultError{Status: 403, Code: "AccessDenied", Message: "Explicitly denied by something new"}},
	"malformed":   {Error: &awstest.FaultError{Status: 400, Code: "ValidationError", Message: "1 validation error detected"}},
	"key gone":    {Error: &awstest.FaultError{Status: 403, Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid."}},
	"wrong secret": {Error: &awstest.FaultError{Status: 403, Code: "SignatureDoesNotMatch",
		Message: "The request signature we calculated does not match the signature you provided."}},
	"clock":      {Error: &awstest.FaultError{Status: 403, Code: "SignatureDoesNotMatch", Message: "Signature expired: x"}},
	"ended":      {Error: &awstest.FaultError{Status: 403, Code: "ExpiredToken", Message: "The security token included in the request is expired"}},
	"region off": {Error: &awstest.FaultError{Status: 403, Code: "RegionDisabledException", Message: "STS is not activated in this region"}},
	"unknown":    {Error: &awstest.FaultError{Status: 400, Code: "SomethingNew", Message: "x"}},
	"too long": {Error: &awstest.FaultError{Status: 400, Code: "ValidationError",
		Message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}},
	"lost":    {LoseAnswer: true},
	"cut":     {Refuse: true},
	"garbage": {Malformed: true},
}

// TestEachOperationHasItsOwnSentences has every operation meet every fault. What
// carries no code speaks of none, and each speaks of what it was to do alone.
func TestEachOperationHasItsOwnSentences(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1") // the answers are what matters, not their number
	credentials := []string{"issued", "credentials"}
	for _, op := range []struct {
		name, action string
		do           func(ctx context.Context, b *bench) error
		never        []string // what it has nothing to do with
	}{
		{"GetCallerIdentity", "GetCallerIdentity", func(ctx context.Context, b *bench) error {
			_, err := b.Explaining.WhoAmI(ctx, b.request("", ""))
			return err
		}, []string{"code", "issued", "Send it", "nobody"}},
		{"AssumeRole without MFA", "AssumeRole", func(ctx context.Context, b *bench) error {
			b.config.Accounts.Find("prod").MFA = policy.MFANone
			_, err := b.Issuing.Issue(ctx, b.request("prod", ""))
			return err
		}, []string{"code", "MFA session"}},
		{"AssumeRole without MFA, a code typed", "AssumeRole", func(ctx context.Context, b *bench) error {
			b.config.Accounts.Find("prod").MFA = policy.MFANone
			_, err := b.Issuing.Issue(ctx, b.request("prod", b.device.Code()))
			return err
		}, []string{"code", "MFA session"}},
		{"GetSessionToken without MFA", "GetSessionToken", func(ctx context.Context, b *bench) error {
			b.config.Accounts.Find("hub").MFA = policy.MFANone
			_, err := b.Issuing.Issue(ctx, b.request("hub", ""))
			return err
		}, []string{"code", "MFA session"}},
		{"ChangeKey", "GetSessionToken", func(ctx context.Context, b *bench) error {
			_, err := b.Keys.ChangeKey(ctx, b.request("", b.device.Code()), key)
			return err
		}, append([]string{"MFA session", "Nothing was issued"}, credentials...)},
		{"BeginMFASession", "GetSessionToken", func(ctx context.Context, b *bench) error {
			_, err := b.MFASessions.BeginMFASession(ctx, b.request("", b.device.Code()))
			return err
		}, []string{"your key was", "Nothing was issued", "whether credentials"}},
		{"AssumeRole with a code", "AssumeRole", func(ctx context.Context, b *bench) error {
			_, err := b.Issuing.Issue(ctx, b.request("prod", b.device.Code()))
			return err
		}, []string{"MFA session", "your key was"}},
	} {
		for name, fault := range stsFaults {
			t.Run(op.name+" "+name, func(t *testing.T) {
				b := newSessionBench(t)
				fault.Action = op.action
				b.aws.Inject(fault)
				e := wantBrokerError(t, op.do(t.Context(), b))
				said := prose.Plain(e.What) + " " + prose.Plain(e.Hint)
				for _, word := range op.never {
					if strings.Contains(said, word) && (name != "ended" || word != "credentials") {
						t.Errorf("got %s: %q, want nothing of %q", e.Code, said, word)
					}
				}
				if op.name == "GetCallerIdentity" && e.Code == broker.CodeOutcomeUnknown {
					t.Errorf("got %s: nothing depends on the outcome", e.Code)
				}
			})
		}
	}
}

func TestWhatIsUnknownOfAKeyChangeIsTheCodeAlone(t *testing.T) {
	b := newBench(t)
	b.aws.Inject(awstest.Fault{Action: "GetSessionToken", Error: &awstest.FaultError{Status: 503, Code: "ServiceUnavailable", Message: "x"}})
	_, err := b.Keys.ChangeKey(t.Context(), b.request("", b.device.Code()), key)
	e := wantCode(t, err, broker.CodeOutcomeUnknown)
	const want = "AWS, or something on the way to it, is not working right now, so nobody knows whether it accepted your code. Your key was not changed."
	if got := prose.Plain(e.What); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, changed, err := b.store.SealedKeys.LoadKey(t.Context(), "U01ALICE"); changed || err != nil {
		t.Error("the key was changed")
	}
}

func TestAKeyThatAWSDoesNotKnowMayBeARegionThatIsOff(t *testing.T) {
	b := newBench(t)
	b.aws.DisableKey("AKIAALICE00000000000")
	for name, do := range map[string]func() error{
		"Issue":  func() error { _, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); return err },
		"WhoAmI": func() error { _, err := b.Explaining.WhoAmI(t.Context(), b.request("", "")); return err },
	} {
		e := wantCode(t, do(), broker.CodeKeyInvalid)
		for _, part := range []string{"deleted, disabled or just replaced", "the region is not enabled", "eu-west-1", "AWS_REGION"} {
			if !strings.Contains(prose.Plain(e.What)+" "+prose.Plain(e.Hint), part) {
				t.Errorf("%s: got %q %q, want it to say %q", name, prose.Plain(e.What), prose.Plain(e.Hint), part)
			}
		}
	}
}
