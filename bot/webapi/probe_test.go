package webapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/secret"
)

// answering is a Probe of a Slack that always answers so.
func answering(t *testing.T, h http.HandlerFunc) *Probe {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return NewProbe(secret.New("xapp-CANARY"), secret.New("xoxb-CANARY"), s.URL+"/")
}

func TestAHostileAnswerIsAnErrorAndShortlyTold(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "page": "<html>", "list": "[]", "no ok": "{}", "ok as text": `{"ok":"true"}`, "null": "null",
		"other shape": `{"ok":true,"team_id":7,"channel":[],"usergroups":{},"user":"x","url":{}}`,
		"long":        `{"ok":false,"error":"` + strings.Repeat("x", 5000) + `","needed":"` + strings.Repeat("y", 5000) + `"}`,
		"terminal":    `{"ok":false,"error":"\u001b[31mred\u202e","errors":[{"pointer":"\u0000","message":"\n"}]}`,
		"deep":        `{"ok":` + strings.Repeat("[", 20_000),
	} {
		p := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		_, self := p.Self(t.Context())
		_, place := p.Place(t.Context(), "C1")
		_, groups := p.UserGroups(t.Context())
		_, person := p.Person(t.Context(), "U1")
		_, url := p.Connection(t.Context())
		for _, err := range []error{self, place, groups, person, url, p.ValidateMessage(t.Context(), []byte("[]"))} {
			switch {
			case err == nil && name != "other shape":
				t.Errorf("%s: got no error", name)
			case err != nil && (len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\x1b\x00\n\u202e")):
				t.Errorf("%s: got %q, want a short text that may be printed", name, err)
			}
		}
	}
}

func TestAnAnswerWithoutEndIsNotReadToItsEnd(t *testing.T) {
	p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		page := []byte(strings.Repeat(" ", 1<<20))
		for range 64 {
			if _, err := w.Write(page); err != nil {
				return
			}
		}
	})
	if _, err := p.Self(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 16 MB") {
		t.Errorf("got %v, want that the answer is too large", err)
	}
}

func TestATokenFollowsNoRedirectAndIsInNoError(t *testing.T) {
	var asked bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	p := answering(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	_, err := p.Self(t.Context())
	if err == nil || asked || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("got %v, asked elsewhere: %v", err, asked)
	}
	limited := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	if _, err := limited.Self(t.Context()); !errors.Is(err, ErrLimited) {
		t.Errorf("got %v, want that Slack was asked too often", err)
	}
}
