package web

import (
	"sync"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A desk is what a person's Slack has before them and keeps to itself: what they
// have read and put away, and what Slack itself tells them. All pages of one person
// share it.
type desk struct {
	mu      sync.Mutex
	read    map[string]string // channel to the time stamp of the newest message that was seen
	away    map[slacktest.MessageRef]bool
	warned  map[slacktest.MessageRef]string
	notices []notice
	said    string // why the last thing could not be done
}

// A notice is what Slack's own program tells somebody, such as that there is no
// such command. The workspace knows nothing of it.
type notice struct {
	id      int
	channel string
	ts      string
	text    string
}

// maxKept bounds each of the things that a desk holds. What falls off is shown
// again, or no longer warned of.
const maxKept = 500

// desks are those of everybody, by name.
type desks map[string]*desk

func newDesks(w *world.World) desks {
	out := desks{}
	for _, p := range w.People {
		out[p.Name] = newDesk()
	}
	return out
}

func newDesk() *desk {
	return &desk{read: map[string]string{}, away: map[slacktest.MessageRef]bool{}, warned: map[slacktest.MessageRef]string{}}
}

// say keeps why something could not be done, "" that it could.
func (d *desk) say(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said = text
}

func (d *desk) saw(channel, ts string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read[channel] = max(d.read[channel], ts)
}

func (d *desk) dismiss(on slacktest.MessageRef) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.away) >= maxKept {
		clear(d.away)
	}
	d.away[on] = true
}

// warn marks a message whose app did not answer; "" takes the mark away.
func (d *desk) warn(on slacktest.MessageRef, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if text == "" {
		delete(d.warned, on)
		return
	}
	if len(d.warned) >= maxKept {
		clear(d.warned)
	}
	d.warned[on] = text
}

func (d *desk) notify(n notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.notices) > 0 {
		n.id = d.notices[len(d.notices)-1].id + 1
	}
	if len(d.notices) >= maxShown {
		d.notices = d.notices[1:]
	}
	d.notices = append(d.notices, n)
}

func (d *desk) forget(id int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, n := range d.notices {
		if n.id == id {
			d.notices = append(d.notices[:i:i], d.notices[i+1:]...)
			return
		}
	}
}

func (d *desk) trouble() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.said
}

func (d *desk) lastRead(channel string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.read[channel]
}

func (d *desk) dismissed(on slacktest.MessageRef) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.away[on]
}

func (d *desk) warning(on slacktest.MessageRef) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.warned[on]
}

// told are the notices in a channel.
func (d *desk) told(channel string) []notice {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []notice
	for _, n := range d.notices {
		if n.channel == channel {
			out = append(out, n)
		}
	}
	return out
}
