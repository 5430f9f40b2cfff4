package loopback

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// The page trusts whoever knows its address, and nothing else that a browser sends
// along. A request must name this host, so that a name which points to 127.0.0.1
// leads nowhere; it must have the token; and what changes anything must come from
// this page itself.

// Policy is the Content-Security-Policy of every answer.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded refuses what does not come from the page, before next sees it.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !s.here(r.Host):
			http.Error(w, "This is not the host that you asked for.", http.StatusMisdirectedRequest)
		case !s.hasToken(r.URL.Path):
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !s.fromPage(r):
			http.Error(w, "That did not come from the page of the demo.", http.StatusForbidden)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, MaxForm)
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Server) here(host string) bool {
	return host == "127.0.0.1:"+s.port || host == "localhost:"+s.port
}

func (s *Server) hasToken(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return subtle.ConstantTimeCompare([]byte(first), []byte(s.token)) == 1
}

// fromPage reports whether a browser says that the page itself sent r. Under the
// page's Referrer-Policy a form without JavaScript has the origin "null", and then
// Sec-Fetch-Site must say it, which no page can set.
// https://fetch.spec.whatwg.org/#append-a-request-origin-header
func (s *Server) fromPage(r *http.Request) bool {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	switch {
	case site != "" && site != "same-origin":
		return false
	case origin == "" || origin == "null":
		return site == "same-origin"
	}
	return origin == "http://"+r.Host
}
