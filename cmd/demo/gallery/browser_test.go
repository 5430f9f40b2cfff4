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
	judge := func(t *testing.T, tab *browsertest.Tab) {
		t.Helper()
		for _, wide := range tab.Overflowing(".phone, .desktop") {
			t.Errorf("too wide: %s", wide)
		}
		for _, faint := range tab.Faint() {
			t.Errorf("too faint: %s", faint)
		}
	}
	t.Run("desktop, dark", func(t *testing.T) { judge(t, shownIn(t, browsertest.Desktop.InTheDark())) })
	t.Run("phone, light", func(t *testing.T) {
		tab := shownIn(t, browsertest.Phone)
		judge(t, tab)
		// The gallery keeps a keyboard out of the messages, which the demo does not,
		// and has each of them twice.
		browsertest.Eval[bool](tab, `(() => {
			document.querySelectorAll(".desktop").forEach(e => e.remove());
			document.querySelectorAll("[inert]").forEach(e => e.inert = false);
			return true;
		})()`)
		for _, unnamed := range tab.Unnamed() {
			t.Errorf("without a name: %s", unnamed)
		}
	})
}

// TestPictures makes the pictures of the docs anew, with -pictures.
func TestPictures(t *testing.T) {
	if !browsertest.Pictures() {
		t.Skip("go test ./cmd/demo/web ./cmd/demo/gallery -run TestPictures -pictures makes them anew")
	}
	tab := shownIn(t, browsertest.Look{Width: 1180, Height: 800})
	browsertest.Eval[bool](tab, "document.getElementById('approval_people').scrollIntoView(), true")
	tab.Keep("gallery")
}
