package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/store"
)

// publicKey is marked, to be looked for in Redis.
const publicKey = "ssh-ed25519 MARKEDpublicKEY"

var sealedKeyTests = []test{
	{"a key comes back as it went in, and the last one counts", keyRoundTrip},
	{"keys have no end", keyHasNoEnd},
	{"one User's key is not another's", keysAreApart},
	{"a removed key is gone", keyRemoved},
	{"a key is sealed, and opens under another ring that knows the old key", keyIsSealed},
	{"a key that an older seal key opened is sealed with the newest", keyIsResealed},
	{"a key that does not open is never none", keyThatDoesNotOpen},
	{"what makes no sense is refused", senselessKey},
}

// saveKey registers a key of Alice's.
func saveKey(t testing.TB, s *store.Store, text string, set time.Time) {
	t.Helper()
	if err := s.SealedKeys.SaveKey(t.Context(), alice, broker.RegisteredKey{Text: text, Set: set}); err != nil {
		t.Fatalf("save key: %v", err)
	}
}

// wantKey wants the key text of user, or none if it is "".
func wantKey(t testing.TB, s *store.Store, user, text string) broker.RegisteredKey {
	t.Helper()
	k, ok, err := s.SealedKeys.LoadKey(t.Context(), user)
	if err != nil || ok != (text != "") || k.Text != text {
		t.Errorf("key of %s: got %q, %v, %v, want %q", user, k.Text, ok, err, text)
	}
	return k
}

func keyRoundTrip(t testing.TB, h *harness) {
	wantKey(t, h.Store, alice, "")
	set := h.now().UTC().Truncate(time.Millisecond)
	saveKey(t, h.Store, "age1first", set.Add(-time.Hour))
	for range 2 { // a repeat changes nothing
		saveKey(t, h.Store, publicKey, set)
		got := wantKey(t, h.Store, alice, publicKey)
		if diff := cmp.Diff(set, got.Set); diff != "" {
			t.Errorf("set (-want +got):\n%s", diff)
		}
	}
}

func keyHasNoEnd(t testing.TB, h *harness) {
	saveKey(t, h.Store, publicKey, h.now())
	if h.raw == nil {
		h.pass(t, 10*365*24*time.Hour)
	} else if ttl, err := h.raw.PTTL(t.Context(), h.only(t, ":publickey")).Result(); err != nil || ttl >= 0 {
		t.Errorf("the key lives for %v (%v), want no end", ttl, err)
	}
	wantKey(t, h.Store, alice, publicKey)
}

func keysAreApart(t testing.TB, h *harness) {
	saveKey(t, h.Store, publicKey, h.now())
	wantKey(t, h.Store, bob, "")
	if err := h.SealedKeys.RemoveKey(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	wantKey(t, h.Store, alice, publicKey)
}

func keyRemoved(t testing.TB, h *harness) {
	saveKey(t, h.Store, publicKey, h.now())
	for range 2 {
		if err := h.SealedKeys.RemoveKey(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		wantKey(t, h.Store, alice, "")
	}
}

func keyIsSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	saveKey(t, h.Store, publicKey, h.now())
	for key, value := range Dump(t, h.url) {
		if strings.Contains(key+value, "MARKED") {
			t.Errorf("%s shows the key", key)
		}
	}
	wantKey(t, h.replica(t, KeyTwo, KeyOne), alice, publicKey)
}

// wantUnreadable wants the key of user to be there and not to be read.
func wantUnreadable(t testing.TB, s *store.Store, user, what string) {
	t.Helper()
	if k, ok, err := s.SealedKeys.LoadKey(t.Context(), user); ok || k.Text != "" || !errors.Is(err, broker.ErrKeyUnreadable) {
		t.Errorf("%s: got %q, %v, %v, want it unreadable", what, k.Text, ok, err)
	}
}

func keyThatDoesNotOpen(t testing.TB, h *harness) {
	h.needsShared(t)
	saveKey(t, h.Store, publicKey, h.now())
	wantUnreadable(t, h.replica(t, KeyTwo), alice, "unknown seal key")

	name := h.only(t, ":publickey")
	whole, err := h.raw.Get(t.Context(), name).Result()
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(whole)
	flipped[len(flipped)-1] ^= 1
	for _, bad := range []string{string(flipped), whole[:len(whole)-1], "x", "", publicKey} {
		if err := h.raw.Set(t.Context(), name, bad, 0).Err(); err != nil {
			t.Fatal(err)
		}
		wantUnreadable(t, h.Store, alice, "altered")
	}
	if err := h.raw.Set(t.Context(), strings.Replace(name, alice, bob, 1), whole, 0).Err(); err != nil {
		t.Fatal(err)
	}
	wantUnreadable(t, h.Store, bob, "moved to Bob")

	if err := h.raw.Del(t.Context(), name).Err(); err != nil {
		t.Fatal(err)
	}
	if err := h.raw.LPush(t.Context(), name, "x").Err(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := h.SealedKeys.LoadKey(t.Context(), alice); ok || err == nil {
		t.Errorf("a list in its place: got %v, %v, want an error", ok, err)
	}
}

func senselessKey(t testing.TB, h *harness) {
	for user, text := range map[string]string{"": publicKey, "U{1}": publicKey, alice: ""} {
		if err := h.SealedKeys.SaveKey(t.Context(), user, broker.RegisteredKey{Text: text}); err == nil {
			t.Errorf("save of %q for %q: got no error", text, user)
		}
	}
	if _, _, err := h.SealedKeys.LoadKey(t.Context(), ""); err == nil {
		t.Error("load for nobody: got no error")
	}
	if err := h.SealedKeys.RemoveKey(t.Context(), "U}"); err == nil {
		t.Error("remove for a malformed user: got no error")
	}
}

func keyIsResealed(t testing.TB, h *harness) {
	h.needsShared(t)
	saveKey(t, h.Store, publicKey, time.Now())
	rotated := h.replica(t, KeyTwo, KeyOne)
	wantKey(t, rotated, alice, publicKey)
	wantKey(t, h.replica(t, KeyTwo), alice, publicKey)
}
