package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// What a test may look for in Redis, and must not find.
const (
	secretKey    = "MARKEDsecretACCESSkey0000000000000000000"
	sessionToken = "MARKEDsessionTOKEN"
)

var grantTests = []test{
	{"a Grant and its Credentials come back as they went in", grantRoundTrip},
	{"the newest of an Account is revealed", newestIsRevealed},
	{"Credentials end with the reveal window and the Grant lives on", revealEnds},
	{"Credentials never outlive their own expiry", credentialsExpire},
	{"a Grant ends when it expires", grantEnds},
	{"forgotten Credentials are gone and an older Grant is revealed instead", forgetCredentials},
	{"without a reveal window only the Grant is kept", noWindow},
	{"what has expired is refused", expiredIsRefused},
	{"a repeat changes nothing", repeatedSave},
	{"nothing of one User is shown to another", usersAreApart},
	{"TTLs follow the bot's clock as durations", clocksDiffer},
	{"the index is pruned and expires itself", indexIsPruned},
	{"nothing secret is readable in Redis", credentialsAreSealed},
	{"after a rotation old values open and new ones are sealed with the newest key", rotation},
	{"Credentials sealed with unknown keys are an error", unknownKeys},
	{"tampered or moved Credentials are an error", tampered},
	{"a Grant altered to another account, or to what it was not given for, does not reveal", alteredGrant},
	{"a corrupt Grant is an error that names its key", corruptGrant},
	{"a grant is found with its credentials while they are kept", grantIsFound},
	{"an ended grant is gone for all, the others stay", endedGrantIsGone},
	{"nobody finds the grant of another", grantOfAnotherIsNotFound},
}

func grant(h *harness, id, account string, life time.Duration) (broker.Grant, secret.Credentials) {
	now := h.now().Truncate(time.Millisecond).UTC()
	g := broker.Grant{
		ID: id, User: alice, Account: account, RoleARN: "arn:aws:iam::222222222222:role/OnCall",
		Principal: "arn:aws:sts::222222222222:assumed-role/OnCall/alice", AccessKeyID: "ASIA" + strings.ToUpper(id),
		Method: broker.MethodAssumeRole, MFA: true, Issued: now, Expires: now.Add(life), Reason: "INC-42", STSRequestID: "sts-" + id,
	}
	return g, secret.Credentials{
		AccessKeyID: g.AccessKeyID, SecretAccessKey: secret.New(secretKey + id),
		SessionToken: secret.New(strings.Repeat(sessionToken, 300) + id), Expires: g.Expires,
	}
}

func save(t testing.TB, h *harness, s *store.Store, id, account string, life, reveal time.Duration) broker.Grant {
	t.Helper()
	g, c := grant(h, id, account, life)
	if _, err := s.Grants.SaveGrant(t.Context(), g, c, reveal); err != nil {
		t.Fatalf("save: %v", err)
	}
	return g
}

// wantRevealed wants the Grant id revealed, or none if it is "".
func wantRevealed(t testing.TB, s *store.Store, account, id string) {
	t.Helper()
	g, c, ok, err := s.Grants.RevealGrant(t.Context(), alice, account)
	if err != nil {
		t.Fatalf("reveal: %v", err)
	}
	if g.ID != id || ok != (id != "") {
		t.Fatalf("reveal: got %q, %v, want %q", g.ID, ok, id)
	}
	if want := secret.New(secretKey + id); ok && !sameSecret(c.SecretAccessKey, want) {
		t.Errorf("secret access key: got another, want that of %s", id)
	}
}

func wantLive(t testing.TB, s *store.Store, want ...string) {
	t.Helper()
	grants, err := s.Grants.LiveGrants(t.Context(), alice)
	if err != nil {
		t.Fatalf("live grants: %v", err)
	}
	var got []string
	for _, g := range grants {
		got = append(got, g.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("live grants (-want +got):\n%s", diff)
	}
}

// sameSecret compares without revealing.
func sameSecret(a, b secret.Text) bool {
	return cmp.Equal(a, b, cmp.AllowUnexported(secret.Text{}))
}

func grantRoundTrip(t testing.TB, h *harness) {
	want, wantCreds := grant(h, "g1", "prod", time.Hour)
	if _, err := h.Grants.SaveGrant(t.Context(), want, wantCreds, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	got, creds, ok, err := h.Grants.RevealGrant(t.Context(), alice, "prod")
	if err != nil || !ok {
		t.Fatalf("reveal: got %v, %v", ok, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grant (-want +got):\n%s", diff)
	}
	if creds.AccessKeyID != wantCreds.AccessKeyID || !creds.Expires.Equal(wantCreds.Expires) ||
		!sameSecret(creds.SecretAccessKey, wantCreds.SecretAccessKey) || !sameSecret(creds.SessionToken, wantCreds.SessionToken) {
		t.Errorf("credentials: got %v, want %v with the same secrets", creds, wantCreds)
	}
	wantRevealed(t, h.Store, "staging", "")
}

func newestIsRevealed(t testing.TB, h *harness) {
	save(t, h, h.Store, "g2", "prod", time.Hour, time.Hour)
	h.skew(time.Second)
	save(t, h, h.Store, "g1", "prod", 30*time.Minute, time.Hour) // newer, though it ends sooner
	h.skew(time.Second)
	save(t, h, h.Store, "g3", "staging", time.Hour, time.Hour)
	wantRevealed(t, h.Store, "prod", "g1")
	wantLive(t, h.Store, "g2", "g1", "g3")
}

func revealEnds(t testing.TB, h *harness) {
	save(t, h, h.Store, "g1", "prod", time.Hour, h.unit)
	wantRevealed(t, h.Store, "prod", "g1")
	h.pass(t, h.unit)
	wantRevealed(t, h.Store, "prod", "")
	wantLive(t, h.Store, "g1")
}

func credentialsExpire(t testing.TB, h *harness) {
	g, c := grant(h, "g1", "prod", time.Hour)
	c.Expires = h.now().Add(h.unit)
	if _, err := h.Grants.SaveGrant(t.Context(), g, c, time.Hour); err != nil {
		t.Fatal(err)
	}
	wantRevealed(t, h.Store, "prod", "g1")
	h.pass(t, h.unit)
	wantRevealed(t, h.Store, "prod", "")
}

func grantEnds(t testing.TB, h *harness) {
	save(t, h, h.Store, "g1", "prod", h.unit, time.Hour)
	save(t, h, h.Store, "g2", "staging", time.Hour, time.Hour)
	wantLive(t, h.Store, "g1", "g2")
	h.pass(t, h.unit)
	wantLive(t, h.Store, "g2")
	wantRevealed(t, h.Store, "prod", "")
}

func forgetCredentials(t testing.TB, h *harness) {
	save(t, h, h.Store, "g1", "prod", time.Hour, time.Hour)
	h.skew(time.Second)
	save(t, h, h.Store, "g2", "prod", time.Hour, time.Hour)
	for range 2 {
		if err := h.Grants.ForgetCredentials(t.Context(), alice, "g2"); err != nil {
			t.Fatal(err)
		}
	}
	wantRevealed(t, h.Store, "prod", "g1")
	wantLive(t, h.Store, "g1", "g2")
}

func noWindow(t testing.TB, h *harness) {
	save(t, h, h.Store, "g1", "prod", time.Hour, 0)
	wantRevealed(t, h.Store, "prod", "")
	wantLive(t, h.Store, "g1")
}

func expiredIsRefused(t testing.TB, h *harness) {
	for _, late := range []func(*broker.Grant, *secret.Credentials){
		func(g *broker.Grant, _ *secret.Credentials) { g.Expires = h.now() },
		func(_ *broker.Grant, c *secret.Credentials) { c.Expires = h.now().Add(-time.Second) },
		func(g *broker.Grant, _ *secret.Credentials) { g.Expires = time.Time{} },
		func(g *broker.Grant, _ *secret.Credentials) { g.ID = "" },
		func(g *broker.Grant, _ *secret.Credentials) { g.User = "" },
	} {
		g, c := grant(h, "g1", "prod", time.Hour)
		late(&g, &c)
		if _, err := h.Grants.SaveGrant(t.Context(), g, c, time.Hour); err == nil {
			t.Errorf("save of %+v: got no error", g)
		}
	}
	wantLive(t, h.Store)
}

func repeatedSave(t testing.TB, h *harness) {
	g, c := grant(h, "g1", "prod", time.Hour)
	for range 3 {
		if _, err := h.Grants.SaveGrant(t.Context(), g, c, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	wantLive(t, h.Store, "g1")
	wantRevealed(t, h.Store, "prod", "g1")
}

func usersAreApart(t testing.TB, h *harness) {
	save(t, h, h.Store, "g1", "prod", time.Hour, time.Hour)
	if _, _, ok, err := h.Grants.RevealGrant(t.Context(), bob, "prod"); ok || err != nil {
		t.Errorf("reveal to Bob: got %v, %v, want nothing", ok, err)
	}
	if err := h.Grants.ForgetCredentials(t.Context(), bob, "g1"); err != nil {
		t.Fatal(err)
	}
	wantRevealed(t, h.Store, "prod", "g1")
}

func clocksDiffer(t testing.TB, h *harness) {
	h.skew(3 * time.Hour)
	save(t, h, h.Store, "g1", "prod", 2*h.unit, time.Hour)
	h.pass(t, h.unit)
	wantRevealed(t, h.Store, "prod", "g1")
	h.pass(t, h.unit)
	wantLive(t, h.Store)
}

func indexIsPruned(t testing.TB, h *harness) {
	h.needsShared(t)
	save(t, h, h.Store, "g1", "prod", 30*time.Minute, time.Hour)
	h.skew(2 * time.Hour)
	save(t, h, h.Store, "g2", "prod", time.Minute, time.Hour)
	key := h.only(t, ":grants")
	ids, err := h.raw.ZRange(t.Context(), key, 0, -1).Result()
	if diff := cmp.Diff([]string{"g2"}, ids); err != nil || diff != "" {
		t.Errorf("index (%v) (-want +got):\n%s", err, diff)
	}
	ttl, err := h.raw.PTTL(t.Context(), key).Result()
	if err != nil || ttl < 29*time.Minute || ttl > 30*time.Minute {
		t.Errorf("index lives for %v (%v), want as long as the longest Grant", ttl, err)
	}
}

func credentialsAreSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	save(t, h, h.Store, "g1", "prod", time.Hour, time.Hour)
	dump := Dump(t, h.url)
	if got, want := len(dump), 4; got != want {
		t.Errorf("keys: got %d, want %d: %v", got, want, dump)
	}
	for key, value := range dump {
		if strings.Contains(key+value, secretKey) || strings.Contains(key+value, sessionToken) {
			t.Errorf("%s shows a secret", key)
		}
	}
	ttl, err := h.raw.PTTL(t.Context(), h.only(t, ":credentials:g1")).Result()
	if err != nil || ttl < 59*time.Minute || ttl > time.Hour {
		t.Errorf("credentials live for %v (%v), want an hour", ttl, err)
	}
}

func rotation(t testing.TB, h *harness) {
	h.needsShared(t)
	save(t, h, h.Store, "g1", "prod", time.Hour, time.Hour)
	rotated := h.replica(t, KeyTwo, KeyOne)
	wantRevealed(t, rotated, "prod", "g1")
	h.skew(time.Second)
	save(t, h, rotated, "g2", "prod", time.Hour, time.Hour)
	wantRevealed(t, h.replica(t, KeyTwo), "prod", "g2")
	wantUnseal(t, h.Store) // the old ring alone does not know the newest key
}

// wantUnseal wants revealing prod to end in an UnsealError, and returns the key
// that it says is unknown.
func wantUnseal(t testing.TB, s *store.Store) (unknownKey string) {
	t.Helper()
	_, c, ok, err := s.Grants.RevealGrant(t.Context(), alice, "prod")
	var got *store.UnsealError
	if ok || c.AccessKeyID != "" || !errors.As(err, &got) {
		t.Fatalf("reveal: got %v, %v, want an UnsealError", ok, err)
	}
	return got.UnknownKey
}

func unknownKeys(t testing.TB, h *harness) {
	h.needsShared(t)
	save(t, h, h.Store, "g1", "prod", time.Hour, time.Hour)
	if got := wantUnseal(t, h.replica(t, KeyTwo)); got == "" {
		t.Error("the unknown key is not named")
	}
}

func tampered(t testing.TB, h *harness) {
	h.needsShared(t)
	save(t, h, h.Store, "g1", "prod", time.Hour, time.Hour)
	key := h.only(t, ":credentials:g1")
	whole, err := h.raw.Get(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(whole)
	flipped[len(flipped)/2] ^= 1
	for _, bad := range []string{string(flipped), whole[:len(whole)-1], whole[:10], "x", ""} {
		if err := h.raw.Set(t.Context(), key, bad, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		if bad != "" {
			wantUnseal(t, h.Store)
		}
	}
	h.skew(time.Second)
	save(t, h, h.Store, "g2", "prod", time.Hour, time.Hour)
	if err := h.raw.Set(t.Context(), strings.Replace(key, "g1", "g2", 1), whole, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	wantUnseal(t, h.Store)
}

func alteredGrant(t testing.TB, h *harness) {
	h.needsShared(t)
	save(t, h, h.Store, "g1", "staging", time.Hour, time.Hour)
	key := h.only(t, ":grant:g1")
	text, err := h.raw.Get(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, altered := range []struct{ account, from, to string }{
		{"prod", `"account":"staging"`, `"account":"prod"`},
		{"staging", `"ASIAG1"`, `"ASIAG2"`},
		{"staging", `"reason":"INC-42"`, `"reason":"INC-43"`},
		{"staging", `"reason"`, `"approval":"a1","reason"`},
		{"staging", `"reason"`, `"break_glass":true,"reason"`},
	} {
		if n := strings.Count(text, altered.from); n != 1 {
			t.Fatalf("got %d times %s in %s, want it once", n, altered.from, text)
		}
		if err := h.raw.Set(t.Context(), key, strings.Replace(text, altered.from, altered.to, 1), time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		if _, _, ok, err := h.Grants.RevealGrant(t.Context(), alice, altered.account); ok || err == nil {
			t.Errorf("reveal with %s: got %v, %v, want an error", altered.to, ok, err)
		}
	}
}

func corruptGrant(t testing.TB, h *harness) {
	h.needsShared(t)
	save(t, h, h.Store, "g1", "prod", time.Hour, time.Hour)
	key := h.only(t, ":grant:g1")
	for _, bad := range []string{"{", "null", `{"id":"g2","user":"U01ALICE"}`, `{"id":"g1","user":"U02BOB"}`} {
		if err := h.raw.Set(t.Context(), key, bad, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		_, _, ok, err := h.Grants.RevealGrant(t.Context(), alice, "prod")
		if ok || err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("reveal of %s: got %v, %v, want an error with %s", bad, ok, err, key)
		}
		if _, err := h.Grants.LiveGrants(t.Context(), alice); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("live grants of %s: got %v, want an error with %s", bad, err, key)
		}
	}
}

func wantFound(t testing.TB, h *harness, user, id string, found, kept bool) {
	t.Helper()
	got, ok, err := h.Grants.FindGrant(t.Context(), user, id)
	if err != nil {
		t.Fatalf("find %s: %v", id, err)
	}
	if ok != found || got.Revealable != kept || ok && got.Grant.ID != id {
		t.Errorf("find %s: got %+v, found %v, want found %v, kept %v", id, got.Grant, ok, found, kept)
	}
}

func grantIsFound(t testing.TB, h *harness) {
	wantFound(t, h, alice, "g1", false, false)
	g, c := grant(h, "g1", "prod", 3*h.unit)
	if _, err := h.Grants.SaveGrant(t.Context(), g, c, h.unit); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, alice, "g1", true, true)
	h.pass(t, h.unit)
	wantFound(t, h, alice, "g1", true, false)
	h.pass(t, 2*h.unit)
	wantFound(t, h, alice, "g1", false, false)
}

func endedGrantIsGone(t testing.TB, h *harness) {
	for _, id := range []string{"g1", "g2"} {
		g, c := grant(h, id, "prod", time.Hour)
		if _, err := h.Grants.SaveGrant(t.Context(), g, c, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Grants.EndGrant(t.Context(), alice, "g1"); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, alice, "g1", false, false)
	wantFound(t, h, alice, "g2", true, true)
	wantLive(t, h.Store, "g2")
	wantRevealed(t, h.Store, "prod", "g2")
	if err := h.Grants.EndGrant(t.Context(), alice, "g1"); err != nil {
		t.Errorf("end it again: got %v, want nil", err)
	}
}

func grantOfAnotherIsNotFound(t testing.TB, h *harness) {
	g, c := grant(h, "g1", "prod", time.Hour)
	if _, err := h.Grants.SaveGrant(t.Context(), g, c, time.Hour); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, "U02BOB", "g1", false, false)
	if err := h.Grants.EndGrant(t.Context(), "U02BOB", "g1"); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, alice, "g1", true, true)
}
