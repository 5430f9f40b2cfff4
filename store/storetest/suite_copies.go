package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/store"
)

var copyTests = []test{
	{"a copy comes back as it went in, for as long as since it was asked for", copyRoundTrip},
	{"a copy asked for before a change is not kept after it", copyDroppedMeanwhile},
	{"clocks of replicas five minutes apart change nothing", copyOfSkewedClocks},
	{"nothing of a copy is readable, and one that was moved or altered is an error", copyIsSealed},
	{"a copy whose age is over stays so, whoever puts it back", copyPutBack},
	{"a copy lives no longer than its age, though its marker is stretched", copyStretched},
	{"what is known goes from one to the next exactly once", knownSwaps},
	{"a copy whose age is over is there for whoever can do with an older one", copyOlder},
	{"a version of a copy is another one once it is dropped, on all replicas", copyVersions},
	{"all replicas stay away from a method for as long as one was told to", copyAway},
	{"copies without a name, a token or a time are refused", copyIncomplete},
}

func wantCopy(t testing.TB, s *store.Store, name, want string) {
	t.Helper()
	got, _, err := s.Copies.LoadCopy(t.Context(), name, 0)
	if err != nil || string(got) != want || (got == nil) != (want == "") {
		t.Errorf("copy %s: got %q, %v, want %q", name, got, err, want)
	}
}

func beginCopy(t testing.TB, s *store.Store, token string, age time.Duration) {
	t.Helper()
	if err := s.Copies.BeginCopy(t.Context(), "groups", token, age); err != nil {
		t.Fatalf("begin copy: %v", err)
	}
}

func saveCopy(t testing.TB, h *harness, token, text string, want bool) {
	t.Helper()
	if saved, err := h.Copies.SaveCopy(t.Context(), "groups", token, []byte(text), time.Hour, 2*h.unit); err != nil || saved != want {
		t.Errorf("save copy: got %t, %v, want %t", saved, err, want)
	}
}

func copyRoundTrip(t testing.TB, h *harness) {
	wantCopy(t, h.Store, "groups", "")
	beginCopy(t, h.Store, "t1", 2*h.unit)
	h.pass(t, h.unit)
	saveCopy(t, h, "t1", "one", true)
	saveCopy(t, h, "t1", "one", true)
	wantCopy(t, h.Store, "groups", "one")
	wantCopy(t, h.Store, "user:U01ALICE", "")
	h.pass(t, h.unit)
	wantCopy(t, h.Store, "groups", "")
	saveCopy(t, h, "t1", "one", false)
}

func copyPutBack(t testing.TB, h *harness) {
	h.needsShared(t)
	beginCopy(t, h.Store, "t1", h.unit)
	saveCopy(t, h, "t1", "old", true)
	key := h.only(t, "groups}:value")
	sealed := h.raw.Get(t.Context(), key).Val()
	if err := h.raw.Persist(t.Context(), key).Err(); err != nil {
		t.Fatal(err)
	}
	wantCopy(t, h.Store, "groups", "old")
	h.pass(t, 2*h.unit)
	wantCopy(t, h.Store, "groups", "")
	if err := h.raw.Set(t.Context(), key, sealed, 0).Err(); err != nil {
		t.Fatal(err)
	}
	wantCopy(t, h.Store, "groups", "")
}

func copyDroppedMeanwhile(t testing.TB, h *harness) {
	beginCopy(t, h.Store, "t1", time.Minute)
	saveCopy(t, h, "t1", "old", true)
	beginCopy(t, h.Store, "t2", time.Minute)
	if err := h.Copies.DropCopy(t.Context(), "groups"); err != nil {
		t.Fatal(err)
	}
	wantCopy(t, h.Store, "groups", "")
	saveCopy(t, h, "t2", "old", false)
	beginCopy(t, h.Store, "t3", time.Minute)
	saveCopy(t, h, "t2", "old", false)
	saveCopy(t, h, "t3", "new", true)
	wantCopy(t, h.Store, "groups", "new")
}

func copyOfSkewedClocks(t testing.TB, h *harness) {
	beginCopy(t, h.Store, "t1", time.Minute)
	h.skew(5 * time.Minute)
	saveCopy(t, h, "t1", "one", true)
	h.skew(-10 * time.Minute)
	wantCopy(t, h.Store, "groups", "one")
}

func copyIsSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	beginCopy(t, h.Store, "t1", time.Minute)
	saveCopy(t, h, "t1", "MARKED", true)
	if swapped, err := h.Copies.SwapKnown(t.Context(), "groups", nil, []byte("MARKED")); !swapped || err != nil {
		t.Fatalf("swap: got %t, %v", swapped, err)
	}
	for key, value := range Dump(t, h.url) {
		if strings.Contains(key+value, "MARKED") {
			t.Errorf("%s holds a membership in clear", key)
		}
	}
	other := h.replica(t, KeyTwo)
	if _, _, err := other.Copies.LoadCopy(t.Context(), "groups", 0); err == nil {
		t.Error("copy under another key: got no error")
	}
	_, sealed, err := other.Copies.LoadKnown(t.Context(), "groups")
	if unsealed := (*store.UnsealError)(nil); !errors.As(err, &unsealed) {
		t.Errorf("known membership under another key: got %v, want that it does not open", err)
	}
	if swapped, err := other.Copies.SwapKnown(t.Context(), "groups", sealed, []byte("MARKED")); !swapped || err != nil {
		t.Errorf("swap of what does not open: got %t, %v", swapped, err)
	}
	value, key := h.raw.Get(t.Context(), h.only(t, "groups}:value")).Val(), h.only(t, "groups}:value")
	if err := h.raw.Set(t.Context(), strings.Replace(key, "groups", "user:U02BOB", 1), value, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Copies.LoadCopy(t.Context(), "user:U02BOB", 0); err == nil {
		t.Error("a copy moved to another key: got no error")
	}
}

func knownSwaps(t testing.TB, h *harness) {
	swap := func(sealed []byte, text string, want bool) {
		t.Helper()
		if swapped, err := h.Copies.SwapKnown(t.Context(), "groups", sealed, []byte(text)); err != nil || swapped != want {
			t.Errorf("swap: got %t, %v, want %t", swapped, err, want)
		}
	}
	if plain, sealed, err := h.Copies.LoadKnown(t.Context(), "groups"); plain != nil || sealed != nil || err != nil {
		t.Errorf("known: got %q, %v, want nothing", plain, err)
	}
	swap(nil, "one", true)
	swap(nil, "another one", false)
	if plain, sealed, err := h.Copies.LoadKnown(t.Context(), "config"); plain != nil || sealed != nil || err != nil {
		t.Errorf("known under another name: got %q, %v, want nothing", plain, err)
	}
	plain, sealed, err := h.Copies.LoadKnown(t.Context(), "groups")
	if string(plain) != "one" || err != nil {
		t.Errorf("known: got %q, %v, want one", plain, err)
	}
	swap(sealed, "two", true)
	swap(sealed, "another two", false)
	if plain, _, err := h.Copies.LoadKnown(t.Context(), "groups"); string(plain) != "two" || err != nil {
		t.Errorf("known: got %q, %v, want two", plain, err)
	}
}

func copyOlder(t testing.TB, h *harness) {
	load := func(older time.Duration, want string, fresh bool) {
		t.Helper()
		got, left, err := h.Copies.LoadCopy(t.Context(), "groups", older)
		if err != nil || string(got) != want || left > 0 != fresh {
			t.Errorf("got %q, %s left, %v, want %q, fresh %t", got, left, err, want, fresh)
		}
	}
	beginCopy(t, h.Store, "t1", h.unit)
	saveCopy(t, h, "t1", "one", true)
	load(0, "one", true)
	h.pass(t, h.unit)
	load(0, "", false)
	load(2*h.unit, "one", false)
	if err := h.Copies.DropCopy(t.Context(), "groups"); err != nil {
		t.Fatal(err)
	}
	load(2*h.unit, "", false)
	beginCopy(t, h.Store, "t2", h.unit)
	saveCopy(t, h, "t2", "two", true)
	h.pass(t, 3*h.unit)
	load(time.Hour, "", false)
}

func copyVersions(t testing.TB, h *harness) {
	version := func(name string) string {
		t.Helper()
		of, _, err := h.Copies.CopyNews(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return of(name)
	}
	before, other := version("groups"), version("user:U01ALICE")
	for range 2 {
		if err := h.Copies.DropCopy(t.Context(), "groups"); err != nil {
			t.Fatal(err)
		}
		if now := version("groups"); now == before {
			t.Errorf("dropped: got version %q as before", now)
		} else {
			before = now
		}
	}
	if now := version("user:U01ALICE"); now != other {
		t.Errorf("of what was not dropped: got %q, want %q", now, other)
	}
}

func copyAway(t testing.TB, h *harness) {
	wantAway := func(method string, want bool) {
		t.Helper()
		_, away, err := h.Copies.CopyNews(t.Context(), "users.info", "users.list")
		if err != nil || away[method] > 0 != want || away[method] > store.LongestAway {
			t.Errorf("%s: got %s, %v, want to stay away: %t", method, away[method], err, want)
		}
	}
	wantAway("users.info", false)
	if err := h.Copies.StayAway(t.Context(), "users.info", h.unit); err != nil {
		t.Fatal(err)
	}
	wantAway("users.info", true)
	wantAway("users.list", false)
	h.pass(t, h.unit)
	wantAway("users.info", false)
	if err := h.Copies.StayAway(t.Context(), "users.info", 1000*time.Hour); err != nil {
		t.Fatal(err)
	}
	wantAway("users.info", true)
}

func copyIncomplete(t testing.TB, h *harness) {
	for name, err := range map[string]error{
		"no name":  h.Copies.BeginCopy(t.Context(), "", "t", time.Minute),
		"a brace":  h.Copies.BeginCopy(t.Context(), "a}b", "t", time.Minute),
		"no token": h.Copies.BeginCopy(t.Context(), "groups", "", time.Minute),
		"no time":  h.Copies.BeginCopy(t.Context(), "groups", "t", 0),
		"known":    func() error { _, _, err := h.Copies.LoadKnown(t.Context(), ""); return err }(),
		"a swap":   func() error { _, err := h.Copies.SwapKnown(t.Context(), "a{b", nil, []byte("x")); return err }(),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := h.Copies.SaveCopy(t.Context(), "groups", "", []byte("x"), time.Minute, 0); err == nil {
		t.Error("save without a token: got no error")
	}
	if _, err := h.Copies.SaveCopy(t.Context(), "groups", "t", []byte("x"), 0, 0); err == nil {
		t.Error("save without a time: got no error")
	}
}

func copyStretched(t testing.TB, h *harness) {
	h.needsShared(t)
	beginCopy(t, h.Store, "t1", h.unit)
	if err := h.raw.PExpire(t.Context(), h.only(t, "groups}:asked"), 1000*time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	if saved, err := h.Copies.SaveCopy(t.Context(), "groups", "t1", []byte("old"), h.unit, 0); err != nil || !saved {
		t.Fatalf("save copy: got %t, %v", saved, err)
	}
	value := h.only(t, "groups}:value")
	sealed := h.raw.Get(t.Context(), value).Val()
	h.pass(t, 2*h.unit)
	if err := h.raw.Set(t.Context(), value, sealed, 0).Err(); err != nil {
		t.Fatal(err)
	}
	wantCopy(t, h.Store, "groups", "")
}
