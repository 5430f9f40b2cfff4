package store

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/secret"
)

// TestWhatGoesFirstWaitsForNoConnectionOfTheCrowd holds all connections of those who
// begin something, and finishes what was begun.
func TestWhatGoesFirstWaitsForNoConnectionOfTheCrowd(t *testing.T) {
	s, err := Open(t.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx, now := t.Context(), time.Now()
	due, _, err := s.DueLists.PutDue(ctx, "owed", now, []byte("an answer"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for range poolSize {
		conn := s.rdb.(*redis.Client).Conn()
		if err := conn.Ping(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	if got := s.rdb.PoolStats(); got.IdleConns != 0 || got.TotalConns != poolSize {
		t.Fatalf("got %+v, want a pool without a connection to spare", got)
	}

	first := patience.First(ctx)
	code, _ := secret.ParseTokenCode("123456")
	g := broker.Grant{ID: "g1", User: "U01ALICE", Account: "prod", Issued: now, Expires: now.Add(time.Hour)}
	c := secret.Credentials{Expires: now.Add(time.Hour)}
	batch := entry.Batch{Origin: "o", Replica: "r", ID: "b", After: -1}
	batch.Entries = []entry.Sealed{{After: -1, Root: make([]byte, entry.RootSize), ID: "e", Leaf: []byte("x")}}
	for name, do := range map[string]func() error{
		"an append":               func() error { _, err := s.Log.Append(ctx, batch); return err },
		"a lease":                 func() error { _, err := s.Leases.HoldLease(ctx, "audit", "a", time.Minute); return err },
		"an answer that is given": func() error { _, err := s.DueLists.SettleDue(ctx, "owed", due, now, nil); return err },
		"a Grant":                 func() error { _, err := s.Grants.SaveGrant(first, g, c, time.Minute); return err },
		"a code that is spent":    func() error { return s.Codes.ReplaceClaim(first, "U01ALICE", "serial", code, "r1", "r2") },
		"a code that is given back": func() error {
			return s.Codes.ReleaseCode(first, "U01ALICE", "serial", code, "r1")
		},
		"a right code": func() error { return s.Counters.RightCode(first, "U01ALICE") },
		"orders":       func() error { _, _, err := s.Orders.Orders(first, "U01ALICE"); return err },
		"an MFA session": func() error {
			return s.Sessions.SaveMFASession(first, broker.Session{ID: "r1", User: "U01ALICE", MFASerial: "serial", Expires: now.Add(time.Hour)}, c, nil)
		},
		"a key": func() error { return s.SealedKeys.SaveKey(first, "U01ALICE", broker.RegisteredKey{Text: "age1x"}) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := do(); err != nil {
				t.Errorf("got %v, want it done", err)
			}
		})
	}
	if got := s.rdb.PoolStats(); got.WaitCount != 0 {
		t.Errorf("got %d waits for a connection of the crowd, want none", got.WaitCount)
	}
}
