package record

import (
	"bytes"
	"sync"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
)

const (
	decodedMost = 256     // entries; Followers that keep up are that near to each other
	decodedSize = 4 << 10 // bytes of the largest leaf and free text that are kept
)

// decoded keeps what the newest entries say, since several Followers read each of them.
// Whoever is given an Event of it changes nothing in it.
type decoded struct {
	mu    sync.Mutex
	found [decodedMost]decodedEvent // at the entry's number, modulo decodedMost
}

type decodedEvent struct {
	leaf, aside []byte
	event       event.Event
}

// keep notes what e says without its free text, which was decoded when it was read or written:
// most entries have none, and no Follower decodes those.
func (d *decoded) keep(e entry.Entry, read event.Event) {
	if len(e.Leaf) > decodedSize {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.found[e.Number%decodedMost] = decodedEvent{leaf: e.Leaf, event: read}
}

// event is what e says. What was kept counts only for the very same bytes.
func (d *decoded) event(e entry.Entry, aside []byte) (event.Event, error) {
	place := &d.found[e.Number%decodedMost]
	d.mu.Lock()
	defer d.mu.Unlock()
	if place.leaf != nil && bytes.Equal(place.leaf, e.Leaf) && bytes.Equal(place.aside, aside) {
		return place.event, nil
	}
	read, err := event.Decode(e.Leaf, aside)
	if err == nil && len(e.Leaf)+len(aside) <= decodedSize {
		*place = decodedEvent{leaf: e.Leaf, aside: aside, event: read}
	}
	return read, err
}
