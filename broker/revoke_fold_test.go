package broker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// TestAllWhoWaitForOneRoleAreWrittenAtOnce, so that an admin waits for no queue.
func TestAllWhoWaitForOneRoleAreWrittenAtOnce(t *testing.T) {
	a, account := revokeWorld(t)
	var names []string
	for i := range 28 {
		names = append(names, fmt.Sprintf("person-%02d", i))
	}
	denied, err := a.deny(t.Context(), account, func() []string { return names }, alone)
	if err != nil {
		t.Fatal(err)
	}
	doc := standing(t, a, account)
	if !denied.shownBy(doc, names) || len(doc.Statement) != len(names) {
		t.Errorf("got %s, want everybody in it", doc.text())
	}
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

// TestAFailedWritingSaysWhatAWSRefusedBefore.
func TestAFailedWritingSaysWhatAWSRefusedBefore(t *testing.T) {
	a, account := revokeWorld(t)
	denied, err := a.deny(t.Context(), account, only("alice"), alone)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	_, err = a.deny(t.Context(), account, only("alice"), func(context.Context) error {
		var failed error
		once.Do(func() { failed = context.DeadlineExceeded })
		return failed
	})
	if known := knownDenied(err, "alice"); known == nil || !known.Before.Equal(denied.Before) {
		t.Errorf("got %+v of %v, want what was refused before %v", known, err, denied.Before)
	}
	if known := knownDenied(err, "bob"); known != nil {
		t.Errorf("got %+v for another, want nothing known", known)
	}
	e := (&Broker{config: &Config{}}).notDenied(Request{ID: NewID()}, account, "alice", err)
	if !strings.Contains(Plain(e.What), "before an earlier revocation") {
		t.Errorf("got %q", Plain(e.What))
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
