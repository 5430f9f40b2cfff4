package web

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	recordlog "github.com/assumebot/assumebot/broker/record"
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
	record record
	people []*world.Person
	spent  func(*awstest.Device) bool // that AWS has accepted the code that it shows
	of     perPage[tour]

	mu     sync.Mutex
	newest tour // where a page begins that has just come: no entry is read twice for that
}

// A record is what the tour goes by. Read returns at most limit entries from a number on,
// none at the end, and does not wait for more.
type record interface {
	Read(ctx context.Context, from int64, limit int) (found []recordlog.Followed, missed int64, err error)
	Size() int64
}

func newTours(r record, people []*world.Person, spent func(*awstest.Device) bool) *tours {
	return &tours{record: r, people: people, spent: spent, newest: tour{begun: true}}
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
// While it waits for a code that is not spent, Left are the milliseconds until then.
type tourCommandView struct {
	Person, Text, Insert, Href string
	Left, Seconds              int64
}

func (t *tours) data(ctx context.Context, v paneView) (any, error) {
	now, err := t.arrived(ctx, v.Page)
	if err == nil { // else it goes on when the record can be read
		if news, _, err := t.news(ctx, now.from); err == nil {
			now = t.of.change(v.Page, func(now tour) tour { return now.follow(news) })
		}
	}
	out := tourView{Said: now.said, First: now.step == 0}
	for i, s := range tourSteps {
		view := tourStepView{tourStep: s, Number: i + 1, Done: now.done[i], Here: i == now.step}
		for _, c := range s.Commands {
			view.Commands = append(view.Commands, t.command(s, c, v.Base))
		}
		out.Steps = append(out.Steps, view)
	}
	if i := slices.IndexFunc(out.Steps, func(s tourStepView) bool { return s.Here }); i >= 0 {
		out.Now = &out.Steps[i]
	}
	return out, nil
}

// command is what a button of a step puts in, and for how long it cannot: AWS takes no
// code twice, which one step is about.
func (t *tours) command(s tourStep, c tourCommand, base string) tourCommandView {
	out := tourCommandView{Person: c.Person, Text: c.Text, Insert: c.Text, Href: base + "/" + c.Person + "/" + general}
	i := slices.IndexFunc(t.people, func(p *world.Person) bool { return p.Name == c.Person })
	if i < 0 {
		return out
	}
	p := t.people[i]
	out.Insert = strings.ReplaceAll(c.Text, "{key}", p.Key.Public())
	if p.Device != nil && s.ID != spentCode && strings.Contains(c.Text, "{mfa}") && t.spent(p.Device) {
		left := p.Device.NextIn()
		out.Left, out.Seconds = left.Milliseconds(), int64(left.Seconds())+1
	}
	return out
}

// arrived is where a page is in the tour. One that has just come begins with what comes
// after.
func (t *tours) arrived(ctx context.Context, page string) (tour, error) {
	if now := t.of.of(page); now.begun {
		return now, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	news, size, err := t.news(ctx, t.newest.from)
	if err != nil {
		return tour{}, err
	}
	t.newest = t.newest.behind(news, size)
	return t.of.change(page, func(now tour) tour {
		if now.begun { // meanwhile
			return now
		}
		return t.newest
	}), nil
}

// numbered is an Event under its number.
type numbered struct {
	number int64
	event.Event
}

// news are the Events from a number on, and how many entries there are.
func (t *tours) news(ctx context.Context, from int64) ([]numbered, int64, error) {
	var out []numbered
	for {
		found, _, err := t.record.Read(ctx, from, feedLength)
		if err != nil || len(found) == 0 {
			return out, t.record.Size(), err
		}
		for _, e := range found {
			from = e.Number + 1
			if e.Broken == "" {
				out = append(out, numbered{e.Number, e.Event})
			}
		}
	}
}

// follow is where a page is after these Events.
func (t tour) follow(news []numbered) tour {
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

// behind has what is on the record behind it, whatever it was.
func (t tour) behind(news []numbered, size int64) tour {
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
	now, err := t.arrived(ctx, page)
	if err != nil {
		return err
	}
	news, size, err := t.news(ctx, now.from)
	if err != nil {
		return err
	}
	t.of.change(page, func(now tour) tour {
		now = now.behind(news, size)
		now.said = ""
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
