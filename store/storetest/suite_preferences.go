package storetest

import "testing"

var preferenceTests = []test{
	{"a format is remembered", formatIsRemembered},
	{"an opened home is remembered", homeIsRemembered},
}

func formatIsRemembered(t testing.TB, h *harness) {
	for _, want := range []string{"", "fish", "json"} {
		if want != "" {
			if err := h.Preferences.SaveFormat(t.Context(), alice, want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := h.Preferences.LastFormat(t.Context(), alice); err != nil || got != want {
			t.Errorf("last format: got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := h.Preferences.LastFormat(t.Context(), "U02BOB"); err != nil || got != "" {
		t.Errorf("last format of another: got %q, %v, want none", got, err)
	}
}

func homeIsRemembered(t testing.TB, h *harness) {
	if got, err := h.Preferences.HomeOpened(t.Context(), alice); err != nil || got {
		t.Errorf("home: got %v, %v, want not opened", got, err)
	}
	if err := h.Preferences.RememberHome(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Preferences.HomeOpened(t.Context(), alice); err != nil || !got {
		t.Errorf("home: got %v, %v, want opened", got, err)
	}
}
