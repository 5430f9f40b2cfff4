package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// A bench is a Broker over the real client, a fake AWS and an embedded Redis: what
// AWS says is met here as people meet it.
type bench struct {
	*broker.Broker
	aws    *awstest.Server
	device *awstest.Device
	store  *store.Store
	record *record
	config *policy.Config
	env    map[string]string
	grants broker.Grants // the store, unless a test says otherwise
	offset atomic.Int64  // of the clock, in ns; a call that was cut is still looking at it
}

func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.offset.Load())) }

const hub = "111111111111"

// A record keeps Events in memory.
type record struct {
	mu     sync.Mutex
	events []noted
}

// A noted is an Event, and what it says if it is a failure.
type noted struct {
	event.Event
	event.Act
	event.Issued
	event.Failure
	Code broker.Code
}

func (r *record) Record(_ context.Context, events ...event.Event) (event.Receipt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := events[0]
	of := noted{Event: e}
	if p, ok := e.Data.(event.FailedData); ok {
		of.Act, of.Issued, of.Failure, of.Code = p.Act, p.Issued, p.Failure, broker.Code(p.Code)
	}
	r.events = append(r.events, of)
	return event.Receipt{}, nil
}

func (b *bench) last(t *testing.T) noted {
	t.Helper()
	b.record.mu.Lock()
	defer b.record.mu.Unlock()
	if len(b.record.events) == 0 {
		t.Fatal("nothing is on the record")
	}
	return b.record.events[len(b.record.events)-1]
}

// full is a directory of full members, in no group.
type full struct{}

func (full) Standing(context.Context, string) (broker.Standing, error) {
	return broker.Standing{Team: "T0123"}, nil
}

func (full) Groups(context.Context) (*policy.Membership, error) {
	return policy.Members(map[string][]string{}), nil
}

func newBench(t *testing.T) *bench {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	b := &bench{aws: aws, record: &record{}}
	aws.SetClock(b.now)
	aws.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: "alice-secret-key"})
	b.device = aws.AddDevice(hub, "alice", awstest.DeviceARN(hub, "alice"), []byte("alice-seed-0123456789"))
	trust := awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}, RequireMFA: true}
	aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", MaxSession: 2 * time.Hour, Trust: trust})
	t.Setenv("AWS_ENDPOINT_URL", aws.URL())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CA_BUNDLE", "") // that of the machine is long, and read by every client
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	b.env = map[string]string{"ALICE_AWS_ACCESS_KEY_ID": "AKIAALICE00000000000", "ALICE_AWS_SECRET_ACCESS_KEY": "alice-secret-key"}
	b.store, err = store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), Now: b.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	b.grants = b.store.Grants
	alice := policy.Rules{Allow: []policy.Rule{{Who: []string{"U01ALICE"}}}}
	b.config = &policy.Config{
		Workspaces: []string{"T0123"}, Contact: "#help-aws", RevealWindow: 10 * time.Minute,
		Users: policy.Users(policy.User{
			Slack: "U01ALICE", Name: "alice", SessionName: "alice",
			MFASerial: awstest.DeviceARN(hub, "alice"), Key: policy.KeySource{Env: "ALICE"},
		}),
		Accounts: policy.Accounts(
			policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", DefaultDuration: time.Hour, MaxDuration: 12 * time.Hour, MFA: policy.MFAFresh,
				Rules: alice},
			policy.Account{Name: "hub", DefaultDuration: time.Hour, MaxDuration: 36 * time.Hour, Rules: alice, MFA: policy.MFASession},
		),
	}
	b.Broker = b.again(t)
	return b
}

// newSessionBench is a bench with MFA sessions on, and staging, which may be had
// from one.
func newSessionBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.config.MFASession = 8 * time.Hour
	b.config.Accounts.Add("staging", policy.Account{
		Name: "staging", RoleARN: "arn:aws:iam::333333333333:role/Developer", DefaultDuration: time.Hour, MaxDuration: 2 * time.Hour,
		MFA: policy.MFASession, Rules: b.config.Accounts.Find("prod").Rules,
	})
	b.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Developer", MaxSession: 2 * time.Hour, Trust: stagingTrust(0)})
	return b
}

func stagingTrust(maxAge time.Duration) awstest.Trust {
	return awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}, RequireMFA: true, MaxMFAAge: maxAge}
}

// client reads the environment as it is now.
func (b *bench) client(t *testing.T, region string) *awsapi.Client {
	t.Helper()
	client, err := awsapi.New(t.Context(), region, func(name string) string { return b.env[name] }, b.now)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// again is the bench's broker with the environment and the config as they are now.
func (b *bench) again(t *testing.T) *broker.Broker {
	t.Helper()
	return b.with(b.client(t, "eu-west-1"))
}

// with is the bench's broker over another AWS.
func (b *bench) with(client broker.AWS) *broker.Broker {
	return broker.New(broker.Deps{
		Config: b.config, AWS: client, Ahead: b.store.Ahead, Codes: b.store.Codes, Sessions: b.store.Sessions, Grants: b.grants,
		Listings: b.store.Listings, Recorder: b.record, Directory: full{}, People: full{}, Counters: b.store.Counters, Approvals: b.store.Approvals,
		Leases: b.store.Leases, Orders: b.store.Orders, Keys: b.store.SealedKeys, ParseKey: parseKey,
		Now: b.now, Log: slog.New(slog.DiscardHandler),
	})
}

func parseKey(text string) (secret.PublicKey, error) {
	return secret.PublicKey{Text: text, Type: "age", Fingerprint: "print of " + text}, nil
}

func (b *bench) request(account, code string) broker.Request {
	r := broker.Request{
		ID: broker.NewID(), Account: account, Purpose: broker.PurposeShow,
		Caller: broker.Caller{User: "U01ALICE", Team: "T0123", Channel: "C0GENERAL"},
	}
	if code != "" {
		c, ok := secret.ParseTokenCode(code)
		if !ok {
			panic(fmt.Sprintf("%q is no code", code))
		}
		r.Code = c
	}
	return r
}

func (b *bench) later(d time.Duration) { b.offset.Add(int64(d)) }

func (b *bench) begin(t *testing.T) {
	t.Helper()
	if _, err := b.MFASessions.BeginMFASession(t.Context(), b.request("", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.aws.ForgetCalls()
	b.later(30 * time.Second) // the next code
}

// hasSession reports whether alice has an MFA session.
func (b *bench) hasSession(t *testing.T) bool {
	t.Helper()
	_, _, ok, err := b.store.Sessions.FindMFASession(t.Context(), "U01ALICE")
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func (b *bench) wantIssued(t *testing.T, r broker.Request) broker.Issued {
	t.Helper()
	issued, err := b.Issuing.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func (b *bench) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, c := range b.aws.Calls() {
		got = append(got, c.Action)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// asked counts the calls of an action that the fake saw.
func (b *bench) asked(action string) int {
	n := 0
	for _, c := range b.aws.Calls() {
		if c.Action == action {
			n++
		}
	}
	return n
}

func wantBrokerError(t *testing.T, err error) *broker.Error {
	t.Helper()
	var e *broker.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a broker.Error", err)
	}
	return e
}

func wantCode(t *testing.T, err error, want broker.Code) *broker.Error {
	t.Helper()
	e := wantBrokerError(t, err)
	if e.Code != want {
		t.Fatalf("got %s (%v), want %s", e.Code, e, want)
	}
	if len(e.What) == 0 || len(e.Hint) == 0 {
		t.Errorf("got %q and hint %q, want both", prose.Plain(e.What), prose.Plain(e.Hint))
	}
	return e
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
