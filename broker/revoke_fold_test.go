package broker

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// TestARevocationServesThoseThatFindNothingElse, and never one that finds newer
// credentials.
func TestARevocationServesThoseThatFindNothingElse(t *testing.T) {
	var f fold
	began, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	old, newer := Grant{ID: "old"}, Grant{ID: "newer"}
	go func() {
		defer close(ended)
		f.do(context.Background(), "alice staging", []Grant{old}, func() Revocation {
			close(began)
			<-end
			return Revocation{Ended: 1}
		})
	}()
	<-began
	for _, other := range []struct {
		name  string
		found []Grant
	}{{"alice staging", []Grant{old, newer}}, {"bob staging", []Grant{old}}} {
		if got, shared := f.do(t.Context(), other.name, other.found, func() Revocation { return Revocation{Ended: 7} }); shared || got.Ended != 7 {
			t.Errorf("%s, %v: got %+v shared %v, want a revocation of its own", other.name, other.found, got, shared)
		}
	}
	close(end)
	<-ended
	if _, shared := f.do(t.Context(), "alice staging", []Grant{old}, func() Revocation { return Revocation{} }); shared {
		t.Error("one that had ended was waited for")
	}
}

func TestAnIdenticalRevocationGetsTheAnswerOfTheOneUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f fold
		end := make(chan struct{})
		do := func(revoke func() Revocation) (Revocation, bool) {
			return f.do(context.Background(), "alice staging", []Grant{{ID: "old"}}, revoke)
		}
		go do(func() Revocation {
			<-end
			return Revocation{Ended: 1}
		})
		synctest.Wait()
		for range 27 {
			go func() {
				done, shared := do(func() Revocation { return Revocation{Ended: 7} })
				if done.Ended != 1 || !shared {
					t.Errorf("got %+v, want the answer of the first", done)
				}
			}()
		}
		synctest.Wait()
		close(end)
		synctest.Wait()
	})
}

func TestWhoComesBeforeTheWritingJoinsIt(t *testing.T) {
	var d denials
	first, leads := d.join("role", "alice", false)
	second, follows := d.join("role", "bob", true)
	if !leads || follows || first != second || !d.isUrgent(first) {
		t.Fatalf("got leads %v, %v and urgent %v, want one writing that an admin waits for", leads, follows, d.isUrgent(first))
	}
	if got := d.begin("role", first); !slices.Equal(got, []string{"alice", "bob"}) {
		t.Errorf("got %v, want both", got)
	}
	if late, leads := d.join("role", "carol", false); !leads || late == first {
		t.Error("who came after it began joined it: what was issued meanwhile would not be refused")
	}
}

func TestWhoWaitedForARunThatPanickedIsNotToldThatItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f fold
		end := make(chan struct{})
		do := func(revoke func() Revocation) (Revocation, bool) {
			return f.do(context.Background(), "alice staging", []Grant{{ID: "old"}}, revoke)
		}
		go func() {
			defer func() { _ = recover() }()
			do(func() Revocation { <-end; panic("x") })
		}()
		synctest.Wait()
		go func() {
			if done, shared := do(func() Revocation { return Revocation{Ended: 7} }); !shared || done.Err == nil {
				t.Errorf("got %+v, shared %t, want an error for what nobody finished", done, shared)
			}
		}()
		synctest.Wait()
		close(end)
	})
}

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
		if said := Plain(e.What, e.Hint); !strings.Contains(said, test.says) {
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
