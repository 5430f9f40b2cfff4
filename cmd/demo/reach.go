package main

import (
	"slices"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// What can be pressed is said below what is drawn. An open window, and what somebody is
// asked, cover all else: what came behind is offered when they are gone.

// offered is controls if somebody who sees a change can use them now, "" if not.
func (w *scene) offered(c slacktest.Change, on slacktest.MessageRef, controls string) string {
	if controls == "" || slices.ContainsFunc(w.people, func(p *person) bool { return w.reaches(p, on, controls) }) {
		return controls
	}
	for _, p := range w.people {
		if only := w.onlyFor(c); only == p || only == nil && w.Slack.InConversation(p.ID, c.Message.Channel) {
			p.behind = true
		}
	}
	return ""
}

// reaches reports whether p can use controls as they were drawn.
func (w *scene) reaches(p *person, on slacktest.MessageRef, controls string) bool {
	return p.asked == nil && slices.ContainsFunc(w.surfaces(p), func(s surface) bool {
		return s.ref == on && handles(s.buttons, s.menus) == controls
	})
}

// uncover offers everybody before whom nothing is any more what came behind it.
func (a *audience) uncover() {
	for _, p := range a.scene.people {
		if _, open := a.scene.window(p); open || p.asked != nil || !p.behind {
			continue
		}
		p.behind = false
		for _, s := range a.scene.surfaces(p) {
			if controls := handles(s.buttons, s.menus); controls != "" {
				a.draw("["+p.Name+", behind the window: "+strings.Trim(s.where, "[]")+"]", paragraph(controls), "")
				break
			}
		}
	}
}
