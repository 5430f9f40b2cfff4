package web

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// tooLarge answers a form that cannot be read.
const tooLarge = "That is more than the page takes."

// replies are what becomes of what was posted: what people are shown of it, and where
// their browsers go.
type replies struct {
	places *places
	desks  desks
	hub    *hub
}

// did shows p why something could not be done, or that nothing stood in its way.
func (re *replies) did(p *world.Person, err error) {
	re.desks[p.Name].say(sentence(err))
	re.hub.touch(p.Name)
}

// sentence is an error as a person reads it, "" for none.
func sentence(err error) string {
	if err == nil {
		return ""
	}
	text := strings.TrimPrefix(err.Error(), "slacktest: ")
	first, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(string(first)) + text[size:] + "."
}

// answer lets the page look again, or leads who has no JavaScript back to it.
func (re *replies) answer(w http.ResponseWriter, r *http.Request) {
	if back, ok := re.places.inside(r.PostForm.Get("back")); ok && r.Header.Get("X-Page") == "" {
		http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // a path of this page
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
