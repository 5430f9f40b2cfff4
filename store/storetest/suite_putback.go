package storetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// What whoever can write to Redis can put back, as it was and without an end.
var putBackTests = []test{
	{"credentials that are put back after the reveal window are not kept any more", putBackAfterWindow},
	{"a grant that is put back after its end is not there, for any replica", putBackAfterEnd},
	{"a grant that is put back without the note of its end is not there for who ended it", putBackWithoutNote},
	{"an MFA session that is put back after its end is not there", putBackSession},
	{"a listing that is put back after its time is not there", putBackListing},
}

// putBack writes every key of Alice's with its value at the time of the call again,
// without an end; those of except are deleted.
func putBack(t testing.TB, h *harness) (again func(except ...string)) {
	t.Helper()
	type member struct {
		text string
		z    []redis.Z
	}
	was := map[string]member{}
	keys, err := keysLike(t.Context(), h.raw, "assumebot:{U01ALICE}*")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if kind := h.raw.Type(t.Context(), key).Val(); kind == "zset" {
			was[key] = member{z: h.raw.ZRangeWithScores(t.Context(), key, 0, -1).Val()}
		} else {
			was[key] = member{text: h.raw.Get(t.Context(), key).Val()}
		}
	}
	return func(except ...string) {
		t.Helper()
		for _, key := range except {
			if err := h.raw.Del(t.Context(), key).Err(); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(was)) {
			m := was[key]
			var err error
			if len(m.z) > 0 {
				err = h.raw.ZAdd(t.Context(), key, m.z...).Err()
			} else {
				err = h.raw.Set(t.Context(), key, m.text, 0).Err()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func putBackGrant(t testing.TB, h *harness, reveal time.Duration) {
	t.Helper()
	now := h.now()
	g := broker.Grant{ID: "g1", User: "U01ALICE", Account: "prod", AccessKeyID: "ASIA1", Issued: now, Expires: now.Add(time.Hour)}
	c := secret.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: secret.New("s"), SessionToken: secret.New("t"), Expires: g.Expires}
	if _, err := h.Grants.SaveGrant(t.Context(), g, c, reveal); err != nil {
		t.Fatal(err)
	}
}

// wantGrant wants g1 to be there, with or without its credentials, or not at all.
func wantGrant(t testing.TB, s store.Grants, there, kept bool) {
	t.Helper()
	g, ok, err := s.FindGrant(t.Context(), "U01ALICE", "g1")
	if ok != there || err != nil || g.Revealable != kept || kept == g.Credentials.SessionToken.Empty() {
		t.Errorf("find: got there %v, kept %v (%v), want %v, %v", ok, g.Revealable, err, there, kept)
	}
	_, c, ok, err := s.RevealGrant(t.Context(), "U01ALICE", "prod")
	if ok != kept || err != nil || kept == c.SessionToken.Empty() {
		t.Errorf("reveal: got %v (%v), want %v", ok, err, kept)
	}
	live, err := s.LiveGrants(t.Context(), "U01ALICE")
	if err != nil || len(live) > 0 != there {
		t.Errorf("live: got %v (%v), want there %v", live, err, there)
	}
}

func putBackAfterWindow(t testing.TB, h *harness) {
	h.needsShared(t)
	putBackGrant(t, h, 10*time.Minute)
	again := putBack(t, h)
	wantGrant(t, h.Grants, true, true)
	h.skew(10 * time.Minute)
	again()
	wantGrant(t, h.Grants, true, false)
}

func putBackAfterEnd(t testing.TB, h *harness) {
	h.needsShared(t)
	putBackGrant(t, h, 10*time.Minute)
	again := putBack(t, h)
	if err := h.Grants.EndGrant(t.Context(), "U01ALICE", "g1"); err != nil {
		t.Fatal(err)
	}
	again()
	wantGrant(t, h.Grants, false, false)
	wantGrant(t, h.replica(t, KeyOne).Grants, false, false)
}

func putBackWithoutNote(t testing.TB, h *harness) {
	h.needsShared(t)
	putBackGrant(t, h, 10*time.Minute)
	again := putBack(t, h)
	if err := h.Grants.EndGrant(t.Context(), "U01ALICE", "g1"); err != nil {
		t.Fatal(err)
	}
	again("assumebot:{U01ALICE}:ended:g1")
	wantGrant(t, h.Grants, false, false)
	// Another replica knows of the end by the note alone: what stands in threat-model.md.
	wantGrant(t, h.replica(t, KeyOne).Grants, true, true)
}

func putBackSession(t testing.TB, h *harness) {
	h.needsShared(t)
	now := h.now()
	save := func(id string, asked time.Time) {
		t.Helper()
		s := broker.Session{ID: id, User: "U01ALICE", MFASerial: "serial", AccessKeyID: "ASIA1", Began: asked, Asked: asked, Expires: asked.Add(8 * time.Hour)}
		c := secret.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: secret.New("s"), SessionToken: secret.New("t"), Expires: s.Expires}
		if err := h.Sessions.SaveMFASession(t.Context(), s, c, nil); err != nil {
			t.Fatal(err)
		}
	}
	want := func(s store.Sessions, id string) {
		t.Helper()
		if got, _, ok, err := s.FindMFASession(t.Context(), "U01ALICE"); err != nil || ok != (id != "") || got.ID != id {
			t.Errorf("got %q, %v (%v), want %q", got.ID, ok, err, id)
		}
	}
	save("first", now)
	again := putBack(t, h)
	want(h.Sessions, "first")
	h.skew(2 * time.Minute)
	if _, err := h.Sessions.DropMFASession(t.Context(), "U01ALICE", ""); err != nil {
		t.Fatal(err)
	}
	again()
	want(h.Sessions, "")
	want(h.replica(t, KeyOne).Sessions, "")
	again("assumebot:{U01ALICE}:mfa-ended")
	want(h.Sessions, "")
	h.skew(time.Minute)
	save("second", h.now())
	want(h.Sessions, "second")
}

func putBackListing(t testing.TB, h *harness) {
	h.needsShared(t)
	if err := h.Listings.SaveListing(t.Context(), "U01ALICE", "g1", "logs-", listing.Listing{}, time.Minute); err != nil {
		t.Fatal(err)
	}
	again := putBack(t, h)
	if _, ok, err := h.Listings.LoadListing(t.Context(), "U01ALICE", "g1", "logs-"); !ok || err != nil {
		t.Fatalf("got %v, %v, want it there", ok, err)
	}
	h.skew(time.Minute)
	again()
	if _, ok, err := h.Listings.LoadListing(t.Context(), "U01ALICE", "g1", "logs-"); ok || err != nil {
		t.Errorf("got %v, %v, want it over", ok, err)
	}
}
