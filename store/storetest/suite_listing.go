package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/store"
)

var listingTests = []test{
	{"a listing comes back as it went in, and the last one counts", listingRoundTrip},
	{"a listing ends with the time it was given", listingExpires},
	{"a listing is of one User, one Grant and one prefix", listingsAreApart},
	{"nothing of a listing is readable in Redis", listingIsSealed},
	{"a listing without a time to live is refused", listingWithoutEnd},
}

// listingOf is one of n parts, with tokens that can be looked for.
func listingOf(n int) listing.Listing {
	l := listing.Listing{Total: 1000 * n}
	for i := range n {
		l.Parts = append(l.Parts, listing.Part{First: 1000 * i, Token: strings.Repeat("MARKEDtoken", i)})
	}
	return l
}

// wantListing wants what is kept for a prefix of Alice's Grant g1; of no parts
// is none.
func wantListing(t testing.TB, s *store.Store, user, grantID, prefix string, want listing.Listing) {
	t.Helper()
	got, ok, err := s.Listings.LoadListing(t.Context(), user, grantID, prefix)
	if err != nil {
		t.Fatalf("load listing: %v", err)
	}
	if ok != (len(want.Parts) > 0) {
		t.Errorf("listing of %s: got %t, want %t", prefix, ok, !ok)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listing of %s (-want +got):\n%s", prefix, diff)
	}
}

func saveListing(t testing.TB, h *harness, prefix string, l listing.Listing) {
	t.Helper()
	saveListingFor(t, h, prefix, l, time.Minute)
}

func saveListingFor(t testing.TB, h *harness, prefix string, l listing.Listing, life time.Duration) {
	t.Helper()
	if err := h.Listings.SaveListing(t.Context(), alice, "g1", prefix, l, life); err != nil {
		t.Fatalf("save listing: %v", err)
	}
}

func listingRoundTrip(t testing.TB, h *harness) {
	wantListing(t, h.Store, alice, "g1", "", listing.Listing{})
	saveListing(t, h, "", listingOf(2))
	saveListing(t, h, "", listingOf(5))
	wantListing(t, h.Store, alice, "g1", "", listingOf(5))
}

func listingExpires(t testing.TB, h *harness) {
	saveListingFor(t, h, "", listingOf(2), h.unit)
	h.pass(t, h.unit)
	wantListing(t, h.Store, alice, "g1", "", listing.Listing{})
}

func listingsAreApart(t testing.TB, h *harness) {
	saveListing(t, h, "logs-", listingOf(2))
	saveListing(t, h, "{data}:*", listingOf(3))
	wantListing(t, h.Store, alice, "g1", "logs-", listingOf(2))
	wantListing(t, h.Store, alice, "g1", "{data}:*", listingOf(3))
	wantListing(t, h.Store, alice, "g1", "logs", listing.Listing{})
	wantListing(t, h.Store, alice, "g2", "logs-", listing.Listing{})
	wantListing(t, h.Store, "U02BOB", "g1", "logs-", listing.Listing{})
}

func listingIsSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	saveListing(t, h, "MARKEDprefix", listingOf(3))
	for key, value := range Dump(t, h.url) {
		if strings.Contains(key+value, "MARKED") {
			t.Errorf("%s holds a token or a prefix in clear", key)
		}
	}
	if _, _, err := h.replica(t, KeyTwo).Listings.LoadListing(t.Context(), alice, "g1", "MARKEDprefix"); err == nil {
		t.Error("under another key: got no error")
	}
}

func listingWithoutEnd(t testing.TB, h *harness) {
	for _, user := range []string{alice, ""} {
		if err := h.Listings.SaveListing(t.Context(), user, "g1", "", listingOf(2), 0); err == nil {
			t.Errorf("for %q: got no error", user)
		}
	}
	wantListing(t, h.Store, alice, "g1", "", listing.Listing{})
}
