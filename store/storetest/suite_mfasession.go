package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

var sessionTests = []test{
	{"an end counts for a session that is beginning", sessionEndedWhileItBegan},
	{"an MFA session and its Credentials come back as they went in", sessionRoundTrip},
	{"an MFA session ends when it expires", sessionExpires},
	{"a new MFA session replaces the old one", sessionReplaced},
	{"a dropped MFA session is gone for every replica", sessionDropped},
	{"one that was replaced is not dropped by its ID", droppedByID},
	{"an MFA session is its User's alone", sessionsAreApart},
	{"what makes no sense is refused", senselessSession},
	{"nothing of an MFA session is readable in Redis", sessionIsSealed},
	{"an MFA session that does not open is an error and can be dropped", sessionTampered},
	{"an MFA session opens after a rotation", sessionRotation},
	{"a code's holder is told, and settled once", holderIsSettled},
	{"settling lengthens no claim", settlingKeepsTime},
	{"the holder is told in the middle of a key rotation", holderInRotation},
	{"of many racing with one code all get the one MFA session", sessionRace},
}

func mfaSession(h *harness, id string, life time.Duration) (broker.Session, secret.Credentials) {
	_, c := grant(h, id, "prod", life)
	now := h.now().Truncate(time.Millisecond).UTC()
	return broker.Session{ID: id, User: alice, MFASerial: serial, AccessKeyID: c.AccessKeyID, Asked: now, Began: now, Expires: c.Expires}, c
}

func saveSession(t testing.TB, h *harness, s *store.Store, id string, life time.Duration) broker.Session {
	t.Helper()
	session, c := mfaSession(h, id, life)
	if err := s.Sessions.SaveMFASession(t.Context(), session, c, nil); err != nil {
		t.Fatalf("save MFA session: %v", err)
	}
	return session
}

// wantSession wants the MFA session id of Alice's, or none if it is "".
func wantSession(t testing.TB, s *store.Store, id string) {
	t.Helper()
	got, c, ok, err := s.Sessions.FindMFASession(t.Context(), alice)
	if err != nil {
		t.Fatalf("find MFA session: %v", err)
	}
	if got.ID != id || ok != (id != "") {
		t.Fatalf("find MFA session: got %q, %v, want %q", got.ID, ok, id)
	}
	if want := secret.New(secretKey + id); ok && !sameSecret(c.SecretAccessKey, want) {
		t.Errorf("secret access key: got another, want that of %s", id)
	}
}

func wantDropped(t testing.TB, s *store.Store, id string, want bool) {
	t.Helper()
	if got, err := s.Sessions.DropMFASession(t.Context(), alice, id); err != nil || got != want {
		t.Errorf("drop MFA session %q: got %v, %v, want %v", id, got, err, want)
	}
}

func sessionRoundTrip(t testing.TB, h *harness) {
	wantSession(t, h.Store, "")
	want, wantCreds := mfaSession(h, "s1", 8*time.Hour)
	if err := h.Sessions.SaveMFASession(t.Context(), want, wantCreds, nil); err != nil {
		t.Fatal(err)
	}
	got, creds, ok, err := h.Sessions.FindMFASession(t.Context(), alice)
	if err != nil || !ok {
		t.Fatalf("find: got %v, %v", ok, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("MFA session (-want +got):\n%s", diff)
	}
	if creds.AccessKeyID != wantCreds.AccessKeyID || !creds.Expires.Equal(wantCreds.Expires) ||
		!sameSecret(creds.SecretAccessKey, wantCreds.SecretAccessKey) || !sameSecret(creds.SessionToken, wantCreds.SessionToken) {
		t.Errorf("credentials: got %v, want %v with the same secrets", creds, wantCreds)
	}
}

func sessionExpires(t testing.TB, h *harness) {
	saveSession(t, h, h.Store, "s1", h.unit)
	wantSession(t, h.Store, "s1")
	h.pass(t, h.unit)
	wantSession(t, h.Store, "")
	saveSession(t, h, h.Store, "s2", time.Hour)
	h.skew(time.Hour) // the bot's clock alone
	wantSession(t, h.Store, "")
}

func sessionReplaced(t testing.TB, h *harness) {
	saveSession(t, h, h.Store, "s1", 8*time.Hour)
	saveSession(t, h, h.Store, "s2", h.unit)
	saveSession(t, h, h.Store, "s2", h.unit) // a repeat changes nothing
	wantSession(t, h.Store, "s2")
	h.pass(t, h.unit)
	wantSession(t, h.Store, "")
}

func sessionDropped(t testing.TB, h *harness) {
	wantDropped(t, h.Store, "", false)
	saveSession(t, h, h.Store, "s1", time.Hour)
	other := h.Store
	if h.raw != nil {
		other = h.replica(t, KeyOne)
	}
	wantSession(t, other, "s1")
	wantDropped(t, other, "", true)
	wantSession(t, h.Store, "")
	wantDropped(t, h.Store, "", false)
}

func droppedByID(t testing.TB, h *harness) {
	saveSession(t, h, h.Store, "s1", time.Hour)
	saveSession(t, h, h.Store, "s2", time.Hour)
	wantDropped(t, h.Store, "s1", false)
	wantSession(t, h.Store, "s2")
	wantDropped(t, h.Store, "s2", true)
	wantSession(t, h.Store, "")
}

func sessionsAreApart(t testing.TB, h *harness) {
	saveSession(t, h, h.Store, "s1", time.Hour)
	if _, _, ok, err := h.Sessions.FindMFASession(t.Context(), bob); ok || err != nil {
		t.Errorf("find of another User: got %v, %v, want none", ok, err)
	}
	if dropped, err := h.Sessions.DropMFASession(t.Context(), bob, ""); dropped || err != nil {
		t.Errorf("drop of another User: got %v, %v, want none", dropped, err)
	}
	wantSession(t, h.Store, "s1")
}

func senselessSession(t testing.TB, h *harness) {
	for name, change := range map[string]func(*broker.Session, *secret.Credentials){
		"expired":               func(s *broker.Session, _ *secret.Credentials) { s.Expires = h.now().Add(-time.Second) },
		"no user":               func(s *broker.Session, _ *secret.Credentials) { s.User = "" },
		"a brace in the user":   func(s *broker.Session, _ *secret.Credentials) { s.User = "U{1}" },
		"no ID":                 func(s *broker.Session, _ *secret.Credentials) { s.ID = "" },
		"no device":             func(s *broker.Session, _ *secret.Credentials) { s.MFASerial = "" },
		"another's credentials": func(_ *broker.Session, c *secret.Credentials) { c.AccessKeyID = "ASIAOTHER" },
	} {
		s, c := mfaSession(h, "s1", time.Hour)
		change(&s, &c)
		if err := h.Sessions.SaveMFASession(t.Context(), s, c, nil); err == nil {
			t.Errorf("save with %s: got no error, want one", name)
		}
	}
	if _, _, _, err := h.Sessions.FindMFASession(t.Context(), ""); err == nil {
		t.Error("find of nobody: got no error, want one")
	}
	if _, err := h.Sessions.DropMFASession(t.Context(), "", ""); err == nil {
		t.Error("drop of nobody: got no error, want one")
	}
	if err := h.Codes.ReplaceClaim(t.Context(), alice, serial, code("123456"), "r1", ""); err == nil {
		t.Error("settle as nothing: got no error, want one")
	}
	wantSession(t, h.Store, "")
}

func sessionIsSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	session := saveSession(t, h, h.Store, "s1", time.Hour)
	for key, value := range Dump(t, h.url) {
		for _, marked := range []string{secretKey, sessionToken, session.AccessKeyID, serial} {
			if strings.Contains(key+value, marked) {
				t.Errorf("%s holds %q", key, marked)
			}
		}
	}
}

func sessionTampered(t testing.TB, h *harness) {
	h.needsShared(t)
	saveSession(t, h, h.Store, "s1", time.Hour)
	key := h.only(t, ":mfa")
	sealed, err := h.raw.Get(t.Context(), key).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	stolen := strings.Replace(key, alice, bob, 1)
	if err := h.raw.Set(t.Context(), stolen, sealed, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	var unseal *store.UnsealError
	if _, _, ok, err := h.Sessions.FindMFASession(t.Context(), bob); ok || !errors.As(err, &unseal) {
		t.Errorf("moved to another User: got %v, %v, want an UnsealError", ok, err)
	}
	sealed[len(sealed)-1] ^= 1
	if err := h.raw.Set(t.Context(), key, sealed, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, err := h.Sessions.FindMFASession(t.Context(), alice); ok || !errors.As(err, &unseal) {
		t.Errorf("altered: got %v, %v, want an UnsealError", ok, err)
	}
	if _, err := h.Sessions.DropMFASession(t.Context(), alice, "s1"); !errors.As(err, &unseal) {
		t.Errorf("drop by ID: got %v, want an UnsealError", err)
	}
	wantDropped(t, h.Store, "", true)
	wantSession(t, h.Store, "")
}

func sessionRotation(t testing.TB, h *harness) {
	h.needsShared(t)
	saveSession(t, h, h.Store, "s1", time.Hour)
	wantSession(t, h.replica(t, KeyTwo, KeyOne), "s1")
	var unseal *store.UnsealError
	if _, _, _, err := h.replica(t, KeyTwo).Sessions.FindMFASession(t.Context(), alice); !errors.As(err, &unseal) || unseal.UnknownKey == "" {
		t.Errorf("sealed with an unknown key: got %v, want an UnsealError that names it", err)
	}
}

func wantHolder(t testing.TB, s *store.Store, want string) {
	t.Helper()
	if got, err := s.Codes.CodeClaim(t.Context(), alice, serial, code("123456")); err != nil || got != want {
		t.Errorf("holder of the code: got %q, %v, want %q", got, err, want)
	}
}

func settle(t testing.TB, s *store.Store, from, to string) {
	t.Helper()
	if err := s.Codes.ReplaceClaim(t.Context(), alice, serial, code("123456"), from, to); err != nil {
		t.Fatalf("settle: %v", err)
	}
}

func holderIsSettled(t testing.TB, h *harness) {
	wantHolder(t, h.Store, "")
	settle(t, h.Store, "r1", "r2") // nobody's claim
	wantHolder(t, h.Store, "")
	wantReserve(t, h.Store, "r1", time.Minute, true)
	wantHolder(t, h.Store, "r1")
	settle(t, h.Store, "r2", "r3") // another's claim
	wantHolder(t, h.Store, "r1")
	for range 2 {
		settle(t, h.Store, "r1", "r2")
		wantHolder(t, h.Store, "r2")
	}
	wantReserve(t, h.Store, "r1", time.Minute, false)
}

func settlingKeepsTime(t testing.TB, h *harness) {
	wantReserve(t, h.Store, "r1", 2*h.unit, true)
	h.pass(t, h.unit)
	settle(t, h.Store, "r1", "r2")
	wantHolder(t, h.Store, "r2")
	h.pass(t, h.unit)
	wantHolder(t, h.Store, "")
}

func holderInRotation(t testing.TB, h *harness) {
	h.needsShared(t)
	rotated := h.replica(t, KeyTwo, KeyOne)
	wantReserve(t, h.Store, "r1", time.Minute, true)
	wantHolder(t, rotated, "r1")
	settle(t, rotated, "r1", "r2")
	wantHolder(t, h.Store, "r2")
}

// sessionRace is what the broker does with these calls, from many at once: one
// holds the code and makes the MFA session, the others find it.
func sessionRace(t testing.TB, h *harness) {
	stores := []*store.Store{h.Store}
	if h.raw != nil {
		stores = append(stores, h.replica(t, KeyOne))
	}
	const racers = 20
	var wg sync.WaitGroup
	made, start := make(chan string, racers), make(chan struct{})
	for i := range racers {
		wg.Go(func() {
			s, id := stores[i%len(stores)], broker.NewID()
			<-start
			if reserve(t, s, id, time.Minute) {
				saveSession(t, h, s, id, time.Hour)
				settle(t, s, id, "begun:"+id)
				made <- id
				return
			}
			Eventually(t, 10*time.Second, "the MFA session of the code's holder is there", func() bool {
				holder, err := s.Codes.CodeClaim(t.Context(), alice, serial, code("123456"))
				if err != nil {
					t.Errorf("holder: %v", err)
				}
				found, _, ok, err := s.Sessions.FindMFASession(t.Context(), alice)
				if err != nil {
					t.Errorf("find: %v", err)
				}
				return ok && holder == "begun:"+found.ID
			})
		})
	}
	close(start)
	wg.Wait()
	if got := len(made); got != 1 {
		t.Errorf("made: got %d MFA sessions, want 1", got)
	}
}

func sessionEndedWhileItBegan(t testing.TB, h *harness) {
	asked := h.now()
	h.pass(t, 5*time.Millisecond)
	if _, err := h.Sessions.DropMFASession(t.Context(), alice, ""); err != nil {
		t.Fatal(err)
	}
	c := secret.Credentials{AccessKeyID: "ASIALATE", SecretAccessKey: secret.New("s"), SessionToken: secret.New("t"), Expires: h.now().Add(time.Hour)}
	late := broker.Session{ID: "late", User: alice, MFASerial: serial, AccessKeyID: "ASIALATE", Asked: asked, Began: h.now(), Expires: c.Expires}
	if err := h.Sessions.SaveMFASession(t.Context(), late, c, nil); err == nil {
		t.Error("a session that its user ended while it began was kept")
	}
	wantSession(t, h.Store, "")
}
