package web

import (
	"context"
	"net/url"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// The tour goes on by itself when the record says that a step was done. Where each page
// is in it is kept here; a page that is loaded anew is where it was.

// A tour is where one page is.
type tour struct {
	begun bool
	step  int      // from 0; behind the last one it is over
	from  int64    // the first entry that can finish the step
	then  standing // before that entry
	done  [8]bool
	said  string // what happened last, for who does not see it
}

// tours are those of all pages.
type tours struct {
	world *world.World
	of    perPage[tour]
}

// A tourView is what tour.html gets.
type tourView struct {
	Steps []tourStepView
	Now   *tourStepView // nil when it is over
	Said  string
	First bool
}

// A tourStepView is one step as a page sees it.
type tourStepView struct {
	tourStep
	Number   int // from 1
	Done     bool
	Here     bool
	Commands []tourCommandView
}

// A tourCommandView is a command to put in: Text as it is read, Insert as it is put in.
type tourCommandView struct{ Person, Text, Insert, Href string }

func (t *tours) data(ctx context.Context, v paneView) (any, error) {
	now := t.of.of(v.Page)
	if news, size, err := t.news(ctx, now.from); err == nil { // else it goes on when the record can be read
		now = t.of.change(v.Page, func(now tour) tour { return now.follow(news, size) })
	}
	out := tourView{Said: now.said, First: now.step == 0}
	for i, s := range tourSteps {
		view := tourStepView{tourStep: s, Number: i + 1, Done: now.done[i], Here: i == now.step}
		for _, c := range s.Commands {
			view.Commands = append(view.Commands, tourCommandView{
				Person: c.Person, Text: c.Text, Insert: c.typedOut(t.world), Href: v.Base + "/" + c.Person + "/" + general,
			})
		}
		out.Steps = append(out.Steps, view)
	}
	if i := slices.IndexFunc(out.Steps, func(s tourStepView) bool { return s.Here }); i >= 0 {
		out.Now = &out.Steps[i]
	}
	return out, nil
}

// numbered is an Event under its number.
type numbered struct {
	number int64
	event.Event
}

// news are the Events from a number on, and how many entries there are.
func (t *tours) news(ctx context.Context, from int64) ([]numbered, int64, error) {
	if t.world.App == nil {
		return nil, 0, nil
	}
	log := t.world.App.Record
	var out []numbered
	for {
		found, _, err := log.Read(ctx, from, feedLength)
		if err != nil || len(found) == 0 {
			return out, log.Size(), err
		}
		for _, e := range found {
			from = e.Number + 1
			if e.Broken == "" {
				out = append(out, numbered{e.Number, e.Event})
			}
		}
	}
}

// follow is where a page is after these Events. A page that has just come begins with
// what comes after.
func (t tour) follow(news []numbered, size int64) tour {
	if !t.begun {
		t.begun = true
		return t.start(news, size)
	}
	for _, e := range news {
		if e.number < t.from {
			continue
		}
		t.from, t.then = e.number+1, t.then.after(e.Event)
		if t.step < len(tourSteps) && tourSteps[t.step].done(e.Event, t.then) {
			t.done[t.step] = true
			t.said = "Done: " + tourSteps[t.step].Title + "."
			t.step++
		}
	}
	return t
}

// start has what is on the record behind it.
func (t tour) start(news []numbered, size int64) tour {
	for _, e := range news {
		if e.number >= t.from {
			t.then = t.then.after(e.Event)
		}
	}
	t.from = max(t.from, size)
	return t
}

// move goes to a step, or begins again with the first.
func (t *tours) move(ctx context.Context, _ *world.Person, form url.Values) error {
	page := form.Get("page")
	news, size, err := t.news(ctx, t.of.of(page).from)
	if err != nil {
		return err
	}
	t.of.change(page, func(now tour) tour {
		now = now.start(news, size)
		now.begun, now.said = true, ""
		switch to := form.Get("to"); to {
		case "next":
			now.step = min(now.step+1, len(tourSteps))
		case "back":
			now.step = max(now.step-1, 0)
		case "restart":
			now.step, now.done = 0, [8]bool{}
		default:
			if i := slices.IndexFunc(tourSteps, func(s tourStep) bool { return s.ID == to }); i >= 0 {
				now.step = i
			}
		}
		return now
	})
	return nil
}
