package browsertest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

// serve is a page with all that a tab watches for.
func serve(t *testing.T, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "script-src 'nonce-a'; img-src data:")
		_, _ = w.Write([]byte("<!doctype html><html lang=en><title>x</title><link rel=icon href='data:,'>" + body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// witness takes what a tab would fail its test with.
type witness struct {
	testing.TB
	errors []string
	after  []func()
}

func (w *witness) Errorf(_ string, args ...any) { w.errors = append(w.errors, args[0].(string)) }
func (w *witness) Cleanup(f func())             { w.after = append(w.after, f) }

func TestTabsFailOnWhatAPageMustNotDo(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"an error on the console", `<script nonce=a>console.error("broken")</script>`, "broken"},
		{"an exception", `<script nonce=a>null.x</script>`, "TypeError"},
		{"inline script", `<script>1</script>`, "Content Security Policy"},
		{"another host", `<script nonce=a>fetch("http://127.0.0.2:1/").catch(() => 0)</script>`, "another host"},
		{"nothing", `<p>fine</p>`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &witness{TB: t}
			tab := Open(w, Phone)
			tab.Go(serve(t, test.body))
			Eval[bool](tab, "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true))))")
			for _, f := range slices.Backward(w.after) {
				f()
			}
			got := strings.Join(w.errors, "\n")
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

func TestOverflowAndMissingNamesAreFound(t *testing.T) {
	tab := Open(t, Phone)
	tab.Go(serve(t, `<button></button><input aria-label=named><p style="width:50px">x</p>`))
	if got := tab.Unnamed(); len(got) != 1 || !strings.HasPrefix(got[0], "button") {
		t.Errorf("got %q unnamed, want the button", got)
	}
	if got := tab.Overflowing(""); len(got) != 0 {
		t.Errorf("got %q too wide, want nothing", got)
	}
	tab.Go(serve(t, `<button>x</button><style>p{width:500px} div{overflow-x:auto}</style><div><p id=scrolled>x</p></div><p id=wide>x</p>`))
	if got := strings.Join(tab.Overflowing(""), "\n"); !strings.Contains(got, "wide") || strings.Contains(got, "scrolled") {
		t.Errorf("got %q too wide, want the paragraph that does not scroll", got)
	}
}

func TestFaintTextIsFound(t *testing.T) {
	tab := Open(t, Desktop)
	tab.Go(serve(t, `<style>body{background:#fff} .faint{color:#999} .large{color:#888;font-size:30px} div{background:#999} b{color:#ddd}</style>
		<p class=faint>faint</p><p class=large>large</p><p>black</p><div><b>pale</b></div>`))
	if got := tab.Faint(); len(got) != 2 || !strings.Contains(got[0], "faint") || !strings.Contains(got[1], "pale") {
		t.Errorf("got %q, want the faint and the pale", got)
	}
}

func TestPeopleTypeAndPress(t *testing.T) {
	tab := Open(t, Desktop.InTheDark())
	tab.Go(serve(t, `<main><input id=i aria-label=i><button id=b>Go on</button><p id=p></p></main>
		<script nonce=a>b.onclick = () => p.innerText = i.value + matchMedia("(prefers-color-scheme: dark)").matches</script>`))
	tab.Type("#i", "hello ")
	tab.Press("main", "Go on")
	tab.Sees("#p", "hello true")
	tab.TabTo("#i", 3)
	tab.Keys("again ")
	tab.TabTo("#b", 1)
	tab.Keys("\r")
	tab.Sees("#p", "again true")
}
