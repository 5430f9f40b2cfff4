package web

import (
	"html/template"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/blockhtml"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A windowView is a modal; the last one is on top.
type windowView struct {
	ID, On, Title string
	Top           bool
	Body          template.HTML
}

// windowsOf are the modals that p has open.
func windowsOf(w *world.World, p *world.Person, reader slacktest.Reader, id string) []windowView {
	open := w.Slack.Views(p.ID)
	out := make([]windowView, len(open))
	for i, v := range open {
		name := id + "w" + v.ID
		out[i] = windowView{
			ID: name, On: refText(v.Ref()), Title: v.Title, Top: i == len(open)-1, Body: blockhtml.HTML(v.Tree(reader), drawnFor(w, p, name)),
		}
	}
	return out
}

// homeOf is the App Home that the bot has published for p.
func homeOf(w *world.World, p *world.Person, reader slacktest.Reader, id string) (template.HTML, string) {
	v, published := w.Slack.Home(p.ID)
	if !published {
		return "", ""
	}
	return blockhtml.HTML(v.Tree(reader), drawnFor(w, p, id+"home")), refText(v.Ref())
}

// drawnFor is how p sees blocks whose ids begin with id.
func drawnFor(w *world.World, p *world.Person, id string) blockhtml.Options {
	return blockhtml.Options{ID: id, Reader: p.ID, Groups: w.Slack.GroupsOf(p.ID)}
}
