package storetest

import (
	"testing"
	"time"
)

var ledgerTests = []test{
	{"a grant is found with its credentials while they are kept", grantIsFound},
	{"an ended grant is gone for all, the others stay", endedGrantIsGone},
	{"nobody finds the grant of another", grantOfAnotherIsNotFound},
	{"a format is remembered", formatIsRemembered},
	{"an opened home is remembered", homeIsRemembered},
}

func wantFound(t *testing.T, h *harness, user, id string, found, kept bool) {
	t.Helper()
	got, ok, err := h.FindGrant(t.Context(), user, id)
	if err != nil {
		t.Fatalf("find %s: %v", id, err)
	}
	if ok != found || got.Kept != kept || ok && got.Grant.ID != id {
		t.Errorf("find %s: got %+v, found %v, want found %v, kept %v", id, got.Grant, ok, found, kept)
	}
}

func grantIsFound(t *testing.T, h *harness) {
	wantFound(t, h, alice, "g1", false, false)
	g, c := grant(h, "g1", "prod", 3*h.unit)
	if err := h.SaveGrant(t.Context(), g, c, h.unit); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, alice, "g1", true, true)
	h.pass(t, h.unit)
	wantFound(t, h, alice, "g1", true, false)
	h.pass(t, 2*h.unit)
	wantFound(t, h, alice, "g1", false, false)
}

func endedGrantIsGone(t *testing.T, h *harness) {
	for _, id := range []string{"g1", "g2"} {
		g, c := grant(h, id, "prod", time.Hour)
		if err := h.SaveGrant(t.Context(), g, c, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.EndGrant(t.Context(), alice, "g1"); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, alice, "g1", false, false)
	wantFound(t, h, alice, "g2", true, true)
	wantLive(t, h.Store, "g2")
	wantRevealed(t, h.Store, "prod", "g2")
	if err := h.EndGrant(t.Context(), alice, "g1"); err != nil {
		t.Errorf("end it again: got %v, want nil", err)
	}
}

func grantOfAnotherIsNotFound(t *testing.T, h *harness) {
	g, c := grant(h, "g1", "prod", time.Hour)
	if err := h.SaveGrant(t.Context(), g, c, time.Hour); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, "U02BOB", "g1", false, false)
	if err := h.EndGrant(t.Context(), "U02BOB", "g1"); err != nil {
		t.Fatal(err)
	}
	wantFound(t, h, alice, "g1", true, true)
}

func formatIsRemembered(t *testing.T, h *harness) {
	for _, want := range []string{"", "fish", "json"} {
		if want != "" {
			if err := h.SaveFormat(t.Context(), alice, want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := h.LastFormat(t.Context(), alice); err != nil || got != want {
			t.Errorf("last format: got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := h.LastFormat(t.Context(), "U02BOB"); err != nil || got != "" {
		t.Errorf("last format of another: got %q, %v, want none", got, err)
	}
}

func homeIsRemembered(t *testing.T, h *harness) {
	if got, err := h.HomeOpened(t.Context(), alice); err != nil || got {
		t.Errorf("home: got %v, %v, want not opened", got, err)
	}
	if err := h.RememberHome(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if got, err := h.HomeOpened(t.Context(), alice); err != nil || !got {
		t.Errorf("home: got %v, %v, want opened", got, err)
	}
}
