package store

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/secret"
)

// trips counts what is sent and waited for: a pipeline is one.
type trips struct{ n atomic.Int64 }

func (c *trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (c *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.n.Add(1); return next(ctx, cmd) }
}

func (c *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.n.Add(1); return next(ctx, cmds) }
}

func TestRoundTripsOfEachCall(t *testing.T) {
	s, err := Open(t.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	counter := &trips{}
	for _, client := range []redis.UniversalClient{s.rdb, s.first} {
		if err := client.Ping(t.Context()).Err(); err != nil { // the connection is up, so no handshake is counted
			t.Fatal(err)
		}
		client.AddHook(counter)
	}

	ctx, now := t.Context(), time.Now()
	code, _ := secret.ParseTokenCode("123456")
	g := broker.Grant{ID: "g1", User: "U01ALICE", Account: "prod", Issued: now, Expires: now.Add(time.Hour)}
	c := secret.Credentials{Expires: now.Add(time.Hour)}
	var due broker.DueEntry
	kept := approval.Kept{Approval: approval.Approval{ID: "a1", User: "U01ALICE"}}
	asked := ahead.With(ctx)
	questions := ahead.Questions{
		User: "U01ALICE", Orders: true, LockOut: true, Key: true, Format: true, Seen: []string{"env:2"},
		Rates: []ahead.Rate{{Name: "y", RequestID: "r1", Limit: 1, Per: time.Minute}},
		Claim: &ahead.Claim{User: "U01ALICE", Serial: "serial", Code: code, RequestID: "r9", TTL: time.Minute},
		Owed:  &ahead.Owed{Owner: "r", ID: "r1", At: now, Text: []byte("x")},
	}
	var owes ledger.Entry
	batch := entry.Batch{Origin: "o", Replica: "r", ID: "b", After: -1}
	batch.Entries = []entry.Sealed{{After: -1, Root: make([]byte, entry.RootSize), ID: "e", Leaf: []byte("x")}}
	for _, call := range []struct {
		name string
		want int64
		do   func() error
	}{
		{"FirstSight", 1, func() error { _, err := s.Counters.FirstSight(ctx, "env:1", "trigger:1"); return err }},
		{"ReserveCode", 1, func() error {
			_, err := s.Codes.ReserveCode(ctx, "U01ALICE", "serial", code, "r1", time.Minute)
			return err
		}},
		{"ReleaseCode", 1, func() error { return s.Codes.ReleaseCode(ctx, "U01ALICE", "serial", code, "r1") }},
		{"CodeClaim", 1, func() error { _, err := s.Codes.CodeClaim(ctx, "U01ALICE", "serial", code); return err }},
		{"ReplaceClaim", 1, func() error { return s.Codes.ReplaceClaim(ctx, "U01ALICE", "serial", code, "r1", "r2") }},
		{"SaveMFASession", 1, func() error {
			return s.Sessions.SaveMFASession(ctx, broker.Session{ID: "r1", User: "U01ALICE", MFASerial: "serial", Expires: now.Add(time.Hour)}, c, nil)
		}},
		{"FindMFASession", 1, func() error { _, _, _, err := s.Sessions.FindMFASession(ctx, "U01ALICE"); return err }},
		{"DropMFASession of another", 1, func() error { _, err := s.Sessions.DropMFASession(ctx, "U01ALICE", "r2"); return err }},
		{"DropMFASession of one", 2, func() error { _, err := s.Sessions.DropMFASession(ctx, "U01ALICE", "r1"); return err }},
		{"DropMFASession", 1, func() error { _, err := s.Sessions.DropMFASession(ctx, "U01ALICE", ""); return err }},
		{"RemoveFormer", 1, func() error { _, err := s.Former.RemoveFormer(ctx, ""); return err }},
		{"RevealGrant of nothing", 1, func() error { _, _, _, err := s.Grants.RevealGrant(ctx, "U01ALICE", "prod"); return err }},
		{"SaveGrant with two entries of due lists", 1, func() error {
			later := broker.DueText{List: "later", At: now, Text: []byte("one")}
			_, err := s.Grants.SaveGrant(ctx, g, c, time.Minute, later, later)
			return err
		}},
		{"RevealGrant", 2, func() error { _, _, _, err := s.Grants.RevealGrant(ctx, "U01ALICE", "prod"); return err }},
		{"LiveGrants", 2, func() error { _, err := s.Grants.LiveGrants(ctx, "U01ALICE"); return err }},
		{"FindGrant", 1, func() error { _, _, err := s.Grants.FindGrant(ctx, "U01ALICE", "g1"); return err }},
		{"EndGrant", 1, func() error { return s.Grants.EndGrant(ctx, "U01ALICE", "g2") }},
		{"SaveFormat", 1, func() error { return s.Preferences.SaveFormat(ctx, "U01ALICE", "fish") }},
		{"LastFormat", 1, func() error { _, err := s.Preferences.LastFormat(ctx, "U01ALICE"); return err }},
		{"RememberHome", 1, func() error { return s.Preferences.RememberHome(ctx, "U01ALICE") }},
		{"Schema.Enter at the first start", 2, func() error { return s.Schema.Enter(ctx) }},
		{"Schema.Enter", 1, func() error { return s.Schema.Enter(ctx) }},
		{"Schema.Look", 1, func() error { return s.Schema.Look(ctx) }},
		{"SayAlive", 2, func() error { return s.Replicas.SayAlive(ctx, "r1", []byte("well"), time.Minute) }},
		{"Alive", 1, func() error { _, err := s.Replicas.Alive(ctx); return err }},
		{"Leave", 1, func() error { return s.Replicas.Leave(ctx, "r1") }},
		{"HomeOpened", 1, func() error { _, err := s.Preferences.HomeOpened(ctx, "U01ALICE"); return err }},
		{"ForgetCredentials", 1, func() error { return s.Grants.ForgetCredentials(ctx, "U01ALICE", "g1") }},
		{"LoadKey of none", 1, func() error { _, _, err := s.SealedKeys.LoadKey(ctx, "U01ALICE"); return err }},
		{"SaveKey", 1, func() error { return s.SealedKeys.SaveKey(ctx, "U01ALICE", broker.RegisteredKey{Text: "age1x"}) }},
		{"LoadKey", 1, func() error { _, _, err := s.SealedKeys.LoadKey(ctx, "U01ALICE"); return err }},
		{"RemoveKey", 1, func() error { return s.SealedKeys.RemoveKey(ctx, "U01ALICE") }},
		{"ReadFormer", 1, func() error { _, err := s.Former.ReadFormer(ctx, "", 10); return err }},
		{"Append", 1, func() error { _, err := s.Log.Append(ctx, batch); return err }},
		{"Restore", 1, func() error {
			_, err := s.Log.Restore(ctx, "o", []entry.Entry{{Sealed: batch.Entries[0]}})
			return err
		}},
		{"Read", 1, func() error { _, err := s.Log.Read(ctx, 0, 10); return err }},
		{"Origin", 1, func() error { _, err := s.Log.Origin(ctx); return err }},
		{"Open", 1, func() error { _, err := s.Log.Open(ctx, "x", 1, "x/2", batch.Entries); return err }},
		{"Bounds", 1, func() error { _, _, err := s.Log.Bounds(ctx); return err }},
		{"Asides", 1, func() error { _, err := s.Log.Asides(ctx, []int64{0}); return err }},
		{"Forget", 1, func() error { _, err := s.Log.Forget(ctx, 0); return err }},
		{"Trim", 1, func() error { return s.Checkpoints.Trim(ctx, 0) }},
		{"Checkpoint", 1, func() error { _, err := s.Checkpoints.Checkpoint(ctx); return err }},
		{"Publish", 1, func() error {
			_, err := s.Checkpoints.Publish(ctx, lease.Fence{Lease: published.Lease, Holder: "a", Turn: 1}, nil, []byte("c"))
			return err
		}},
		{"Tiles", 1, func() error { _, err := s.Checkpoints.Tiles(ctx, []string{"tile/0/000"}); return err }},
		{"DeleteTiles", 1, func() error { return s.Checkpoints.DeleteTiles(ctx, []string{"tile/0/000"}) }},
		{"SaveTiles", 1, func() error {
			return s.Checkpoints.SaveTiles(ctx, map[string][]byte{"tile/0/000.p/1": make([]byte, 32)})
		}},
		{"HoldLease", 1, func() error { _, err := s.Leases.HoldLease(ctx, "audit", "a", time.Minute); return err }},
		{"MoveCursor", 1, func() error {
			_, err := s.Cursors.MoveCursor(ctx, lease.Fence{Lease: "audit", Holder: "a", Turn: 1}, nil, []byte("1-0"))
			return err
		}},
		{"LoadCursor", 1, func() error { _, err := s.Cursors.LoadCursor(ctx, "audit"); return err }},
		{"ApprovalClock", 1, func() error { _, err := s.Approvals.ApprovalClock(ctx); return err }},
		{"ApprovalsOf nobody", 1, func() error { _, err := s.Approvals.ApprovalsOf(ctx, "U01ALICE"); return err }},
		{"SaveApproval", 1, func() error { return s.Approvals.SaveApproval(ctx, kept.Approval, time.Minute) }},
		{"LoadApproval", 1, func() error { kept, _, err = s.Approvals.LoadApproval(ctx, "U01ALICE", "a1"); return err }},
		{"SwapApproval", 1, func() error {
			next := kept.Approval
			next.Version++
			_, err := s.Approvals.SwapApproval(ctx, kept, next)
			return err
		}},
		{"ApprovalsOf", 2, func() error { _, err := s.Approvals.ApprovalsOf(ctx, "U01ALICE"); return err }},
		{"BeginCopy", 1, func() error { return s.Copies.BeginCopy(ctx, "groups", "t", time.Minute) }},
		{"SaveCopy", 2, func() error {
			_, err := s.Copies.SaveCopy(ctx, "groups", "t", []byte("{}"), time.Minute, time.Hour)
			return err
		}},
		{"LoadCopy", 1, func() error { _, _, err := s.Copies.LoadCopy(ctx, "groups", 0); return err }},
		{"DropCopy", 2, func() error { return s.Copies.DropCopy(ctx, "groups") }},
		{"CopyNews", 1, func() error { _, _, err := s.Copies.CopyNews(ctx, "users.info", "users.list"); return err }},
		{"StayAway", 1, func() error { return s.Copies.StayAway(ctx, "users.info", time.Minute) }},
		{"SwapKnown", 1, func() error { _, err := s.Copies.SwapKnown(ctx, "groups", nil, []byte("{}")); return err }},
		{"LoadKnown", 1, func() error { _, _, err := s.Copies.LoadKnown(ctx, "groups"); return err }},
		{"PutDue", 1, func() error { _, _, err := s.DueLists.PutDue(ctx, "x", now, []byte("one"), 0); return err }},
		{"DueBy of nothing", 1, func() error { _, err := s.DueLists.DueBy(ctx, "y", now, 10); return err }},
		{"DueBy", 2, func() error {
			entries, err := s.DueLists.DueBy(ctx, "x", now, 10)
			if len(entries) == 1 {
				due = entries[0]
			}
			return err
		}},
		{"TakeDue", 1, func() error { due, _, err = s.DueLists.TakeDue(ctx, "x", due, now); return err }},
		{"SettleDue", 1, func() error { _, err := s.DueLists.SettleDue(ctx, "x", due, now, []byte("two")); return err }},
		{"SetAsideDue", 1, func() error { _, err := s.DueLists.SetAsideDue(ctx, "x", due); return err }},
		{"Orders", 1, func() error { _, _, err := s.Orders.Orders(ctx, "U01ALICE"); return err }},
		{"RightCode", 1, func() error { return s.Counters.RightCode(ctx, "U01ALICE") }},
		{"all that is asked ahead", 1, func() error { s.Ahead.Ask(asked, questions); return nil }},
		{"all of it, one after the other", 0, func() error { return askAll(asked, s, questions) }},
		{"RightCode of who has no wrong code, as was asked", 0, func() error { return s.Counters.RightCode(asked, "U01ALICE") }},
		{"RightCode once more", 1, func() error { return s.Counters.RightCode(asked, "U01ALICE") }},
		{"Block", 1, func() error { return s.Orders.Block(ctx, "U01ALICE", broker.Order{}) }},
		{"Unblock", 1, func() error { _, err := s.Orders.Unblock(ctx, "U01ALICE", broker.Order{}); return err }},
		{"Pause", 1, func() error { return s.Orders.Pause(ctx, broker.Order{}) }},
		{"Resume", 1, func() error { _, err := s.Orders.Resume(ctx, broker.Order{}); return err }},
		{"TakeRate", 1, func() error { _, err := s.Counters.TakeRate(ctx, "x", "r1", 1, time.Minute); return err }},
		{"Held", 3, func() error { _, err := s.Grants.Held(ctx, 10); return err }},
		{"Unlock", 1, func() error { _, err := s.Counters.Unlock(ctx, "U01ALICE"); return err }},
		{"Owe", 1, func() error { owes, err = s.Ledger.Owe(ctx, *questions.Owed); return err }},
		{"OweAll", 1, func() error {
			_, err := s.Ledger.OweAll(ctx, []ahead.Owed{*questions.Owed, *questions.Owed})
			return err
		}},
		{"Owes", 1, func() error { _, err := s.Ledger.Owes(ctx, "r", owes); return err }},
		{"Replace", 1, func() error { owes, err = s.Ledger.Replace(ctx, "r", owes, []byte("y")); return err }},
		{"Settle", 1, func() error { return s.Ledger.Settle(ctx, owes, owes) }},
		{"Beat", 1, func() error { _, _, err := s.Ledger.Beat(ctx, "r", time.Minute); return err }},
		{"Holdings", 2, func() error { _, err := s.Ledger.Holdings(ctx, 10); return err }},
		{"Leave", 1, func() error { return s.Ledger.Leave(ctx, "r") }},
		{"Take", 1, func() error { _, err := s.Ledger.Take(ctx, "r", "q", 10, time.Minute); return err }},
		{"Tell", 1, func() error { return s.Ledger.Tell(ctx, "q", time.Minute) }},
		{"Told", 1, func() error { return s.Ledger.Told(ctx, "q") }},
		{"Taken", 1, func() error { _, err := s.Ledger.Taken(ctx, "q", 10); return err }},
		{"ReleaseLease", 1, func() error { return s.Leases.ReleaseLease(ctx, "audit", "a") }},
	} {
		before := counter.n.Load()
		if err := call.do(); err != nil {
			t.Errorf("%s: %v", call.name, err)
		}
		if got := counter.n.Load() - before; got != call.want {
			t.Errorf("%s: got %d round trips, want %d", call.name, got, call.want)
		}
	}
}

func askAll(ctx context.Context, s *Store, q ahead.Questions) error {
	_, seen := s.Counters.FirstSight(ctx, q.Seen...)
	r, c := q.Rates[0], q.Claim
	_, rate := s.Counters.TakeRate(ctx, r.Name, r.RequestID, r.Limit, r.Per)
	_, _, orders := s.Orders.Orders(ctx, q.User)
	_, locked := s.Counters.LockedFor(ctx, q.User)
	_, _, key := s.SealedKeys.LoadKey(ctx, q.User)
	_, format := s.Preferences.LastFormat(ctx, q.User)
	_, home := s.Preferences.HomeOpened(ctx, q.User)
	_, claim := s.Codes.ReserveCode(ctx, c.User, c.Serial, c.Code, c.RequestID, c.TTL)
	_, owed := s.Ledger.Owe(ctx, *q.Owed)
	return errors.Join(seen, rate, orders, locked, key, format, home, claim, owed)
}

func TestEmbeddedServerAsksForItsPassword(t *testing.T) {
	s, err := Open(t.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	stranger := redis.NewClient(&redis.Options{Addr: s.embedded.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = stranger.Close() })
	if err := stranger.Keys(t.Context(), "*").Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("keys without the password: got %v, want NOAUTH", err)
	}
}

func BenchmarkSaveAndRevealGrant(b *testing.B) {
	s, err := Open(b.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	now := time.Now()
	g := broker.Grant{ID: "g1", User: "U01ALICE", Account: "prod", Issued: now, Expires: now.Add(time.Hour)}
	c := secret.Credentials{SessionToken: secret.New(string(make([]byte, 4096))), Expires: g.Expires}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Grants.SaveGrant(b.Context(), g, c, time.Minute); err != nil {
			b.Fatal(err)
		}
		if _, _, ok, err := s.Grants.RevealGrant(b.Context(), g.User, g.Account); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// TestReachingRedisTakesOneRoundTrip counts none for the handshake of the connection.
func TestReachingRedisTakesOneRoundTrip(t *testing.T) {
	s, err := Open(t.Context(), Options{URL: secret.New(Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	counter := &trips{}
	s.rdb.AddHook(counter)
	if err := s.reach(t.Context()); err != nil || counter.n.Load() != 1 {
		t.Errorf("got %d round trips, %v, want 1", counter.n.Load(), err)
	}
}
