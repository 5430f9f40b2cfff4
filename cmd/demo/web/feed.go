package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	recordaudit "github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// The feed shows what just happened: entries of the record as the bot's own reader
// reads them, calls as the fake AWS worked on them, and when Slack showed something to
// whom, in the order in which it happened. An entry says which call of AWS it is the
// outcome of; that call stands before it, whatever the clocks say. All else is by time.

const (
	// feedLength is how many of each of the three are shown, the newest.
	feedLength = 80
	// feedTime is how a time is shown.
	feedTime = "15:04:05.000"
)

// A feed is what all pages share of it.
type feed struct {
	world    *world.World
	selected perPage[string] // the request that alone is shown

	mu    sync.Mutex
	shown []shownInSlack
}

// shownInSlack is that somebody saw something. What it was is not kept.
type shownInSlack struct {
	number int // of all so far
	at     time.Time
	what   string
	record []string // numbers of the entries that it names
}

func newFeed(w *world.World) *feed {
	f := &feed{world: w}
	w.Slack.Subscribe(f.notice)
	return f
}

// notice keeps that Slack shows a change; what people write themselves is no news.
func (f *feed) notice(c slacktest.Change) {
	if c.Message.Via == "person" {
		return
	}
	text := c.Message.Plain()
	if c.View.ID != "" {
		text = c.View.Plain()
	}
	s := shownInSlack{at: f.world.Clock.Now(), what: f.describe(c)}
	if c.Kind == slacktest.MessagePosted {
		s.at = stamped(c.Message.TS)
	}
	for _, found := range recordNamed.FindAllStringSubmatch(text, 10) {
		s.record = append(s.record, found[1])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.shown); n > 0 {
		s.number = f.shown[n-1].number + 1
	}
	f.shown = append(f.shown, s)
	f.shown = f.shown[max(0, len(f.shown)-feedLength):]
}

// A feedItem is one thing that happened.
type feedItem struct {
	ID      string
	Source  string // record, aws or slack
	Kind    string // of the Event, or the action of the call
	Head    string // what it is
	Who     string
	Said    string // what matters most of it
	Bad     bool   // it was refused, or failed
	Time    string
	Facts   []recordaudit.Field
	Request string // "" where none is known

	at    time.Time
	order int64 // of entries; what has none of its own comes after those of its time
}

// A feedView is what feed.html gets.
type feedView struct {
	Items    []feedItem
	Selected string
	NoBot    bool // the record is that of a bot elsewhere
	Unread   bool // the record could not be read just now
}

func (f *feed) data(ctx context.Context, v paneView) (any, error) {
	out := feedView{NoBot: f.world.App == nil, Selected: f.selected.of(v.Page)}
	entries, err := f.entries(ctx)
	out.Unread = err != nil
	all := slices.Concat(entries, f.calls(entries), f.messages(entries))
	slices.SortStableFunc(all, func(a, b feedItem) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
	for _, item := range all {
		if out.Selected != "" && item.Request != out.Selected {
			continue
		}
		item.Time = item.at.In(v.Zone).Format(feedTime)
		out.Items = append(out.Items, item)
	}
	return out, nil
}

// entries are the newest of the record, in its order.
func (f *feed) entries(ctx context.Context) ([]feedItem, error) {
	if f.world.App == nil {
		return nil, nil
	}
	log := f.world.App.Record
	found, _, err := log.Read(ctx, max(0, log.Size()-feedLength), feedLength)
	if err != nil {
		return nil, err
	}
	var out []feedItem
	for _, e := range found {
		item := feedItem{
			ID: "e" + strconv.FormatInt(e.Number, 10), Source: "record", Kind: string(e.Event.Kind), Request: e.Event.Request,
			Head: "Record " + strconv.FormatInt(e.Number, 10), Who: actor(e.Event), at: e.Event.Time, order: 2 * (e.Number + 1),
		}
		if n := len(out); n > 0 && item.at.Before(out[n-1].at) { // its number is its order, not a clock
			item.at = out[n-1].at
		}
		if leaf, aside, err := e.Event.Encode(); e.Broken == "" && err == nil {
			item.Facts, _ = recordaudit.Fields(leaf, aside) // it was read just now
		}
		item.Said = strings.Join(factsNamed(item.Facts, "account", "method", "access_key_id", "code", "target.name"), " · ")
		item.Bad = len(factsNamed(item.Facts, "code")) > 0
		out = append(out, item)
	}
	return out, nil
}

func actor(e event.Event) string {
	if e.Actor.User == "" {
		return "the bot"
	}
	name, _, _ := strings.Cut(cmp.Or(e.Actor.Name, e.Actor.User), "@")
	return name
}

// factsNamed are the values of the facts of these names.
func factsNamed(facts []recordaudit.Field, names ...string) []string {
	var out []string
	for _, name := range names {
		for _, f := range facts {
			if f.Name == name && f.Value != "" {
				out = append(out, f.Value)
			}
		}
	}
	return out
}

// calls are the newest that AWS worked on.
func (f *feed) calls(entries []feedItem) []feedItem {
	all := f.world.AWS.Calls()
	outcomes := map[string]feedItem{} // by AWS's own ID of the call
	for _, e := range entries {
		for _, id := range factsNamed(e.Facts, "sts_request_id") {
			if _, known := outcomes[id]; !known {
				outcomes[id] = e
			}
		}
	}
	var out []feedItem
	for _, c := range all[max(0, len(all)-feedLength):] {
		item := callItem(c)
		item.ID = "c" + c.RequestID
		if e, known := outcomes[c.RequestID]; known {
			item.at, item.order, item.Request = e.at, e.order-1, e.Request
		}
		out = append(out, item)
	}
	return out
}

// latest orders what has no number after the entries of its time.
const latest = 1 << 62

func callItem(c awstest.Call) feedItem {
	item := feedItem{
		Source: "aws", Kind: c.Action, Head: "AWS " + c.Action, Who: c.Service,
		at: c.Time, order: latest, Facts: callFacts(c), Bad: c.ErrorCode != "" || c.Status == 0,
	}
	switch {
	case c.Status == 0:
		item.Said = "no answer"
	case c.ErrorCode != "":
		item.Said = strconv.Itoa(c.Status) + " " + c.ErrorCode
	default:
		item.Said = strconv.Itoa(c.Status) + " OK"
	}
	return item
}

// messages are what Slack showed, and of which request if what it showed names an entry.
func (f *feed) messages(entries []feedItem) []feedItem {
	requests := map[string]string{}
	for _, e := range entries {
		requests[strings.TrimPrefix(e.ID, "e")] = e.Request
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []feedItem
	for _, s := range f.shown {
		item := feedItem{ID: "s" + strconv.Itoa(s.number), Source: "slack", Head: "Slack", Said: s.what, at: s.at, order: latest}
		for _, number := range s.record {
			item.Request = cmp.Or(item.Request, requests[number])
		}
		out = append(out, item)
	}
	return out
}

// choose has a page show one request alone, or all again.
func (f *feed) choose(_ context.Context, _ *world.Person, form url.Values) error {
	request := form.Get("request")
	if len(request) > event.MaxID {
		request = ""
	}
	f.selected.set(form.Get("page"), request)
	return nil
}
