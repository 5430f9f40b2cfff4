package gallery

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/assumebot/assumebot/cmd/demo/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// shownIn opens the gallery, under a policy as strict as the demo's.
func shownIn(t *testing.T, look browsertest.Look) *browsertest.Tab {
	t.Helper()
	tab := browsertest.Open(t, look)
	handler, err := Handler(read(t))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'")
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	tab.Go(s.URL)
	return tab
}

func TestEveryMessageFitsAndCanBeRead(t *testing.T) {
	for name, look := range map[string]browsertest.Look{
		"phone": browsertest.Phone, "desktop": browsertest.Desktop, "dark": browsertest.Desktop.InTheDark(),
	} {
		t.Run(name, func(t *testing.T) {
			tab := shownIn(t, look)
			for _, wide := range tab.Overflowing(".phone, .desktop") {
				t.Errorf("too wide: %s", wide)
			}
			for _, faint := range tab.Faint() {
				t.Errorf("too faint: %s", faint)
			}
		})
	}
}

func TestEveryControlOfAMessageHasAName(t *testing.T) {
	tab := shownIn(t, browsertest.Phone)
	// The gallery keeps a keyboard out of them; the demo does not.
	browsertest.Eval[bool](tab, "document.querySelectorAll('[inert]').forEach(e => e.inert = false), true")
	for _, unnamed := range tab.Unnamed() {
		t.Errorf("without a name: %s", unnamed)
	}
}
