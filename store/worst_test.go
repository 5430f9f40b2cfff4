package store_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func everyCall(s *store.Store) map[string]func(context.Context) error {
	code, _ := secret.ParseTokenCode("123456")
	expires := time.Now().Add(time.Hour)
	g := broker.Grant{ID: "g1", User: "U01ALICE", Account: "prod", Issued: time.Now(), Expires: expires}
	c := secret.Credentials{SecretAccessKey: secret.New("MARKED"), Expires: expires}
	a := approval.Approval{ID: "a1", User: "U01ALICE", Account: "prod", Reason: "MARKED", State: approval.Waiting}
	appendOne := func(ctx context.Context) error {
		b := entry.Batch{Origin: "o", Replica: "r", ID: broker.NewID(), After: -1}
		b.Entries = []entry.Sealed{{After: -1, ID: b.ID, Root: make([]byte, entry.RootSize), Leaf: []byte("MARKED"), Aside: []byte("MARKED")}}
		_, err := s.Log.Append(ctx, b)
		return err
	}
	return map[string]func(context.Context) error{
		"Owe": func(ctx context.Context) error {
			_, err := s.Ledger.Owe(ctx, ahead.Owed{Owner: "r", ID: "r1", At: time.Now(), Text: []byte("MARKED")})
			return err
		},
		"OweAll": func(ctx context.Context) error {
			_, err := s.Ledger.OweAll(ctx, []ahead.Owed{{Owner: "r", ID: "r2", At: time.Now(), Text: []byte("MARKED")}})
			return err
		},
		"Beat":             func(ctx context.Context) error { _, _, err := s.Ledger.Beat(ctx, "r", time.Minute); return err },
		"Leave the ledger": func(ctx context.Context) error { return s.Ledger.Leave(ctx, "q") },
		"Take":             func(ctx context.Context) error { _, err := s.Ledger.Take(ctx, "q", "r", 1, time.Minute); return err },
		"Taken":            func(ctx context.Context) error { _, err := s.Ledger.Taken(ctx, "r", 1); return err },
		"Owes": func(ctx context.Context) error {
			_, err := s.Ledger.Owes(ctx, "r", ledger.Entry{List: "assumebot:{owed}:by:r"})
			return err
		},
		"Settle": func(ctx context.Context) error {
			return s.Ledger.Settle(ctx, ledger.Entry{List: "assumebot:{owed}:by:r"})
		},
		"Replace": func(ctx context.Context) error {
			e := ledger.Entry{List: "assumebot:{owed}:by:r", At: time.Now()}
			_, err := s.Ledger.Replace(ctx, "r", e, []byte("MARKED"))
			return err
		},
		"FirstSight": func(ctx context.Context) error { _, err := s.Counters.FirstSight(ctx, broker.NewID()); return err },
		"ReserveCode": func(ctx context.Context) error {
			_, err := s.Codes.ReserveCode(ctx, "U01ALICE", "serial", code, "r1", time.Minute)
			return err
		},
		"ReleaseCode": func(ctx context.Context) error { return s.Codes.ReleaseCode(ctx, "U01ALICE", "serial", code, "r1") },
		"SaveGrant":   func(ctx context.Context) error { _, err := s.Grants.SaveGrant(ctx, g, c, time.Minute); return err },
		"RevealGrant": func(ctx context.Context) error {
			_, _, _, err := s.Grants.RevealGrant(ctx, "U01ALICE", "prod")
			return err
		},
		"FindGrant": func(ctx context.Context) error { _, _, err := s.Grants.FindGrant(ctx, "U01ALICE", "g1"); return err },
		"EndGrant":  func(ctx context.Context) error { return s.Grants.EndGrant(ctx, "U01ALICE", "g1") },
		"CodeClaim": func(ctx context.Context) error {
			_, err := s.Codes.CodeClaim(ctx, "U01ALICE", "serial", code)
			return err
		},
		"ReplaceClaim": func(ctx context.Context) error {
			return s.Codes.ReplaceClaim(ctx, "U01ALICE", "serial", code, "r1", "r2")
		},
		"SaveKey": func(ctx context.Context) error {
			return s.SealedKeys.SaveKey(ctx, "U01ALICE", broker.RegisteredKey{Text: "age1x"})
		},
		"LoadKey":   func(ctx context.Context) error { _, _, err := s.SealedKeys.LoadKey(ctx, "U01ALICE"); return err },
		"RemoveKey": func(ctx context.Context) error { return s.SealedKeys.RemoveKey(ctx, "U01ALICE") },
		"SaveMFASession": func(ctx context.Context) error {
			return s.Sessions.SaveMFASession(ctx, broker.Session{ID: "r1", User: "U01ALICE", MFASerial: "serial", Expires: expires}, c, nil)
		},
		"FindMFASession": func(ctx context.Context) error {
			_, _, _, err := s.Sessions.FindMFASession(ctx, "U01ALICE")
			return err
		},
		"DropMFASession": func(ctx context.Context) error {
			_, err := s.Sessions.DropMFASession(ctx, "U01ALICE", "r1")
			return err
		},
		"Origin":            func(ctx context.Context) error { _, err := s.Log.Origin(ctx); return err },
		"SaveFormat":        func(ctx context.Context) error { return s.Preferences.SaveFormat(ctx, "U01ALICE", "fish") },
		"LastFormat":        func(ctx context.Context) error { _, err := s.Preferences.LastFormat(ctx, "U01ALICE"); return err },
		"RememberHome":      func(ctx context.Context) error { return s.Preferences.RememberHome(ctx, "U01ALICE") },
		"Schema.Look":       func(ctx context.Context) error { return s.Schema.Look(ctx) },
		"Schema.Enter":      func(ctx context.Context) error { return s.Schema.Enter(ctx) },
		"SayAlive":          func(ctx context.Context) error { return s.Replicas.SayAlive(ctx, "r1", []byte("well"), time.Minute) },
		"Alive":             func(ctx context.Context) error { _, err := s.Replicas.Alive(ctx); return err },
		"Leave":             func(ctx context.Context) error { return s.Replicas.Leave(ctx, "r1") },
		"HomeOpened":        func(ctx context.Context) error { _, err := s.Preferences.HomeOpened(ctx, "U01ALICE"); return err },
		"LiveGrants":        func(ctx context.Context) error { _, err := s.Grants.LiveGrants(ctx, "U01ALICE"); return err },
		"ForgetCredentials": func(ctx context.Context) error { return s.Grants.ForgetCredentials(ctx, "U01ALICE", "g1") },
		"RemoveFormer":      func(ctx context.Context) error { _, err := s.Former.RemoveFormer(ctx, ""); return err },
		"ReadFormer":        func(ctx context.Context) error { _, err := s.Former.ReadFormer(ctx, "", 10); return err },
		"Append":            appendOne,
		"Read":              func(ctx context.Context) error { _, err := s.Log.Read(ctx, 0, 10); return err },
		"Bounds":            func(ctx context.Context) error { _, _, err := s.Log.Bounds(ctx); return err },
		"Restore": func(ctx context.Context) error {
			sealed := entry.Sealed{After: -1, ID: "e", Root: make([]byte, entry.RootSize), Leaf: []byte("MARKED")}
			_, err := s.Log.Restore(ctx, "o", []entry.Entry{{Sealed: sealed}})
			if errors.Is(err, tree.ErrRewound) { // another call was first
				return nil
			}
			return err
		},
		"Await":      func(ctx context.Context) error { return s.Log.Await(ctx, 0, 50*time.Millisecond) },
		"Asides":     func(ctx context.Context) error { _, err := s.Log.Asides(ctx, []int64{0}); return err },
		"Forget":     func(ctx context.Context) error { _, err := s.Log.Forget(ctx, 0); return err },
		"Trim":       func(ctx context.Context) error { return s.Checkpoints.Trim(ctx, 0) },
		"Checkpoint": func(ctx context.Context) error { _, err := s.Checkpoints.Checkpoint(ctx); return err },
		"Publish": func(ctx context.Context) error {
			_, err := s.Checkpoints.Publish(ctx, lease.Fence{Lease: published.Lease, Holder: "a", Turn: 1}, nil, []byte("c"))
			return err
		},
		"Tiles": func(ctx context.Context) error {
			_, err := s.Checkpoints.Tiles(ctx, []string{"tile/0/000"})
			return err
		},
		"Durability":  func(ctx context.Context) error { _, err := s.Log.Durability(ctx); return err },
		"DeleteTiles": func(ctx context.Context) error { return s.Checkpoints.DeleteTiles(ctx, []string{"tile/0/000"}) },
		"SaveTiles": func(ctx context.Context) error {
			if err := appendOne(ctx); err != nil { // a tree without entries is of a record that was lost
				return err
			}
			return s.Checkpoints.SaveTiles(ctx, map[string][]byte{"tile/0/000.p/1": make([]byte, 32)})
		},
		"HoldLease":    func(ctx context.Context) error { _, err := s.Leases.HoldLease(ctx, "x", "a", time.Minute); return err },
		"ReleaseLease": func(ctx context.Context) error { return s.Leases.ReleaseLease(ctx, "x", "a") },
		"MoveCursor": func(ctx context.Context) error {
			_, err := s.Cursors.MoveCursor(ctx, lease.Fence{Lease: "x", Holder: "a", Turn: 1}, nil, []byte("1-0"))
			return err
		},
		"SaveListing": func(ctx context.Context) error {
			return s.Listings.SaveListing(ctx, "U01ALICE", "g1", "", listing.Listing{}, time.Minute)
		},
		"LoadListing": func(ctx context.Context) error {
			_, _, err := s.Listings.LoadListing(ctx, "U01ALICE", "g1", "")
			return err
		},
		"ApprovalClock": func(ctx context.Context) error { _, err := s.Approvals.ApprovalClock(ctx); return err },
		"SaveApproval":  func(ctx context.Context) error { return s.Approvals.SaveApproval(ctx, a, time.Minute) },
		"LoadApproval": func(ctx context.Context) error {
			_, _, err := s.Approvals.LoadApproval(ctx, "U01ALICE", "a1")
			return err
		},
		"SwapApproval": func(ctx context.Context) error {
			newer := a
			newer.Version++
			_, err := s.Approvals.SwapApproval(ctx, approval.Kept{Approval: a, Sealed: []byte("x")}, newer)
			return err
		},
		"ApprovalsOf": func(ctx context.Context) error { _, err := s.Approvals.ApprovalsOf(ctx, "U01ALICE"); return err },
		"Orders":      func(ctx context.Context) error { _, _, err := s.Orders.Orders(ctx, "U01ALICE"); return err },
		"Block":       func(ctx context.Context) error { return s.Orders.Block(ctx, "U01ALICE", broker.Order{By: "U02BOB"}) },
		"Unblock": func(ctx context.Context) error {
			_, err := s.Orders.Unblock(ctx, "U01ALICE", broker.Order{})
			return err
		},
		"Pause":  func(ctx context.Context) error { return s.Orders.Pause(ctx, broker.Order{By: "U02BOB"}) },
		"Resume": func(ctx context.Context) error { _, err := s.Orders.Resume(ctx, broker.Order{}); return err },
		"TakeRate": func(ctx context.Context) error {
			_, err := s.Counters.TakeRate(ctx, "x", "r1", 1, time.Minute)
			return err
		},
		"Held": func(ctx context.Context) error { _, err := s.Grants.Held(ctx, 10); return err },
		"LockedFor": func(ctx context.Context) error {
			_, err := s.Counters.LockedFor(ctx, "U01ALICE")
			return err
		},
		"WrongCode": func(ctx context.Context) error { _, err := s.Counters.WrongCode(ctx, "U01ALICE", "r1"); return err },
		"RightCode": func(ctx context.Context) error { return s.Counters.RightCode(ctx, "U01ALICE") },
		"Unlock":    func(ctx context.Context) error { _, err := s.Counters.Unlock(ctx, "U01ALICE"); return err },
		"LoadCopy":  func(ctx context.Context) error { _, _, err := s.Copies.LoadCopy(ctx, "groups", 0); return err },
		"BeginCopy": func(ctx context.Context) error { return s.Copies.BeginCopy(ctx, "groups", "t", time.Minute) },
		"SaveCopy": func(ctx context.Context) error {
			_, err := s.Copies.SaveCopy(ctx, "groups", "t", []byte("MARKED"), time.Minute, time.Hour)
			return err
		},
		"DropCopy":  func(ctx context.Context) error { return s.Copies.DropCopy(ctx, "groups") },
		"CopyNews":  func(ctx context.Context) error { _, _, err := s.Copies.CopyNews(ctx); return err },
		"StayAway":  func(ctx context.Context) error { return s.Copies.StayAway(ctx, "users.info", time.Minute) },
		"LoadKnown": func(ctx context.Context) error { _, _, err := s.Copies.LoadKnown(ctx, "groups"); return err },
		"SwapKnown": func(ctx context.Context) error {
			_, err := s.Copies.SwapKnown(ctx, "groups", nil, []byte("MARKED"))
			return err
		},
		"LoadCursor": func(ctx context.Context) error { _, err := s.Cursors.LoadCursor(ctx, "x"); return err },
		"PutDue": func(ctx context.Context) error {
			_, _, err := s.DueLists.PutDue(ctx, "x", expires, []byte("entry"), 0)
			return err
		},
		"DueBy": func(ctx context.Context) error { _, err := s.DueLists.DueBy(ctx, "x", expires, 10); return err },
		"TakeDue": func(ctx context.Context) error {
			_, _, err := s.DueLists.TakeDue(ctx, "x", broker.DueEntry{ID: "entry", Text: []byte("entry")}, expires)
			return err
		},
		"SettleDue": func(ctx context.Context) error {
			_, err := s.DueLists.SettleDue(ctx, "x", broker.DueEntry{ID: "entry"}, expires, []byte("next"))
			return err
		},
		"SetAsideDue": func(ctx context.Context) error {
			_, err := s.DueLists.SetAsideDue(ctx, "x", broker.DueEntry{ID: "entry"})
			return err
		},
	}
}

// wantAllFail wants every call to end in an error within limit.
func wantAllFail(t *testing.T, s *store.Store, deadline, limit time.Duration) {
	t.Helper()
	var wg sync.WaitGroup
	for name, call := range everyCall(s) {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			begun := time.Now()
			err := call(ctx)
			if took := time.Since(begun); err == nil || took > limit {
				t.Errorf("%s: got %v after %v, want an error within %v", name, err, took, limit)
			}
			if err != nil && strings.Contains(err.Error(), "MARKED") {
				t.Errorf("%s: the error holds a secret: %v", name, err)
			}
		})
	}
	wg.Wait()
}

func TestEveryCallFailsSoonWhenRedisIsGone(t *testing.T) {
	server := storetest.StartRedis(t, "--requirepass", password)
	s := mustOpen(t, strings.Replace(server.URL, "unix://", "unix://:"+password+"@", 1))
	for name, call := range everyCall(s) {
		if err := call(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	server.Stop()
	wantAllFail(t, s, time.Minute, store.OpTimeout+time.Second)
}

func TestEveryCallKeepsItsDeadlineWhenRedisStalls(t *testing.T) {
	backend := storetest.RealTCP(t)
	p := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", backend) }, nil)
	s := mustOpen(t, "redis://"+p.Addr)
	p.Stall()
	wantAllFail(t, s, 150*time.Millisecond, 2*time.Second)
	wantAllFail(t, s, time.Minute, store.OpTimeout+2*time.Second) // no near deadline: the store's own
}

func TestCallsAfterCloseFail(t *testing.T) {
	for _, url := range []string{store.Embedded, storetest.RealRedis(t)} {
		s := mustOpen(t, url)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantAllFail(t, s, time.Second, time.Second)
	}
}

func TestScriptsLostInAFailOverAreSentAgain(t *testing.T) {
	url := storetest.RealRedis(t)
	s := mustOpen(t, url)
	if err := storetest.Raw(t, url).ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for name, call := range everyCall(s) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnIndexOfAnotherTypeLeavesNeitherGrantNorCredentials(t *testing.T) {
	url := storetest.RealRedis(t)
	s := mustOpen(t, url)
	if err := storetest.Raw(t, url).Set(t.Context(), "assumebot:{U01ALICE}:grants", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := everyCall(s)["SaveGrant"](t.Context()); err == nil {
		t.Error("save: got no error")
	}
	// That she may have a Grant is noted before it.
	if got := storetest.Dump(t, url); len(got) != 2 {
		t.Errorf("keys: got %v, want the broken index and the holder alone", got)
	}
}

func TestTLSIsVerified(t *testing.T) {
	backend := storetest.RealTCP(t)
	p := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", backend) }, selfSigned(t))
	wantOpenError(t, "rediss://u:MARKED@"+p.Addr, []secret.Text{storetest.KeyOne}, "certificate")
	s := mustOpen(t, "rediss://"+p.Addr+"?skip_verify=true")
	if turn, err := s.Leases.HoldLease(t.Context(), "x", "a", time.Minute); turn == 0 || err != nil {
		t.Errorf("lease over TLS: got turn %d, %v", turn, err)
	}
}

// TestRootsAloneVouchForARedis: on one node, on a cluster's nodes and on Sentinels.
func TestRootsAloneVouchForARedis(t *testing.T) {
	t.Parallel()
	backend := storetest.RealTCP(t)
	ours, others := selfSigned(t), selfSigned(t)
	p := storetest.NewProxy(t, func() (net.Conn, error) { return net.Dial("tcp", backend) }, ours)
	opens := func(path string, of *tls.Config) error {
		cert, err := x509.ParseCertificate(of.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(cert)
		s, err := store.Open(t.Context(), store.Options{
			URL: secret.New("rediss://" + p.Addr + path), SealKeys: []secret.Text{storetest.KeyOne}, Roots: roots,
		})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	if err := opens("", ours); err != nil {
		t.Errorf("with its own certificate: %v", err)
	}
	const unknown, noCluster, noSentinel = "name that CA's file by REDIS_CA_FILE", "leave ?addr= out", "all sentinels"
	for _, c := range []struct {
		path, says string
		of         *tls.Config
	}{
		{"", unknown, others},
		{"?addr=" + p.Addr, unknown, others}, {"?addr=" + p.Addr, noCluster, ours},
		{"?master_name=main", "signed by unknown authority", others}, {"?master_name=main", noSentinel, ours},
	} {
		if err := opens(c.path, c.of); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.path, err, c.says)
		}
	}
}

func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}
