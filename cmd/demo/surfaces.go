package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// A surface is something with buttons or menus that a person has before them.
type surface struct {
	where   string
	ref     slacktest.MessageRef
	buttons []slacktest.Button
	menus   []slacktest.Menu
	tree    slacktest.Piece
}

// hands press, choose and fill for whoever a line names.
type hands struct{ *audience }

// surfaces are what p could press something on, what they would try first being
// first. An open window hides all else, as in Slack.
func (w *scene) surfaces(p *person) []surface {
	if v, open := w.window(p); open {
		return []surface{{"the window " + v.Title, v.Ref(), v.Buttons(), v.Menus(), v.Tree(w.reader())}}
	}
	var all []surface
	for _, m := range slices.Backward(w.Slack.SeenBy(p.ID)) {
		if b, menus := m.Buttons(), m.Menus(); len(b)+len(menus) > 0 {
			where := w.heading(slacktest.Change{Kind: slacktest.MessagePosted, Message: m})
			all = append(all, surface{where, m.Ref(), b, menus, m.Tree(w.reader())})
		}
	}
	if v, ok := w.Slack.Home(p.ID); ok {
		home := surface{"the App Home", v.Ref(), v.Buttons(), v.Menus(), v.Tree(w.reader())}
		if p.atHome {
			return append([]surface{home}, all...)
		}
		all = append(all, home)
	}
	return all
}

// window is the modal that p has open, the one on top.
func (w *scene) window(p *person) (slacktest.View, bool) {
	open := w.Slack.Views(p.ID)
	if len(open) == 0 {
		return slacktest.View{}, false
	}
	return open[len(open)-1], true
}

// press presses a button by its label, or by its number on the newest surface
// that has buttons. A button that asks first is pressed once that is answered.
func (h *hands) press(ctx context.Context, p *person, what string) error {
	if p.asked != nil {
		return h.answer(ctx, p, what)
	}
	var (
		all []surface
		s   surface
		b   slacktest.Button
	)
	if !h.seen(ctx, func() (ok bool) {
		all = h.scene.surfaces(p)
		s, b, ok = findButton(all, what)
		return ok
	}) {
		return fmt.Errorf("%s sees no button %q: %s", p.Name, what, h.visible(p, all, func(s surface) []string {
			return labels(s.buttons, func(b slacktest.Button) string { return b.Label })
		}))
	}
	return h.confirmed(ctx, p, s, b.BlockID, b.ActionID, func() (*slacktest.Delivery, error) {
		if b.URL != "" {
			h.note("%s opens %s", p.Name, b.URL)
		}
		return h.scene.Slack.Press(p.ID, s.ref, b.BlockID, b.ActionID)
	})
}

func findButton(all []surface, what string) (surface, slacktest.Button, bool) {
	number, err := strconv.Atoi(what)
	for _, s := range all {
		for i, b := range s.buttons {
			if strings.EqualFold(b.Label, what) || err == nil && i+1 == number {
				return s, b, true
			}
		}
		if err == nil && len(s.buttons) > 0 {
			break // numbers count on one surface alone
		}
	}
	return surface{}, slacktest.Button{}, false
}

// visible says what p has before them, surface by surface.
func (h *hands) visible(p *person, all []surface, names func(surface) []string) string {
	var parts []string
	for _, s := range all {
		if list := names(s); len(list) > 0 {
			parts = append(parts, s.where+" has "+strings.Join(list, ", "))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing of that kind is visible")
	}
	if _, open := h.scene.window(p); open {
		parts = append(parts, "what is behind the window is there again after cancel")
	}
	return strings.Join(parts, "; ")
}

func labels[T any](list []T, label func(T) string) []string {
	out := make([]string, len(list))
	for i, each := range list {
		out[i] = label(each)
	}
	return out
}

// fill types into a field of the open window, or chooses from a menu of it:
// FIELD is the beginning of what follows, as long as a label can be found in it.
func (h *hands) fill(ctx context.Context, p *person, text string) error {
	var (
		v     slacktest.View
		f     slacktest.Field
		value string
	)
	found := h.seen(ctx, func() (ok bool) {
		if v, ok = h.scene.window(p); ok {
			f, value, ok = splitField(v, text)
		}
		return ok
	})
	switch {
	case v.ID == "":
		return noWindow(p)
	case !found:
		return fmt.Errorf("the window %s has no such field; its fields are: %s", v.Title,
			strings.Join(labels(v.Fields, func(f slacktest.Field) string { return f.Label }), ", "))
	}
	for _, m := range v.Menus() {
		if m.BlockID == f.BlockID && m.ActionID == f.ActionID {
			return h.chooseFrom(ctx, p, surface{ref: v.Ref(), tree: v.Tree(h.scene.reader())}, m, value)
		}
	}
	value, err := h.withCodes(ctx, p, value)
	if err != nil {
		return err
	}
	if err := h.scene.Slack.Fill(p.ID, v.ID, f.BlockID, value); err != nil {
		return plainly(err)
	}
	h.note("%s: %s", f.Label, value)
	return nil
}

// splitField finds the field whose label, or its last word, text begins with.
func splitField(v slacktest.View, text string) (slacktest.Field, string, bool) {
	var best slacktest.Field
	rest, longest := "", 0
	for _, f := range v.Fields {
		names := []string{f.Label, f.ActionID, f.BlockID}
		if words := strings.Fields(f.Label); len(words) > 0 {
			names = append(names, words[len(words)-1])
		}
		for _, name := range names {
			if n := len(name); n > longest && len(text) >= n && strings.EqualFold(text[:n], name) && (len(text) == n || text[n] == ' ') {
				best, rest, longest = f, strings.TrimSpace(text[n:]), n
			}
		}
	}
	return best, rest, longest > 0
}

// submit submits the open window.
func (h *hands) submit(ctx context.Context, p *person) error {
	v, err := h.openWindow(ctx, p, func(v slacktest.View) bool { return v.SubmitLabel != "" })
	if err != nil {
		return err
	}
	d, err := h.scene.Slack.Submit(p.ID, v.ID, nil)
	return h.answered(ctx, p, d, err)
}

// cancel closes the open window, or says no to what is asked.
func (h *hands) cancel(ctx context.Context, p *person) error {
	if p.asked != nil {
		return h.answer(ctx, p, p.asked.No)
	}
	v, err := h.openWindow(ctx, p, func(slacktest.View) bool { return true })
	if err != nil {
		return err
	}
	d, err := h.scene.Slack.CloseView(p.ID, v.ID)
	if err == nil && d == nil { // the bot did not ask to hear of it
		h.await(ctx, briefly, func(c slacktest.Change) bool { return c.Kind == slacktest.ViewClosed && c.User == p.ID })
	}
	return h.answered(ctx, p, d, err)
}

// openWindow is the window that p has open, once it is as wanted; in the end as
// it is, and Slack says what is wrong with it.
func (h *hands) openWindow(ctx context.Context, p *person, wanted func(slacktest.View) bool) (slacktest.View, error) {
	var v slacktest.View
	h.seen(ctx, func() (ok bool) {
		v, ok = h.scene.window(p)
		return ok && wanted(v)
	})
	if v.ID == "" {
		return v, noWindow(p)
	}
	return v, nil
}

func noWindow(p *person) error { return fmt.Errorf("%s has no window open", p.Name) }
