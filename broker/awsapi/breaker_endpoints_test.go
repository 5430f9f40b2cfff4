package awsapi_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
)

// A watcher keeps what it is told of endpoints.
type watcher struct {
	watch.Watcher // of which nothing else is called

	mu   sync.Mutex
	told []string
}

func (w *watcher) Called(string, watch.Result, time.Duration) {}

func (w *watcher) FellBack(string, watch.Result) {}

func (w *watcher) Rests(service, region string, rests bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := " answers"
	if rests {
		what = " rests"
	}
	w.told = append(w.told, service+" "+region+what)
}

// told has client tell of endpoints, and write to the log.
func told(client *awsapi.Client) (*awsapi.Client, *watcher, *bytes.Buffer) {
	w, log := &watcher{}, &bytes.Buffer{}
	return client.Watched(w).Logging(slog.New(slog.NewTextHandler(log, nil))), w, log
}

// listAs has each of users list the buckets of an account in region, with good credentials.
func (b *bench) listAs(t *testing.T, client *awsapi.Client, region string, users ...string) (err error) {
	t.Helper()
	answer, err := b.client(t, "eu-west-1").Issue(t.Context(), broker.Call{
		User: policy.User{Slack: "U01ALICE", Name: "alice", SessionName: "alice"}, Account: policy.Account{Name: "hub"},
		Plan:   broker.Plan{Method: broker.MethodGetSessionToken, Duration: time.Hour},
		Signer: secret.Credentials{AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: secret.New("alice-secret-key")},
	})
	for _, user := range users {
		if err == nil || user != "" {
			_, _, err = client.ListBuckets(t.Context(), broker.BucketQuery{
				User: user, Account: policy.Account{Name: "hub", Region: region}, Credentials: answer.Credentials, Again: broker.RenewFromSaved,
			})
		}
	}
	return err
}

// crew are five calls of two people.
var crew = []string{"U01ALICE", "U02BOB", "U01ALICE", "U02BOB", "U01ALICE"}

func TestAnEndpointThatRestsIsToldOfOnceEachTime(t *testing.T) {
	b := newBench(t)
	client, w, log := told(b.client(t, "eu-west-1"))
	for range 2 {
		heal := b.aws.Inject(silences["resets"])
		for range 3 {
			_ = b.ask(t, client, crew...)
			b.later(31 * time.Second) // the probe meets the same
		}
		heal()
		if err := b.ask(t, client, "U02BOB", "U01ALICE"); err != nil {
			t.Errorf("healed: got %v, want credentials", err)
		}
	}
	want := []string{"STS eu-west-1 rests", "STS eu-west-1 answers", "STS eu-west-1 rests", "STS eu-west-1 answers"}
	if diff := cmp.Diff(want, w.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	rests, answers := strings.Count(log.String(), `level=WARN msg="AWS does not answer`), strings.Count(log.String(), `level=INFO msg="AWS answers again"`)
	if rests != 2 || answers != 2 || strings.Count(log.String(), "service=STS region=eu-west-1") != 4 {
		t.Errorf("got %d and %d lines of a rest and its end, want 2 each with the endpoint:\n%s", rests, answers, log)
	}
}

func TestAnS3ThatDoesNotAnswerIsNotAskedForAWhile(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for name, fault := range silences {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			client, w, _ := told(b.client(t, "eu-west-1"))
			fault.Action = "ListBuckets"
			heal := b.aws.Inject(fault)
			_ = b.listAs(t, client, "", crew...)
			before := b.asked("ListBuckets")
			e := wantCode(t, b.listAs(t, client, "", "U01ALICE"), broker.CodeCannotReachAWS)
			const hint = "Try again in 30s; no new code is needed while your credentials live."
			if prose.Plain(e.What) != "S3 in eu-west-1 stopped answering, so it was not asked." || prose.Plain(e.Hint) != hint || e.Detail != "not_answering" {
				t.Errorf("got %q %q", prose.Plain(e.What), prose.Plain(e.Hint))
			}
			if got := b.asked("ListBuckets") - before; got != 0 {
				t.Errorf("got %d calls, want none", got)
			}
			if _ = b.listAs(t, client, "eu-central-1", "U01ALICE"); b.asked("ListBuckets") != before+1 {
				t.Error("the S3 of another region was not asked")
			}
			if err := b.ask(t, client, "U01ALICE"); err != nil {
				t.Errorf("STS: got %v, want credentials", err)
			}
			b.later(31 * time.Second)
			heal()
			if err := b.listAs(t, client, "", "U01ALICE"); err != nil {
				t.Errorf("healed: got %v, want a list", err)
			}
			if diff := cmp.Diff([]string{"S3 eu-west-1 rests", "S3 eu-west-1 answers"}, w.told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatS3RefusesStopsNobody has refusals, its way of throttling, and one person alone.
func TestWhatS3RefusesStopsNobody(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for name, test := range map[string]struct {
		fault awstest.Fault
		users []string
	}{
		"denied":     {awstest.Fault{Error: &awstest.FaultError{Status: 403, Code: "AccessDenied"}}, crew},
		"throttled":  {awstest.Fault{Error: &awstest.FaultError{Status: 503, Code: "SlowDown"}}, crew},
		"one person": {silences["5xx"], []string{"U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			client, w, _ := told(b.client(t, "eu-west-1"))
			test.fault.Action = "ListBuckets"
			heal := b.aws.Inject(test.fault)
			_ = b.listAs(t, client, "", slices.Concat(test.users, test.users)...)
			heal()
			if err := b.listAs(t, client, "", "U01ALICE"); err != nil || len(w.told) > 0 {
				t.Errorf("got %v and %v, want a list, and that nothing rests", err, w.told)
			}
		})
	}
}

// TestAConnectionThatIsRefusedOrSilentIsNoAnswer has nobody listen, and somebody who never says anything.
func TestAConnectionThatIsRefusedOrSilentIsNoAnswer(t *testing.T) {
	for name, accepts := range map[string]bool{"refused": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = ln.Close() }()
			b := newBench(t)
			t.Setenv("AWS_ENDPOINT_URL", "http://"+ln.Addr().String())
			client, w, _ := told(b.client(t, "eu-west-1"))
			if !accepts {
				_ = ln.Close()
			}
			for _, user := range crew {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				err = askFor(ctx, client, user)
				cancel()
			}
			if want := []string{"STS eu-west-1 rests"}; !slices.Equal(w.told, want) {
				t.Errorf("got %v (the last: %v), want %v", w.told, err, want)
			}
		})
	}
}
