package broker_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// A flow is one way through attempt.go, its steps in their order.
type flow struct {
	name     string
	account  string
	code     bool   // it sends one
	approval bool   // it uses one
	shared   bool   // its code begins an MFA session, which others with that code may use
	steps    string // those of the attempt that begins an MFA session are session.…
	events   string // on the record when nothing fails
	outcome  string // the kind of Event that ends it well; "": granted
	keeps    string // what is kept then: grant, session, key
	prepare  func(t *testing.T, s *stage)
	do       func(ctx context.Context, br *broker.Broker, r broker.Request) error
	but      []rule // where it differs from the rules
}

var flows = []flow{
	{
		name:     "issue",
		account:  "prod",
		code:     true,
		approval: true,
		keeps:    "grant",
		steps:    "calls code approval intent ask look outcome keep look-again",
		events:   "intent granted",
		do:       issue,
	},
	{
		name:     "issue from an MFA session",
		account:  "staging",
		approval: true,
		keeps:    "grant",
		steps:    "calls approval intent ask look outcome keep look-again",
		events:   "intent granted",
		prepare:  beginSession,
		do:       issue,
		but: []rule{
			{"ask", "unread", "intent failed:session_expired", "", "approved", "", "code_needed"}, // the MFA session is no more
		},
	},
	{
		name:     "issue from the MFA session that the code begins",
		account:  "staging",
		code:     true,
		approval: true,
		shared:   true,
		keeps:    "grant session",
		steps: "calls calls session.code session.intent session.ask session.approval session.look session.outcome session.keep " +
			"ask look outcome keep look-again",
		events: "intent granted intent granted",
		do:     issue,
		but: []rule{
			{"session.keep", "fails", goesOn, "spent", "", "grant", ""},
			{"session.keep", "lost", goesOn, "begun", "", "grant", ""}, // and nobody finds it
			// What follows begins with the outcome of the MFA session.
			{"session.approval", "fails", "intent granted refused:store_failed", "begun", "approved", "session", "store_failed"},
			{"session.approval", "panics", "intent", "spent", "approved", "", "panic"},
			{"session.approval", "ends", "intent", "spent", "used", "", "silence"},
			{"session.look", "ordered", "intent failed:blocked approval", "spent", "cancelled", "", "blocked"}, // it is given back to nobody
			{"session.look", "ends", "intent", "spent", "used", "", "silence"},
			{"session.outcome", "lost", "intent granted intent", "spent", "approved", "", "record_failed"}, // the record closes the second itself
			{"session.outcome", "slow", "intent granted intent failed:store_failed", "begun", "approved", "session", "store_failed"},
			{"session.outcome", "panics", "intent granted intent", "spent", "approved", "", "panic"},
			{"session.outcome", "ends", "intent granted intent", "spent", "used", "", "silence"},
			{"session.keep", "panics", "intent granted intent", "begun", "approved", "session", "panic"},
			{"session.keep", "ends", "intent granted intent", "begun", "used", "session", "silence"},
			// Who has gone needs no credentials, but the MFA session is there.
			{"session.approval", "gone cut", "intent granted refused:store_failed", "begun", "approved", "session", "store_failed"},
			{"session.look session.outcome session.keep", "gone", "intent granted intent failed:store_failed", "begun", "approved", "session", "store_failed"},
			{"ask", "unread", "intent failed:session_expired", "begun", "approved", "none", "session_expired"},
			{"keep", "fails", goesOn, "", "", "session", ""},
		},
	},
	{
		name:   "begin an MFA session",
		code:   true,
		shared: true,
		keeps:  "session",
		steps:  "session.code session.intent session.ask session.look session.outcome session.keep",
		events: "intent granted",
		do: func(ctx context.Context, br *broker.Broker, r broker.Request) error {
			_, err := br.MFASessions.BeginMFASession(ctx, r)
			return err
		},
		but: []rule{
			{"session.keep", "fails", "intent granted", "spent", "", "", "store_failed"}, // nobody has it
			{"session.keep", "lost", "intent granted", "begun", "", "", "store_failed"},  // so it is dropped
			{"session.keep", "panics", "intent granted", "begun", "", "all", "panic"},
			{"session.keep", "ends", "intent granted", "begun", "", "all", "silence"},
		},
	},
	{
		name:    "change a key",
		code:    true,
		keeps:   "key",
		outcome: "key_changed",
		steps:   "code intent ask look outcome keep",
		events:  "intent key_changed",
		do: func(ctx context.Context, br *broker.Broker, r broker.Request) error {
			_, err := br.Keys.ChangeKey(ctx, r, keyOf("new"))
			return err
		},
		but: []rule{
			{"look", "fails lost", "intent failed:store_failed", "spent", "", "", "store_failed"},
			{"keep", "fails", "intent granted failed:store_failed", "spent", "", "", "store_failed"},
			{"keep", "lost", "intent granted failed:store_failed", "spent", "", "all", "store_failed"},
		},
	},
	{
		name:    "list buckets",
		account: "dev",
		code:    true,
		keeps:   "grant",
		steps:   "calls code intent ask look outcome keep look-again use list",
		events:  "intent granted listing",
		do:      listBuckets,
		but: []rule{
			{"look outcome keep look-again", "gone", "intent granted", "", "", "all", "record_failed"}, // nobody waits for the list
		},
	},
	{
		name:    "list buckets again",
		account: "dev",
		keeps:   "grant",
		steps:   "use list",
		events:  "listing",
		prepare: issueBefore,
		do:      listBuckets,
	},
	{
		name:    "show again",
		account: "dev",
		keeps:   "grant",
		steps:   "use",
		events:  "shown",
		prepare: issueBefore,
		do: func(ctx context.Context, br *broker.Broker, r broker.Request) error {
			issued, err := revealLast(ctx, br, r)
			return shown(issued.Credentials, err)
		},
	},
	{
		name:     "sign in",
		account:  "prod",
		code:     true,
		approval: true,
		keeps:    "grant",
		steps:    "calls code approval intent ask look outcome keep look-again link",
		events:   "intent granted",
		do: func(ctx context.Context, br *broker.Broker, r broker.Request) error {
			in, err := br.Issuing.Console(ctx, r, "")
			return shown(in.Credentials, err)
		},
		but: []rule{
			{"look outcome keep look-again", "gone", "intent granted failed:signin_failed", "", "", "all", "served"},
		},
	},
	{
		name:    "sign in again",
		account: "dev",
		keeps:   "grant",
		steps:   "use link",
		events:  "shown",
		prepare: issueBefore,
		do: func(ctx context.Context, br *broker.Broker, r broker.Request) error {
			r.Purpose = broker.PurposeConsole
			issued, err := revealLast(ctx, br, r)
			if err != nil {
				return shown(issued.Credentials, err)
			}
			in, err := br.Issuing.ConsoleLink(ctx, r, issued, "")
			return shown(in.Credentials, err)
		},
	},
}

func issue(ctx context.Context, br *broker.Broker, r broker.Request) error {
	issued, err := br.Issuing.Issue(ctx, r)
	return shown(issued.Credentials, err)
}

// shown is err; credentials must be there without one, and with none. What breaks
// that is no error of the broker's, so that it is not taken for what the person is
// told.
func shown(c secret.Credentials, err error) error {
	if (err == nil) == c.SecretAccessKey.Empty() {
		return fmt.Errorf("got credentials: %t, and error %v", err != nil, err) //nolint:errorlint // it must not be unwrapped
	}
	return err
}

func listBuckets(ctx context.Context, br *broker.Broker, r broker.Request) error {
	r.Purpose = broker.PurposeBuckets
	_, err := br.Lists.Buckets(ctx, r, "")
	return err
}

func revealLast(ctx context.Context, br *broker.Broker, r broker.Request) (broker.Issued, error) {
	live, err := br.Holding.Live(ctx, r)
	if err != nil {
		return broker.Issued{}, err
	}
	return br.Holding.Reveal(ctx, r, live[len(live)-1].ID)
}

func beginSession(t *testing.T, s *stage) {
	t.Helper()
	if _, err := s.process().MFASessions.BeginMFASession(t.Context(), s.bench.request("", s.bench.device.Code())); err != nil {
		t.Fatal(err)
	}
}

func issueBefore(t *testing.T, s *stage) {
	t.Helper()
	if _, err := s.process().Issuing.Issue(t.Context(), s.bench.request("dev", s.bench.device.Code())); err != nil {
		t.Fatal(err)
	}
}
