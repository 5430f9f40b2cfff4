package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// typeAhead reports whether the bot fills a menu while somebody types.
func typeAhead(m slacktest.Menu) bool { return strings.HasSuffix(m.Kind, "external_select") }

// choose picks an option: the one of that name in any menu that shows its
// options, else the one that a type-ahead menu offers for it, else the only one
// that begins so.
func (h *hands) choose(ctx context.Context, p *person, typed string) error {
	var (
		all  []surface
		s    surface
		m    slacktest.Menu
		asks bool
	)
	if !h.seen(ctx, func() (ok bool) {
		all = h.scene.surfaces(p)
		s, m, ok = findMenu(all, typed, false)
		if !ok {
			if s, m, asks = firstTypeAhead(all); !asks {
				s, m, ok = findMenu(all, typed, true)
			}
		}
		return ok || asks
	}) {
		return h.noMenu(p, all, typed)
	}
	err := h.chooseFrom(ctx, p, s, m, typed)
	if errors.As(err, new(noOptionError)) { // of the one that was asked, which others may stand beside
		return h.noMenu(p, all, typed)
	}
	return err
}

// noMenu says that no menu has what was typed, and what they have.
func (h *hands) noMenu(p *person, all []surface, typed string) error {
	return fmt.Errorf("%s sees no menu with %q: %s", p.Name, typed, h.visible(p, all, func(s surface) []string {
		var options []string
		for _, m := range s.menus {
			options = append(options, optionNames(m.Options)...)
		}
		return options
	}))
}

// A noOptionError is that a menu has no such option.
type noOptionError string

func (e noOptionError) Error() string { return string(e) }

// findMenu finds the first menu that has the option, or one that begins so.
func findMenu(all []surface, typed string, begins bool) (surface, slacktest.Menu, bool) {
	for _, s := range all {
		for _, m := range s.menus {
			_, exact := optionNamed(m.Options, typed)
			if exact || begins && len(optionsLike(m.Options, typed)) == 1 {
				return s, m, true
			}
		}
	}
	return surface{}, slacktest.Menu{}, false
}

func firstTypeAhead(all []surface) (surface, slacktest.Menu, bool) {
	for _, s := range all {
		for _, m := range s.menus {
			if typeAhead(m) {
				return s, m, true
			}
		}
	}
	return surface{}, slacktest.Menu{}, false
}

// chooseFrom picks from one menu. Of several options that typed may mean none
// is chosen, and the error names them.
func (h *hands) chooseFrom(ctx context.Context, p *person, s surface, m slacktest.Menu, typed string) error {
	options := m.Options
	if typeAhead(m) {
		offered, err := h.scene.Slack.Suggest(ctx, p.ID, s.ref, m.BlockID, m.ActionID, typed)
		if err != nil {
			return plainly(err)
		}
		options = offered
	}
	o, found := optionNamed(options, typed)
	if !found {
		like := optionsLike(options, typed)
		if len(like) == 0 && typeAhead(m) {
			like = options // the bot knows what is meant
		}
		switch len(like) {
		case 0:
			return noOptionError(fmt.Sprintf("the menu has no %q; it has %s", typed, strings.Join(optionNames(m.Options), ", ")))
		case 1:
			o = like[0]
		default:
			return fmt.Errorf("the menu offers %s for %q: choose one", strings.Join(optionNames(like), ", "), typed)
		}
	}
	return h.confirmed(ctx, p, s, m.BlockID, m.ActionID, func() (*slacktest.Delivery, error) {
		d, err := h.scene.Slack.Choose(p.ID, s.ref, m.BlockID, m.ActionID, o.Value)
		if err == nil {
			h.note("chosen: %s", o.Text)
		}
		return d, err
	})
}

func optionNamed(options []slacktest.Choice, typed string) (slacktest.Choice, bool) {
	for _, o := range options {
		if strings.EqualFold(o.Text, typed) || o.Value == typed {
			return o, true
		}
	}
	return slacktest.Choice{}, false
}

// optionsLike are the options that begin with what was typed.
func optionsLike(options []slacktest.Choice, typed string) []slacktest.Choice {
	var out []slacktest.Choice
	for _, o := range options {
		if len(o.Text) >= len(typed) && strings.EqualFold(o.Text[:len(typed)], typed) {
			out = append(out, o)
		}
	}
	return out
}

func optionNames(options []slacktest.Choice) []string {
	return labels(options, func(o slacktest.Choice) string { return o.Text })
}

// unfold has the bot fill the type-ahead menus of p's window that hold nothing,
// as a click on them does, so that the window shows what there is to choose.
func (w *scene) unfold(ctx context.Context, p *person) {
	v, open := w.window(p)
	if !open {
		return
	}
	for _, m := range v.Menus() {
		if f, _ := v.Field(m.ActionID); typeAhead(m) && len(m.Options) == 0 && f.Value == "" {
			// What is wrong with it shows when something is typed.
			_, _ = w.Slack.Suggest(ctx, p.ID, v.Ref(), m.BlockID, m.ActionID, "")
		}
	}
}
