package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// patience bounds the wait for what Slack gives the app three seconds for.
const patience = 10 * time.Second

// An act is something that a person does. What stands in its way is an error, which
// they are shown; what the app did not answer shows where Slack shows it.
type act func(ctx context.Context, p *world.Person, where place, form url.Values) error

// acts are what people can do in their Slack.
type acts struct {
	replies  *replies
	controls *controls
	named    map[string]act
}

func newActs(w *world.World, r *replies) *acts {
	box := composer{world: w, desks: r.desks}
	on := &controls{world: w, desks: r.desks}
	windows := forms{world: w}
	return &acts{replies: r, controls: on, named: map[string]act{
		"send":     box.send,
		"shortcut": on.shortcut,
		"dismiss":  on.dismiss,
		"press":    on.press,
		"choose":   on.choose,
		"fill":     windows.fill,
		"submit":   windows.submit,
		"close":    windows.close,
	}}
}

// serve does what a person wants, and answers once Slack has shown them that the app
// was told.
func (a *acts) serve(w http.ResponseWriter, r *http.Request) {
	p, where, ok := a.replies.places.stand(spot{r.PathValue("person"), r.PathValue("place")})
	name := r.PathValue("act")
	do, known := a.named[name]
	if !ok || !known && name != "suggest" {
		http.NotFound(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, tooLarge, http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if !known {
		a.controls.suggest(ctx, w, p, r.PostForm)
		return
	}
	a.replies.did(p, do(ctx, p, where, r.PostForm))
	a.replies.answer(w, r)
}
