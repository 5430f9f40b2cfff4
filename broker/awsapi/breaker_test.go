package awsapi_test

import (
	"context"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// ask has each of users ask STS once, without a code, and returns the last error.
func (b *bench) ask(t *testing.T, client *awsapi.Client, users ...string) error {
	t.Helper()
	return askFor(t.Context(), client, users...)
}

func askFor(ctx context.Context, client *awsapi.Client, users ...string) (err error) {
	for _, user := range users {
		_, err = client.Issue(ctx, broker.Call{
			User:    policy.User{Slack: user, Name: "alice", SessionName: "alice"},
			Account: policy.Account{Name: "hub"},
			Plan:    broker.Plan{Method: broker.MethodGetSessionToken, Duration: time.Hour},
			Signer:  secret.Credentials{AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: secret.New("alice-secret-key")},
		})
	}
	return err
}

// silences are all ways in which STS does not answer.
var silences = map[string]awstest.Fault{
	"5xx":           {Error: &awstest.FaultError{Status: 503, Code: "ServiceUnavailable", Message: "x"}},
	"resets":        {Refuse: true},
	"lost answers":  {LoseAnswer: true},
	"a broken page": {Malformed: true},
}

// TestAnSTSThatDoesNotAnswerIsNotAskedAndCostsNoCode goes through it all: STS falls silent,
// a code is refused unspent, a probe without a code fails and then succeeds, and the code serves.
func TestAnSTSThatDoesNotAnswerIsNotAskedAndCostsNoCode(t *testing.T) {
	for name, fault := range silences {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			client := b.client(t, "eu-west-1")
			alice := b.with(client)
			heal := b.aws.Inject(fault)
			_ = b.ask(t, client, "U01ALICE", "U02BOB", "U01ALICE", "U01ALICE", "U01ALICE")
			calls := len(b.aws.Calls())
			_, err := alice.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
			e := wantCode(t, err, broker.CodeCannotReachAWS)
			const want = "AWS STS in eu-west-1 stopped answering, so it was not asked."
			if got := prose.Plain(e.What); got != want || e.Use != broker.UseUnused || prose.Plain(e.Hint) != "Try again in 30s." {
				t.Errorf("got %q %q and a code that was %v, want %q", got, prose.Plain(e.Hint), e.Use, want)
			}
			if got := b.last(t); got.Code != broker.CodeCannotReachAWS || got.Detail != "not_answering" {
				t.Errorf("got %+v on the record, want that AWS was not asked", got.Failure)
			}
			if got := len(b.aws.Calls()); got != calls {
				t.Errorf("got %d calls, want none", got-calls)
			}

			if got := client.Silent(); len(got) != 1 || got[0].Endpoint != "AWS STS in eu-west-1" || got[0].Since.IsZero() {
				t.Errorf("got %v silent, want STS", got)
			}
			b.later(3 * time.Minute) // the probe meets the same
			code := b.device.Code()
			_, err = alice.Issuing.Issue(t.Context(), b.request("prod", code))
			if e := wantCode(t, err, broker.CodeCannotReachAWS); e.Use != broker.UseUnused || b.asked("GetCallerIdentity") != 1 || b.asked("AssumeRole") != 0 {
				t.Errorf("got a code that was %v and %d probes, want it unused, and one", e.Use, b.asked("GetCallerIdentity"))
			} else if got := prose.Plain(e.What); got != "AWS STS in eu-west-1 has not answered for 3m, so it was not asked." {
				t.Errorf("got %q, want it to say how long", got)
			}

			heal()
			b.later(31 * time.Second)
			b.wantIssuedBy(t, alice, b.device.Code())
			if got := b.asked("GetCallerIdentity"); got != 2 {
				t.Errorf("got %d probes, want 2", got)
			}
			b.later(31 * time.Second)
			b.wantIssuedBy(t, alice, b.device.Code())
			if got := b.asked("GetCallerIdentity"); got != 2 {
				t.Errorf("got %d probes, want no more", got)
			}
			if got := client.Silent(); len(got) != 0 {
				t.Errorf("got %v silent, want none", got)
			}
		})
	}
}

func (b *bench) wantIssuedBy(t *testing.T, alice *broker.Broker, code string) {
	t.Helper()
	if _, err := alice.Issuing.Issue(t.Context(), b.request("prod", code)); err != nil {
		t.Errorf("got %v, want credentials", err)
	}
}

// TestWhatIsNoSilenceStopsNobody has refusals, one person alone, and answers in between.
func TestWhatIsNoSilenceStopsNobody(t *testing.T) {
	alice, both := []string{"U01ALICE"}, []string{"U01ALICE", "U02BOB"}
	for name, test := range map[string]struct {
		fault awstest.Fault
		users []string
		heal  bool // after each round
		pause time.Duration
	}{
		"refusals":          {fault: stsFaults["denied"], users: both},
		"throttling":        {fault: stsFaults["throttled"], users: both},
		"a key that is bad": {fault: stsFaults["key gone"], users: both},
		"one person":        {fault: silences["5xx"], users: alice},
		"answers between":   {fault: silences["5xx"], users: both, heal: true},
		"far apart":         {fault: silences["5xx"], users: both, pause: 6 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			client := b.client(t, "eu-west-1")
			for range 6 {
				heal := b.aws.Inject(test.fault)
				_ = b.ask(t, client, test.users...)
				heal()
				if test.heal {
					_ = b.ask(t, client, "U01ALICE")
				}
				b.later(test.pause)
			}
			if err := b.ask(t, client, "U01ALICE"); err != nil || b.asked("GetCallerIdentity") != 0 {
				t.Errorf("got %v after %d probes, want credentials and none", err, b.asked("GetCallerIdentity"))
			}
		})
	}
}
