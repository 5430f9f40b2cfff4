package broker

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// TestAFailedWritingSaysWhatAWSRefusesAllTheSame to those whom it covers.
func TestAFailedWritingSaysWhatAWSRefusesAllTheSame(t *testing.T) {
	b, account := New(Deps{Config: &policy.Config{}}), policy.Account{Name: "prod"}
	for name, test := range map[string]struct {
		failed DenialError
		says   string
	}{
		"alice before":     {DenialError{Earlier: map[string]time.Time{"alice": time.Now()}}, "before an earlier revocation"},
		"everybody before": {DenialError{Earlier: map[string]time.Time{"": time.Now()}, Unconfirmed: true}, "before an earlier revocation"},
		"bob before":       {DenialError{Earlier: map[string]time.Time{"bob": time.Now()}}, "could not tell AWS"},
		"unconfirmed":      {DenialError{Unconfirmed: true}, "nobody knows whether it does"},
		"refused":          {DenialError{Refused: true}, "lacks iam:GetRolePolicy"},
	} {
		test.failed.Err = context.DeadlineExceeded
		e := b.Revoking.notDenied(Request{ID: NewID()}, account, "alice", &test.failed)
		if said := prose.Plain(e.What, e.Hint); !strings.Contains(said, test.says) {
			t.Errorf("%s: got %q, want it to say %q", name, said, test.says)
		}
	}
}

// TestNothingIsAskedForWhatIsNoSessionName: neither AWS nor a lease, of which a
// Broker without ports has none.
func TestNothingIsAskedForWhatIsNoSessionName(t *testing.T) {
	for _, session := range []string{"", "*", "ali*", "a?ice", "${aws:username}", "a", "alice/bob", "alice bob", "alice\n", strings.Repeat("x", 65), "аlice"} {
		if _, err := New(Deps{Config: &policy.Config{}}).Revoking.deny(t.Context(), Request{}, policy.Account{}, session, false); err == nil {
			t.Errorf("deny %q: got no error", session)
		}
	}
}
