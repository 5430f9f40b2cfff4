package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// servers is how many of them the suite shares between its groups: most of it waits for
// time to go by in Redis.
const servers = 6

// Run holds what start starts, [store.Embedded] or real Redis that nobody else
// uses, to everything that the store promises. Each server serves one group after the
// other, and is emptied before each test.
func Run(t *testing.T, start func(testing.TB) (url string)) {
	t.Parallel()
	waiting := make(chan group, len(groups))
	for _, g := range groups {
		waiting <- g
	}
	close(waiting)
	for range servers {
		t.Run("server", func(t *testing.T) {
			t.Parallel()
			url := start(t)
			for g := range waiting {
				t.Run(g.name, func(t *testing.T) {
					for _, test := range g.tests {
						t.Run(test.name, func(t *testing.T) { test.inTime(t, url) })
					}
				})
			}
		})
	}
}

// A group is of one subject.
type group struct {
	name  string
	tests []test
}

var groups = []group{
	{"codes", codeTests},
	{"what is asked ahead", aheadTests},
	{"grants", grantTests},
	{"MFA sessions", sessionTests},
	{"seen", seenTests},
	{"sealed keys", sealedKeyTests},
	{"listings", listingTests},
	{"record", formerTests},
	{"leases", leaseTests},
	{"answers owed", ledgerTests},
	{"copies", copyTests},
	{"due lists", dueTests},
	{"what is put back", putBackTests},
	{"lock-outs", lockoutTests},
	{"approvals", approvalTests},
	{"orders", orderTests},
	{"rates", rateTests},
	{"holders", holderTests},
	{"preferences", preferenceTests},
	{"replicas", replicaTests},
	{"the schema", schemaTests},
	{"log", logTests},
	{"a hostile log", logHostileTests},
	{"a log that is put back", logRestoreTests},
	{"a log that is opened", logOpenTests},
	{"the mark of a replica that has stopped", logMarkTests},
	{"checkpoints", checkpointTests},
	{"the record on the store", recordOnStoreTests},
}

type test struct {
	name string
	run  func(testing.TB, *harness)
}

// Two seal keys of tests.
var (
	KeyOne = SealKey('1')
	KeyTwo = SealKey('2')
)

// SealKey is a seal key that b alone decides.
func SealKey(b byte) secret.Text {
	key := sha256.Sum256([]byte{b})
	return secret.New(base64.StdEncoding.EncodeToString(key[:]))
}

type harness struct {
	*store.Store
	url  string
	raw  redis.UniversalClient // nil when embedded
	unit time.Duration         // long enough to work in, short enough to wait for

	mu     sync.Mutex
	since  time.Time     // when the last pass ended
	worked time.Duration // the longest time between two of them
	offset time.Duration // of the bot's clock
}

func newHarness(t testing.TB, url string, unit time.Duration) *harness {
	h := &harness{url: url, unit: unit}
	if url != store.Embedded {
		h.raw = Raw(t, url)
		if err := flush(t.Context(), h.raw); err != nil {
			t.Fatalf("empty Redis: %v", err)
		}
	}
	h.Store = h.replica(t, KeyOne)
	h.since = time.Now()
	return h
}

// replica opens the same Redis once more; embedded, where each is its own, only
// the harness itself does.
func (h *harness) replica(t testing.TB, keys ...secret.Text) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: secret.New(h.url), SealKeys: keys, Now: h.now})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func (h *harness) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.offset)
}

// skew sets the bot's clock off from Redis's.
func (h *harness) skew(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

// pass lets d go by, for Redis and for the bot: by time travel where that is
// possible, else until the server's own clock has seen it.
func (h *harness) pass(t testing.TB, d time.Duration) {
	t.Helper()
	if h.raw == nil {
		h.skew(d)
		if err := h.Advance(d); err != nil {
			t.Fatal(err)
		}
		return
	}
	h.pause()
	defer h.resume()
	serverTime := func() time.Time {
		now, err := h.raw.Time(context.Background()).Result()
		if err != nil {
			t.Fatalf("ask the server's time: %v", err)
		}
		return now
	}
	now := serverTime()
	end := now.Add(d + 2*time.Millisecond)
	for ; !now.After(end); now = serverTime() {
		// The server itself waits, for an entry that never comes.
		err := h.raw.XRead(t.Context(), &redis.XReadArgs{Streams: []string{"nothing", "$"}, Block: end.Sub(now) + time.Millisecond}).Err()
		if !errors.Is(err, redis.Nil) {
			t.Fatalf("let the server wait: %v", err)
		}
	}
	h.overslept(now.Sub(end))
}

// needsShared skips what needs a second replica, or a look behind the store.
func (h *harness) needsShared(t testing.TB) {
	t.Helper()
	if h.raw == nil {
		t.Skip("an embedded Redis is reached by one store alone")
	}
}

// only returns the one key that contains part.
func (h *harness) only(t testing.TB, part string) string {
	t.Helper()
	keys, err := keysLike(t.Context(), h.raw, "*"+part+"*")
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys with %q: got %v (%v), want one", part, keys, err)
	}
	return keys[0]
}
