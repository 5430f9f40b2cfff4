package web

import (
	"slices"
	"sync"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// maxStreams bounds the pages that are told of changes.
const maxStreams = 32

// A hub tells pages what has changed. Whoever changes something never waits: a
// stream holds the names of what has changed since it last looked, each once, so
// that a page which is slow costs nothing but its own time.
type hub struct {
	mu      sync.Mutex
	streams map[*stream]struct{}
}

// A stream is one page that is told.
type stream struct {
	changed map[string]struct{} // guarded by the hub's mu
	news    chan struct{}
}

func newHub() *hub { return &hub{streams: map[*stream]struct{}{}} }

// touch says that what is named has changed: a person, or a pane.
func (h *hub) touch(names ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for each := range h.streams {
		for _, name := range names {
			each.changed[name] = struct{}{}
		}
		select {
		case each.news <- struct{}{}:
		default:
		}
	}
}

// notice tells the pages of people whose Slack has changed; the fake waits for it.
func (h *hub) notice(people []*world.Person, c slacktest.Change) {
	for _, p := range people {
		if concerns(c, p) {
			h.touch(p.Name)
		}
	}
}

// concerns reports whether p may see a change. Who is not in a channel is told
// nothing by it but that something happened.
func concerns(c slacktest.Change, p *world.Person) bool {
	switch {
	case c.User != "":
		return c.User == p.ID
	case c.Message.Ephemeral:
		return c.Message.To == p.ID
	case c.Message.Channel != world.General && c.Message.Channel != world.Audit:
		return c.Message.Channel == p.DM
	}
	return true
}

// join returns a stream of what changes from now on; false when there are as many
// as there may be.
func (h *hub) join() (*stream, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) >= maxStreams {
		return nil, false
	}
	st := &stream{changed: map[string]struct{}{}, news: make(chan struct{}, 1)}
	h.streams[st] = struct{}{}
	return st, true
}

func (h *hub) leave(st *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, st)
}

// take returns the names of what has changed, in order, and forgets them.
func (h *hub) take(st *stream) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := make([]string, 0, len(st.changed))
	for name := range st.changed {
		names = append(names, name)
	}
	clear(st.changed)
	slices.Sort(names)
	return names
}
