package broker_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// slowIAM writes a policy some time after it read it, as it was then and with who
// is denied: whoever writes in between is written over, as at AWS.
type slowIAM struct {
	*plainAWS
	t     *testing.T
	takes time.Duration
	began func() // of each writing; may be nil

	mu       sync.Mutex
	denied   map[policy.RoleARN][]string
	writing  map[policy.RoleARN]bool
	writings int
}

func (a *slowIAM) Deny(ctx context.Context, account policy.Account, names func() []string, still func(context.Context) error) (broker.Denied, error) {
	role := account.RoleARN
	a.mu.Lock()
	if a.writing[role] {
		a.t.Errorf("%s: two replicas write it at once", role)
	}
	a.writing[role] = true
	read := slices.Clone(a.denied[role])
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.writing[role] = false
	}()
	if a.began != nil {
		a.began()
	}
	sessions := names()
	select {
	case <-time.After(a.takes):
	case <-ctx.Done():
		return broker.Denied{}, &broker.DenialError{Err: ctx.Err()}
	}
	if err := still(ctx); err != nil {
		return broker.Denied{}, &broker.DenialError{Err: err}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writings++
	a.denied[role] = append(read, sessions...)
	return broker.Denied{Before: time.Now()}, nil
}

// shared are Accounts of a few roles, all of which alice and bob have something
// of, two replicas, and what AWS denies.
type shared struct {
	*bench
	one, two *broker.Broker
	iam      *slowIAM
}

func newShared(t *testing.T, roles, accountsEach int, takes time.Duration) *shared {
	t.Helper()
	b := newAdminBench(t)
	revocable(b)
	like, bob := *b.config.Accounts.Find("prod"), *b.config.Users.Find("U01ALICE")
	bob.Slack, bob.Name, bob.SessionName = "U02BOB", "bob", "bob"
	b.config.Users.Add(bob.Slack, bob)
	b.config.Accounts = policy.Accounts()
	for i := range roles * accountsEach {
		a := like
		a.Name, a.RoleARN = fmt.Sprintf("prod-%d", i), policy.RoleARN(awstest.RoleARN("222222222222", fmt.Sprintf("OnCall%d", i%roles)))
		b.config.Accounts.Add(a.Name, a)
		for u := range b.config.Users.All() {
			b.grants[u.Slack+a.Name] = broker.Grant{ID: u.Name + a.Name, User: u.Slack, Account: a.Name, RoleARN: a.RoleARN}
		}
	}
	iam := &slowIAM{plainAWS: b.client, t: t, takes: takes, denied: map[policy.RoleARN][]string{}, writing: map[policy.RoleARN]bool{}}
	return &shared{bench: b, one: b.with(iam), two: b.with(iam), iam: iam}
}

// revokeAll has alice and bob revoke each Account, at once and on a replica each.
func (s *shared) revokeAll(t *testing.T, all *sync.WaitGroup) {
	for account := range s.config.Accounts.All() {
		for user, replica := range map[string]*broker.Broker{"U01ALICE": s.one, "U02BOB": s.two} {
			r := s.request(account.Name, "")
			r.Caller.User = user
			all.Go(func() {
				// Whoever finds that another took it all has nothing to tell AWS.
				if done, err := replica.Revoking.Revoke(t.Context(), r); err != nil || done.Err != nil || done.Denied == nil && !done.Nothing {
					t.Errorf("%s of %s: got %+v, %v, want that AWS refuses it", user, r.Account, done, err)
				}
			})
		}
	}
}

// wantAllDenied wants that AWS refuses both people of each role, and nothing left.
func (s *shared) wantAllDenied(t *testing.T, roles int) {
	t.Helper()
	for role, names := range s.iam.denied {
		if !slices.Contains(names, "alice") || !slices.Contains(names, "bob") {
			t.Errorf("%s: got %v denied, want both", role, names)
		}
	}
	if len(s.iam.denied) != roles || len(s.leases) != 0 || len(s.grants) != 0 {
		t.Errorf("got %d roles, leases %v, grants %v; want %d roles, and nothing left", len(s.iam.denied), s.leases, slices.Collect(maps.Keys(s.grants)), roles)
	}
}

// TestReplicasThatRevokeAtOnceLoseNothingOfEachOther: many accounts that share
// roles, two people, and an admin who takes all from one of them.
func TestReplicasThatRevokeAtOnceLoseNothingOfEachOther(t *testing.T) {
	const roles, accountsEach = 8, 3
	s := newShared(t, roles, accountsEach, 300*time.Millisecond)
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		s.revokeAll(t, &all)
		all.Go(func() {
			done, err := s.two.Revoking.RevokePerson(t.Context(), by(s.bench, adminID), "U01ALICE")
			if err != nil || done.Err != nil || len(done.Accounts) != roles*accountsEach {
				t.Errorf("the admin: got %+v, %v, want all accounts", done, err)
			}
			for _, of := range done.Accounts {
				if of.Denied == nil || of.Err != nil {
					t.Errorf("the admin: got %+v, want that AWS refuses it", of)
				}
			}
		})
		all.Wait()
		s.wantAllDenied(t, roles)
	})
}

// TestAWritingThatOutlastsItsLeaseKeepsIt while the other replica waits.
func TestAWritingThatOutlastsItsLeaseKeepsIt(t *testing.T) {
	const roles = 8
	s := newShared(t, roles, 1, 11*time.Second)
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		s.revokeAll(t, &all)
		all.Wait()
		s.wantAllDenied(t, roles)
	})
}

// TestRevocationsWaitForAReplicaThatDied, and still have the time to tell AWS.
func TestRevocationsWaitForAReplicaThatDied(t *testing.T) {
	s := newShared(t, 1, 1, 6*time.Second)
	synctest.Test(t, func(t *testing.T) {
		if turn, err := s.HoldLease(t.Context(), "revocations:"+string(s.config.Accounts.Find("prod-0").RoleARN), "dead", 10*time.Second); turn == 0 || err != nil {
			t.Fatal(turn, err)
		}
		var all sync.WaitGroup
		s.revokeAll(t, &all)
		all.Wait()
		s.wantAllDenied(t, 1)
	})
}

// TestAWritingWhoseLeaseIsLostIsNotSaidToBeDone, and writes nothing more.
func TestAWritingWhoseLeaseIsLostIsNotSaidToBeDone(t *testing.T) {
	s := newShared(t, 1, 1, 11*time.Second)
	synctest.Test(t, func(t *testing.T) {
		s.iam.began = func() {
			s.memory.mu.Lock()
			defer s.memory.mu.Unlock()
			s.leasesErr = errDown
		}
		done, err := s.one.Revoking.Revoke(t.Context(), s.request("prod-0", ""))
		if err != nil || done.Denied != nil || done.Err == nil || !strings.Contains(prose.Plain(done.Err.What), "nobody knows whether it does") {
			t.Errorf("got %+v, %v, want that nobody knows", done, err)
		}
		if s.iam.writings != 0 {
			t.Error("it wrote though another may hold the lease")
		}
	})
}
