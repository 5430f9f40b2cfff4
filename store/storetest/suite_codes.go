package storetest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

const (
	alice  = "U01ALICE"
	bob    = "U02BOB"
	serial = "arn:aws:iam::111111111111:mfa/alice"
)

var codeTests = []test{
	{"one Request at a time has a code", oneRequestHasACode},
	{"a repeat is answered as the first time and lengthens nothing", repeatedReserve},
	{"a claim ends by itself", claimEnds},
	{"only the holder releases a code", onlyHolderReleases},
	{"of many racing exactly one wins", manyRace},
	{"replicas in the middle of a key rotation collide", rotationCollides},
	{"a conflict sets nothing", conflictSetsNothing},
	{"neither code nor serial is in Redis", codesAreHashed},
	{"what makes no sense is refused", senselessReserve},
}

func code(s string) secret.TokenCode {
	c, ok := secret.ParseTokenCode(s)
	if !ok {
		panic("not a code: " + s)
	}
	return c
}

// reserve claims 123456 of Alice's device.
func reserve(t testing.TB, s *store.Store, request string, ttl time.Duration) bool {
	t.Helper()
	ok, err := s.Codes.ReserveCode(t.Context(), alice, serial, code("123456"), request, ttl)
	if err != nil {
		t.Fatalf("reserve: %v", err)
	}
	return ok
}

func wantReserve(t testing.TB, s *store.Store, request string, ttl time.Duration, want bool) {
	t.Helper()
	if got := reserve(t, s, request, ttl); got != want {
		t.Errorf("reserve for %s: got %v, want %v", request, got, want)
	}
}

func oneRequestHasACode(t testing.TB, h *harness) {
	wantReserve(t, h.Store, "r1", time.Minute, true)
	wantReserve(t, h.Store, "r2", time.Minute, false)
	for _, other := range []struct{ user, serial, code string }{
		{alice, serial, "123457"},
		{alice, "GAHT12345678", "123456"},
		{bob, "arn:aws:iam::111111111111:mfa/bob", "123456"},
	} {
		ok, err := h.Codes.ReserveCode(t.Context(), other.user, other.serial, code(other.code), "r3", time.Minute)
		if err != nil || !ok {
			t.Errorf("reserve of another code or device: got %v, %v, want true", ok, err)
		}
	}
}

func repeatedReserve(t testing.TB, h *harness) {
	wantReserve(t, h.Store, "r1", 2*h.unit, true)
	h.pass(t, h.unit)
	wantReserve(t, h.Store, "r1", time.Hour, true)
	h.pass(t, h.unit)
	wantReserve(t, h.Store, "r2", h.unit, true)
}

func claimEnds(t testing.TB, h *harness) {
	wantReserve(t, h.Store, "r1", h.unit, true)
	wantReserve(t, h.Store, "r2", h.unit, false)
	h.pass(t, h.unit)
	wantReserve(t, h.Store, "r2", h.unit, true)
}

func onlyHolderReleases(t testing.TB, h *harness) {
	wantReserve(t, h.Store, "r1", time.Minute, true)
	for _, request := range []string{"r2", "r1", "r1"} {
		if err := h.Codes.ReleaseCode(t.Context(), alice, serial, code("123456"), request); err != nil {
			t.Fatalf("release: %v", err)
		}
		wantReserve(t, h.Store, "r3", time.Minute, request == "r1")
	}
}

func manyRace(t testing.TB, h *harness) {
	stores := []*store.Store{h.Store}
	if h.raw != nil {
		stores = append(stores, h.replica(t, KeyOne), h.replica(t, KeyTwo, KeyOne))
	}
	const racers = 60
	var wg sync.WaitGroup
	won := make(chan string, racers)
	start := make(chan struct{})
	for i := range racers {
		wg.Go(func() {
			<-start
			id := broker.NewID()
			ok, err := stores[i%len(stores)].Codes.ReserveCode(t.Context(), alice, serial, code("123456"), id, time.Minute)
			if err != nil {
				t.Errorf("reserve: %v", err)
			}
			if ok {
				won <- id
			}
		})
	}
	close(start)
	wg.Wait()
	if got := len(won); got != 1 {
		t.Errorf("winners: got %d, want 1", got)
	}
}

func rotationCollides(t testing.TB, h *harness) {
	h.needsShared(t)
	old, rotated := h.Store, h.replica(t, KeyTwo, KeyOne)
	finished := h.replica(t, KeyTwo)

	wantReserve(t, old, "r1", time.Minute, true)
	wantReserve(t, rotated, "r2", time.Minute, false)
	wantReserve(t, rotated, "r1", time.Minute, true)
	wantReserve(t, finished, "r2", time.Minute, false) // the repeat claimed it under the new key too

	if err := rotated.Codes.ReleaseCode(t.Context(), alice, serial, code("123456"), "r1"); err != nil {
		t.Fatal(err)
	}
	wantReserve(t, rotated, "r3", time.Minute, true)
	wantReserve(t, old, "r4", time.Minute, false)
	wantReserve(t, finished, "r4", time.Minute, false)
}

func conflictSetsNothing(t testing.TB, h *harness) {
	h.needsShared(t)
	wantReserve(t, h.Store, "r1", time.Minute, true)
	before := Dump(t, h.url)
	wantReserve(t, h.replica(t, KeyTwo, KeyOne), "r2", time.Minute, false)
	if got, want := len(Dump(t, h.url)), len(before); got != want {
		t.Errorf("keys after a conflict: got %d, want %d", got, want)
	}
}

func codesAreHashed(t testing.TB, h *harness) {
	h.needsShared(t)
	wantReserve(t, h.Store, "r1", time.Minute, true)
	for key, value := range Dump(t, h.url) {
		if all := key + value; strings.Contains(all, "mfa/alice") || value != "r1" || !strings.HasPrefix(key, "assumebot:{"+alice+"}:code:") {
			t.Errorf("got %q = %q, want a hash that holds the request", key, value)
		}
	}
}

func senselessReserve(t testing.TB, h *harness) {
	for _, in := range []struct {
		user, serial string
		code         secret.TokenCode
		request      string
		ttl          time.Duration
	}{
		{"", serial, code("123456"), "r1", time.Minute},
		{"U{1}", serial, code("123456"), "r1", time.Minute},
		{alice, "", code("123456"), "r1", time.Minute},
		{alice, serial, secret.TokenCode{}, "r1", time.Minute},
		{alice, serial, code("123456"), "", time.Minute},
		{alice, serial, code("123456"), "r1", 0},
	} {
		if ok, err := h.Codes.ReserveCode(t.Context(), in.user, in.serial, in.code, in.request, in.ttl); ok || err == nil {
			t.Errorf("reserve %+v: got %v, %v, want an error", in, ok, err)
		}
	}
}
