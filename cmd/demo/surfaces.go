package main

import (
	"context"
	"errors"
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
}

// surfaces are what p could press something on, what they would try first being
// first. An open window hides all else, as in Slack.
func (w *world) surfaces(p *person) []surface {
	if v, open := w.window(p); open {
		return []surface{{"the window " + v.Title, v.Ref(), v.Buttons(), v.Menus()}}
	}
	var all []surface
	for _, m := range slices.Backward(w.slack.SeenBy(p.id)) {
		if b, menus := m.Buttons(), m.Menus(); len(b)+len(menus) > 0 {
			where := w.heading(slacktest.Change{Kind: slacktest.MessagePosted, Message: m})
			all = append(all, surface{where, m.Ref(), b, menus})
		}
	}
	if v, ok := w.slack.Home(p.id); ok {
		home := surface{"the App Home", v.Ref(), v.Buttons(), v.Menus()}
		if p.atHome {
			return append([]surface{home}, all...)
		}
		all = append(all, home)
	}
	return all
}

// window is the modal that p has open, the one on top.
func (w *world) window(p *person) (slacktest.View, bool) {
	open := w.slack.Views(p.id)
	if len(open) == 0 {
		return slacktest.View{}, false
	}
	return open[len(open)-1], true
}

// press presses a button by its label, or by its number on the newest surface
// that has buttons.
func (t *terminal) press(ctx context.Context, p *person, what string) error {
	all := t.world.surfaces(p)
	s, b, ok := findButton(all, what)
	if !ok {
		return fmt.Errorf("%s sees no button %q: %s", p.name, what, visible(all, func(s surface) []string {
			return labels(s.buttons, func(b slacktest.Button) string { return b.Label })
		}))
	}
	if b.URL != "" {
		t.note("%s opens %s", p.name, b.URL)
	}
	d, err := t.world.slack.Press(p.id, s.ref, b.BlockID, b.ActionID)
	return t.answered(ctx, p, d, err)
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

// choose picks an option from the first menu that has it.
func (t *terminal) choose(ctx context.Context, p *person, option string) error {
	all := t.world.surfaces(p)
	for _, s := range all {
		for _, m := range s.menus {
			options := m.Options
			if len(options) == 0 && strings.HasSuffix(m.Kind, "external_select") {
				offered, err := t.world.slack.Suggest(ctx, p.id, s.ref, m.BlockID, m.ActionID, option)
				if err != nil {
					return err
				}
				options = offered
			}
			for _, o := range options {
				if !strings.EqualFold(o.Text, option) && o.Value != option {
					continue
				}
				d, err := t.world.slack.Choose(p.id, s.ref, m.BlockID, m.ActionID, o.Value)
				if err == nil && d == nil {
					t.note("chosen: %s", o.Text)
				}
				return t.answered(ctx, p, d, err)
			}
		}
	}
	return fmt.Errorf("%s sees no menu with %q: %s", p.name, option, visible(all, func(s surface) []string {
		var options []string
		for _, m := range s.menus {
			options = append(options, labels(m.Options, func(o slacktest.Choice) string { return o.Text })...)
		}
		return options
	}))
}

// visible says what there is, surface by surface.
func visible(all []surface, names func(surface) []string) string {
	var parts []string
	for _, s := range all {
		if list := names(s); len(list) > 0 {
			parts = append(parts, s.where+" has "+strings.Join(list, ", "))
		}
	}
	if len(parts) == 0 {
		return "nothing of that kind is visible; what is behind a window is there again after cancel"
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

// fill types into a field of the open window: FIELD is the beginning of what
// follows, as long as a label can be found in it.
func (t *terminal) fill(p *person, text string) error {
	v, err := t.openWindow(p)
	if err != nil {
		return err
	}
	f, value, ok := splitField(v, text)
	if !ok {
		return fmt.Errorf("the window %s has no such field; its fields are: %s", v.Title,
			strings.Join(labels(v.Fields, func(f slacktest.Field) string { return f.Label }), ", "))
	}
	if value, err = t.withCodes(p, value); err != nil {
		return err
	}
	if err := t.world.slack.Fill(p.id, v.ID, f.BlockID, value); err != nil {
		return plainly(err)
	}
	t.note("%s: %s", f.Label, value)
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
func (t *terminal) submit(ctx context.Context, p *person) error {
	v, err := t.openWindow(p)
	if err != nil {
		return err
	}
	d, err := t.world.slack.Submit(p.id, v.ID, nil)
	return t.answered(ctx, p, d, err)
}

// cancel closes the open window.
func (t *terminal) cancel(ctx context.Context, p *person) error {
	v, err := t.openWindow(p)
	if err != nil {
		return err
	}
	d, err := t.world.slack.CloseView(p.id, v.ID)
	if err == nil && d == nil { // the bot did not ask to hear of it
		t.await(ctx, briefly, func(c slacktest.Change) bool { return c.Kind == slacktest.ViewClosed && c.User == p.id })
	}
	return t.answered(ctx, p, d, err)
}

func (t *terminal) openWindow(p *person) (slacktest.View, error) {
	v, open := t.world.window(p)
	if !open {
		return v, fmt.Errorf("%s has no window open", p.name)
	}
	return v, nil
}

// plainly is an error of the fake's in the demo's words.
func plainly(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "slacktest: ")) }
