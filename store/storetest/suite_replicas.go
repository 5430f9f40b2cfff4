package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"
)

var replicaTests = []test{
	{"a replica lives until its time is over", replicaLives},
	{"a replica that ends is gone at once", replicaLeaves},
	{"words that somebody else put there are not believed", replicaForged},
	{"words that somebody puts back are not believed", replicaPutBack},
	{"no more is read than a replica says", replicaHuge},
}

func wantAlive(t testing.TB, h *harness, want map[string][]byte) {
	t.Helper()
	got, err := h.Replicas.Alive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("alive (-want +got):\n%s", diff)
	}
}

func sayAlive(t testing.TB, h *harness, id, said string, units int) {
	t.Helper()
	if err := h.Replicas.SayAlive(t.Context(), id, []byte(said), time.Duration(units)*h.unit); err != nil {
		t.Fatal(err)
	}
}

func replicaLives(t testing.TB, h *harness) {
	wantAlive(t, h, nil)
	sayAlive(t, h, "one", "well", 1)
	sayAlive(t, h, "two", "not well", 4)
	wantAlive(t, h, map[string][]byte{"one": []byte("well"), "two": []byte("not well")})
	sayAlive(t, h, "two", "well again", 4)
	wantAlive(t, h, map[string][]byte{"one": []byte("well"), "two": []byte("well again")})
	h.pass(t, h.unit)
	wantAlive(t, h, map[string][]byte{"two": []byte("well again")})
}

func replicaLeaves(t testing.TB, h *harness) {
	sayAlive(t, h, "one", "well", 1)
	if err := h.Replicas.Leave(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	wantAlive(t, h, nil)
	for _, id := range []string{"", "a b", strings.Repeat("x", 65)} {
		if err := h.Replicas.SayAlive(t.Context(), id, nil, h.unit); err == nil {
			t.Errorf("%q: got no error, want it refused", id)
		}
	}
	if err := h.Replicas.SayAlive(t.Context(), "one", make([]byte, 1<<10+1), h.unit); err == nil {
		t.Error("too many words: got no error, want them refused")
	}
}

func replicaForged(t testing.TB, h *harness) {
	h.needsShared(t)
	sayAlive(t, h, "one", "well", 60)
	index := strings.TrimSuffix(h.only(t, "{replicas}:one"), ":one")
	ones, err := h.raw.Get(t.Context(), index+":one").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"two", "a b", "three", "four"} {
		if err := h.raw.ZAdd(t.Context(), index, redis.Z{Score: float64(h.now().UnixMilli()), Member: id}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for id, said := range map[string]string{"two": ones, "a b": ones, "three": "junk"} {
		if err := h.raw.Set(t.Context(), index+":"+id, said, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	wantAlive(t, h, map[string][]byte{"one": []byte("well"), "two": nil, "three": nil})
	if n, err := h.raw.ZCard(t.Context(), index).Result(); err != nil || n != 3 {
		t.Errorf("got %d in the index, %v, want the 3 that live", n, err)
	}
}

func replicaPutBack(t testing.TB, h *harness) {
	h.needsShared(t)
	sayAlive(t, h, "one", "well", 1)
	sayAlive(t, h, "two", "well", 60)
	key := h.only(t, "{replicas}:one")
	old, err := h.raw.Get(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	h.pass(t, h.unit)
	wantAlive(t, h, map[string][]byte{"two": []byte("well")})
	index := strings.TrimSuffix(key, ":one")
	err = errors.Join(
		h.raw.Set(t.Context(), key, old, 0).Err(),
		h.raw.ZAdd(t.Context(), index, redis.Z{Score: float64(h.now().UnixMilli()), Member: "one"}).Err())
	if err != nil {
		t.Fatal(err)
	}
	wantAlive(t, h, map[string][]byte{"two": []byte("well")})
	sayAlive(t, h, "one", "back", 60)
	wantAlive(t, h, map[string][]byte{"one": []byte("back"), "two": []byte("well")})
	h.skew(-time.Hour) // of this replica alone: Redis's clock is what counts
	wantAlive(t, h, map[string][]byte{"one": []byte("back"), "two": []byte("well")})
}

// replicaHuge has more there than the store reads of anything, and what is no text.
func replicaHuge(t testing.TB, h *harness) {
	h.needsShared(t)
	sayAlive(t, h, "one", strings.Repeat("w", 1<<10), 60)
	index := strings.TrimSuffix(h.only(t, "{replicas}:one"), ":one")
	huge := strings.Repeat("x", 9<<20)
	if err := h.raw.Set(t.Context(), index+":huge", huge, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := h.raw.LPush(t.Context(), index+":list", "x").Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"huge", "list", "none", huge} {
		if err := h.raw.ZAdd(t.Context(), index, redis.Z{Score: float64(h.now().Add(time.Minute).UnixMilli()), Member: id}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	wantAlive(t, h, map[string][]byte{"one": []byte(strings.Repeat("w", 1<<10)), "huge": nil})
	if n, err := h.raw.ZCard(t.Context(), index).Result(); err != nil || n != 2 {
		t.Errorf("got %d in the index, %v, want the 2 that somebody says something of", n, err)
	}
}
