package broker_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

func TestIssueRecordsIntentBeforeAndOutcomeAfter(t *testing.T) {
	b := newBench(t)
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]event.Kind{event.Intent, event.Granted}, b.kinds()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	got := b.last(t)
	if got.AccessKeyID != issued.Credentials.AccessKeyID || got.STSRequestID == "" || !got.MFA || got.Seconds != 3600 || !got.Expires.Equal(issued.Grant.Expires) {
		t.Errorf("got outcome %+v, want it to name what was issued: %+v", got, issued.Grant)
	}
	if !issued.Saved {
		t.Error("got credentials that are not kept for the reveal window")
	}
}

func TestIssueDoesNothingWithoutTheRecord(t *testing.T) {
	b := newBench(t)
	b.failOn[event.Intent] = true
	code := b.device.Code()
	_, err := b.Issue(t.Context(), b.request("prod", code))
	wantCode(t, err, broker.CodeRecord)
	if n := len(b.aws.Calls()); n != 0 {
		t.Fatalf("got %d calls to AWS, want none", n)
	}
	b.failOn[event.Intent] = false
	if _, err := b.Issue(t.Context(), b.request("prod", code)); err != nil {
		t.Errorf("the code was not given back: %v", err)
	}
}

func TestIssueDropsCredentialsThatCannotBeRecorded(t *testing.T) {
	b := newBench(t)
	b.failOn[event.Granted] = true
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	e := wantCode(t, err, broker.CodeRecord)
	if !strings.Contains(prose.Plain(e.What), "thrown away") {
		t.Errorf("got %q, want it to say that they were thrown away", prose.Plain(e.What))
	}
	if !issued.Credentials.SecretAccessKey.Empty() || len(b.grants) > 0 || len(b.kept) > 0 {
		t.Error("credentials are left over")
	}
}

func TestIssueSendsACodeOnce(t *testing.T) {
	b := newBench(t)
	code := b.device.Code()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		good int
	)
	for range 16 {
		wg.Go(func() {
			_, err := b.Issue(t.Context(), b.request("prod", code))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				good++
				return
			}
			var e *broker.Error
			if !errors.As(err, &e) || e.Code != broker.CodeCodeSpent {
				t.Errorf("got %v, want %s", err, broker.CodeCodeSpent)
			}
		})
	}
	wg.Wait()
	if good != 1 || len(b.aws.Calls()) != 1 {
		t.Errorf("got %d grants from %d calls, want 1 from 1", good, len(b.aws.Calls()))
	}
}

func TestIssueFailsClosedWhenTheStoreIsDown(t *testing.T) {
	b := newBench(t)
	b.codesErr = errDown
	_, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	wantCode(t, err, broker.CodeStore)
	if n := len(b.aws.Calls()); n != 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
}

func TestIssueStillShowsWhatCannotBeKept(t *testing.T) {
	b := newBench(t)
	b.saveErr = errDown
	issued, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil || issued.Saved {
		t.Errorf("got kept=%v, error %v; want credentials that are on the record but not kept", issued.Saved, err)
	}
}

func TestIssueDeniesUnknownMembership(t *testing.T) {
	b := newBench(t)
	b.groups["S01ALL"] = []string{"U01ALICE"}
	if _, err := b.Issue(t.Context(), b.request("hub", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.groupErr = errDown
	_, err := b.Issue(t.Context(), b.request("hub", "123456"))
	wantCode(t, err, broker.CodeDirectory)
}

func TestIssueNeverCallsGetSessionTokenWithoutACode(t *testing.T) {
	b := newBench(t)
	b.groups["S01ALL"] = []string{"U01ALICE"}
	_, err := b.Issue(t.Context(), b.request("hub", ""))
	wantCode(t, err, broker.CodeNeedsCode)
	if n := len(b.aws.Calls()); n != 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
}

func TestWhoAmIAsksForTheKeyAndTheGrant(t *testing.T) {
	b := newBench(t)
	who, err := b.Explaining.WhoAmI(t.Context(), b.request("prod", ""))
	if err != nil || who.Live != nil || who.Own.ARN != awstest.UserARN(hub, "alice") {
		t.Fatalf("got %+v, %v; want alice's own ARN and no grant", who, err)
	}
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	who, err = b.Explaining.WhoAmI(t.Context(), b.request("prod", ""))
	if err != nil || who.Live == nil || who.Live.ARN != "arn:aws:sts::222222222222:assumed-role/OnCall/alice" {
		t.Errorf("got %+v, %v; want the assumed-role ARN too", who, err)
	}
}

func TestBucketsForgetsCredentialsThatEnded(t *testing.T) {
	b := newBench(t)
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	expired := &awstest.FaultError{Status: 400, Code: "ExpiredToken", Message: "The provided token has expired."}
	b.aws.Inject(awstest.Fault{Action: "ListBuckets", Times: 1, Error: expired})
	_, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
	wantCode(t, err, broker.CodeCredentialsGone)
	_, err = b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
	wantCode(t, err, broker.CodeNeedsCode)
}

func TestBucketsIsOnTheRecordBeforeItIsMade(t *testing.T) {
	b := newBench(t)
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.failOn[event.Listing] = true
	before := len(b.aws.Calls())
	_, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
	wantCode(t, err, broker.CodeRecord)
	if got := len(b.aws.Calls()); got != before {
		t.Errorf("got %d calls to S3, want none", got-before)
	}
}

func TestIssueFinishesWhatAWSDidWhenTheCallerIsGone(t *testing.T) {
	b := newBench(t)
	b.recorded = make(chan event.Kind, 2)
	ctx, cancel := context.WithCancel(t.Context())
	b.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: 50 * time.Millisecond})
	done := make(chan error, 1)
	go func() {
		_, err := b.Issue(ctx, b.request("prod", b.device.Code()))
		done <- err
	}()
	<-b.recorded // the intent; from then on the caller may go
	cancel()
	err := <-done
	kinds := b.kinds()
	if len(kinds) != 2 {
		t.Fatalf("got %v on the record (%v), want an outcome behind the intent", kinds, err)
	}
}
