package broker_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// wantNextCode checks that e sends nobody to wait while the device shows a code that was
// not sent yet: it may since the step began, or since its clock is another.
func wantNextCode(t *testing.T, e *broker.Error) {
	t.Helper()
	if hint := prose.Plain(e.Hint); !strings.Contains(hint, "If your device shows another code by now, use that. The next one comes in about ") {
		t.Errorf("%s: got hint %q, want that a code which is there is used, and when the next comes", e.Code, hint)
	}
}

func TestAWrongCodeBeginsNothing(t *testing.T) {
	b := newSessionBench(t)
	_, err := b.MFASessions.BeginMFASession(t.Context(), b.request("", "000000"))
	wantNextCode(t, wantCode(t, err, broker.CodeWrongCode))
	_, err = b.MFASessions.BeginMFASession(t.Context(), b.request("", "000000"))
	wantNextCode(t, wantCode(t, err, broker.CodeCodeSpent)) // at once: nobody is making an MFA session with it
	b.wantCalls(t, "GetSessionToken")
}

func TestACodeThatAWSNeverLookedAtBeginsAnMFASessionLater(t *testing.T) {
	b := newSessionBench(t)
	code := b.device.Code()
	b.aws.Inject(awstest.Fault{Action: "GetSessionToken", Times: 1, Error: &awstest.FaultError{Status: 403, Code: "InvalidClientTokenId", Message: "x"}})
	_, err := b.Issue(t.Context(), b.request("staging", code))
	wantCode(t, err, broker.CodeKeyInvalid)
	b.wantIssued(t, b.request("staging", code))
}

func TestWhatIsSpentOtherwiseBeginsNothing(t *testing.T) {
	b := newSessionBench(t)
	code := b.device.Code()
	b.wantIssued(t, b.request("prod", code))
	_, err := b.Issue(t.Context(), b.request("staging", code))
	wantCode(t, err, broker.CodeCodeSpent)
	b.later(30 * time.Second)
	code = b.device.Code()
	b.wantIssued(t, b.request("staging", code))
	b.wantIssued(t, b.request("staging", code)) // the MFA session that this very code began
	_, err = b.Issue(t.Context(), b.request("prod", code))
	wantCode(t, err, broker.CodeCodeSpent)
	if _, _, err := b.MFASessions.EndMFASession(t.Context(), b.request("", "")); err != nil {
		t.Fatal(err)
	}
	_, err = b.Issue(t.Context(), b.request("staging", code))
	wantCode(t, err, broker.CodeCodeSpent)
	b.later(30 * time.Second)
	b.begin(t)
	_, err = b.Issue(t.Context(), b.request("staging", code)) // another code's MFA session
	wantCode(t, err, broker.CodeCodeSpent)
}

// TestOneCodeServesRequestsAtOnce lets many Requests of every kind race with one
// code.
func TestOneCodeServesRequestsAtOnce(t *testing.T) {
	b := newSessionBench(t)
	b.aws.Inject(awstest.Fault{Action: "GetSessionToken", Times: 1, Latency: 100 * time.Millisecond})
	code := b.device.Code()
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = b.MFASessions.BeginMFASession(t.Context(), b.request("", code))
			case 1:
				_, err = b.Issue(t.Context(), b.request("staging", code))
			default:
				r := b.request("staging", code)
				r.Purpose = broker.PurposeBuckets
				_, err = b.Lists.Buckets(t.Context(), r, "")
			}
			if err != nil {
				t.Errorf("got %v, want each served", err)
			}
		})
	}
	wg.Wait()
	count := map[string]int{}
	for _, action := range b.actions() {
		count[action]++
	}
	if diff := cmp.Diff(map[string]int{"GetSessionToken": 1, "AssumeRole": 8, "ListBuckets": 4}, count); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestWhoWaitsForACodeThatFailsIsToldAtOnce(t *testing.T) {
	b := newSessionBench(t)
	b.recorded = make(chan event.Kind, 8)
	wrong := &awstest.FaultError{Status: 403, Code: "AccessDenied", Message: "MultiFactorAuthentication failed with invalid MFA one time pass code."}
	b.aws.Inject(awstest.Fault{Action: "GetSessionToken", Times: 1, Latency: 100 * time.Millisecond, Error: wrong})
	code := b.device.Code()
	done := make(chan error, 1)
	go func() {
		_, err := b.Issue(t.Context(), b.request("staging", code))
		done <- err
	}()
	<-b.recorded // the first holds the code and asks STS
	_, err := b.Issue(t.Context(), b.request("staging", code))
	wantCode(t, err, broker.CodeCodeSpent)
	wantCode(t, <-done, broker.CodeWrongCode)
	b.wantCalls(t, "GetSessionToken")
}

func TestNobodyWaitsForEverForAnMFASession(t *testing.T) {
	b := newSessionBench(t) // nothing in the bubble reaches its sockets
	synctest.Test(t, func(t *testing.T) {
		r := b.request("staging", "123456")
		if _, err := b.ReserveCode(t.Context(), "U01ALICE", awstest.DeviceARN(hub, "alice"), r.Code, "beginning:lost", time.Minute); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := b.Issue(t.Context(), r)
		wantCode(t, err, broker.CodeCodeSpent)
		if got := time.Since(began); got != 10*time.Second {
			t.Errorf("waited %s, want 10s", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = b.Issue(ctx, b.request("staging", "123456"))
		wantCode(t, err, broker.CodeStore)
	})
	b.wantCalls(t)
}
