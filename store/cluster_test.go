package store_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store/storetest"
)

// moveSlot gives Alice's slot, which is empty, to the node after the one that has it. Who
// asked the cluster before does not know.
func moveSlot(t *testing.T, addrs []string) {
	t.Helper()
	ctx := t.Context()
	owner, slot := -1, 0
	ids, nodes := make([]string, len(addrs)), make([]*redis.Client, len(addrs))
	for i, addr := range addrs {
		nodes[i] = redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { _ = nodes[i].Close() })
		id, err := nodes[i].Do(ctx, "cluster", "myid").Text()
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
		if nodes[i].Get(ctx, "{U01ALICE}").Err() == redis.Nil { //nolint:errorlint // others answer MOVED
			owner = i
		}
		slot = int(nodes[i].ClusterKeySlot(ctx, "{U01ALICE}").Val())
	}
	next := (owner + 1) % len(nodes)
	for i := range nodes { // the one that gets it first
		if err := nodes[(next+i)%len(nodes)].Do(ctx, "cluster", "setslot", slot, "node", ids[next]).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASlotThatMovedIsFollowedInTheMiddleOfAPipeline(t *testing.T) {
	t.Parallel()
	addrs := storetest.RealClusterNodes(t)
	url := "redis://" + addrs[0] + "?addr=" + addrs[0]
	s, other := mustOpen(t, url), mustOpen(t, url)
	moveSlot(t, addrs)

	expires := time.Now().Add(time.Hour)
	g := broker.Grant{ID: "g1", User: "U01ALICE", Account: "prod", Issued: time.Now(), Expires: expires}
	later := broker.DueText{List: "x", At: time.Now(), Text: []byte("one")}
	put, err := other.Grants.SaveGrant(t.Context(), g, secret.Credentials{Expires: expires}, time.Minute, later)
	if err != nil || len(put) != 1 || put[0].ID == "" {
		t.Errorf("save: got %+v, %v, want a Grant and an entry", put, err)
	}

	code, _ := secret.ParseTokenCode("123456")
	claim := &ahead.Claim{User: "U01ALICE", Serial: "serial", Code: code, RequestID: "r1", TTL: time.Minute}
	ctx := ahead.With(t.Context())
	s.Ahead.Ask(ctx, ahead.Questions{User: "U01ALICE", Seen: []string{"env:1"}, Orders: true, LockOut: true, Claim: claim})
	if block, pause, err := s.Orders.Orders(ctx, "U01ALICE"); block != nil || pause != nil || err != nil {
		t.Errorf("orders: got %v, %v, %v, want none", block, pause, err)
	}
	if ours, err := s.Codes.ReserveCode(ctx, "U01ALICE", "serial", code, "r1", time.Minute); !ours || err != nil {
		t.Errorf("claim: got %v, %v, want it", ours, err)
	}
	if first, err := s.Counters.FirstSight(ctx, "env:1"); !first || err != nil {
		t.Errorf("first sight: got %v, %v", first, err)
	}
	if ours, err := s.Codes.ReserveCode(t.Context(), "U01ALICE", "serial", code, "r2", time.Minute); ours || err != nil {
		t.Errorf("claim of another: got %v, %v, want that it is taken", ours, err)
	}
	if got, _, ok, err := s.Grants.RevealGrant(t.Context(), "U01ALICE", "prod"); got.ID != "g1" || !ok || err != nil {
		t.Errorf("reveal: got %q, %v, %v, want g1", got.ID, ok, err)
	}
}
