package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/cmd/demo/loopback"
)

func TestOnlyThePageItselfIsAnswered(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	header := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for _, test := range []struct {
		name, method, path string
		change             func(*http.Request)
		want               int
	}{
		{"the page", "GET", "/alice/general", nil, 200},
		{"the page by another name of this host", "GET", "/alice/general", host("localhost:" + b.door.Port()), 200},
		{"a name that leads here", "GET", "/alice/general", host("evil.example:" + b.door.Port()), 421},
		{"another port", "GET", "/alice/general", host("127.0.0.1:80"), 421},
		{"no port", "GET", "/alice/general", host("127.0.0.1"), 421},
		{"somebody else's token", "GET", "x/alice/general", nil, 404},
		{"nobody", "GET", "/mallory/general", nil, 404},
		{"nowhere", "GET", "/alice/nowhere", nil, 404},
		{"a channel that she is not in", "GET", "/carol/aws-audit", nil, 404},
		{"a file that is not there", "GET", "/static/page.html", nil, 404},
		{"a file outside", "GET", "/static/..%2fserver.go", nil, 404},
		{"a form", "POST", "/alice/general/send", nil, 204},
		{"a form by another name", "POST", "/alice/general/send", func(r *http.Request) {
			r.Host = "localhost:" + b.door.Port()
			r.Header.Set("Origin", "http://localhost:"+b.door.Port())
		}, 204},
		{"a form without JavaScript", "POST", "/alice/general/send", header("Origin", "null"), 204},
		{"a page of another origin", "POST", "/alice/general/send", header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"), 403},
		{"another port of this host", "POST", "/alice/general/send", header("Sec-Fetch-Site", "same-site"), 403},
		{"a frame without an origin", "POST", "/alice/general/send", header("Sec-Fetch-Site", "cross-site", "Origin", "null"), 403},
		{"an old browser's page", "POST", "/alice/general/send", header("Sec-Fetch-Site", ""), 204},
		{"an old browser's other page", "POST", "/alice/general/send", header("Sec-Fetch-Site", "", "Origin", "http://evil.example"), 403},
		{"no browser", "POST", "/alice/general/send", header("Sec-Fetch-Site", "", "Origin", ""), 403},
		{"what a form cannot do", "DELETE", "/alice/general", nil, 403},
		{"an act that is none", "POST", "/alice/general/burn", nil, 404},
	} {
		answer, _ := b.do(test.method, test.path, "", test.change)
		if answer.StatusCode != test.want {
			t.Errorf("%s: got %s, want %d", test.name, answer.Status, test.want)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": loopback.Policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", test.name, name, got, want)
			}
		}
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: another origin may read it: %q", test.name, got)
		}
	}
}

func TestFormsAndHeadersAreBounded(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	large := "text=" + strings.Repeat("x", loopback.MaxForm)
	if answer, _ := b.do("POST", "/alice/general/send", large, nil); answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: got %s", answer.Status)
	}
	long := func(r *http.Request) { r.Header.Set("X-Long", strings.Repeat("x", 2*loopback.MaxHeader)) }
	if answer, _ := b.do("GET", "/alice/general", "", long); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: got %s", answer.Status)
	}
}

func TestPageHasNoInlineScriptOrStyle(t *testing.T) {
	t.Parallel()
	_, text := deserted(t).do("GET", "/alice/general", "", nil)
	for _, banned := range []string{"<style", " style=", " onclick=", "javascript:", "https://"} {
		if strings.Contains(text, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
	if got := strings.Count(text, "<script"); got != strings.Count(text, `<script type="module" src="/`) {
		t.Errorf("%d scripts, not all of them files", got)
	}
}

func TestScriptsAreFewLines(t *testing.T) {
	lines := 0
	for _, name := range scripts() {
		body, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(body), "\n")
	}
	if lines == 0 || lines >= 1000 {
		t.Errorf("got %d lines of JavaScript, want some and fewer than 1000", lines)
	}
}
