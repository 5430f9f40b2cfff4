package bot

import (
	"slices"
	"sync"
	"time"
)

// Slack tells each choice in a form with the form as the person saw it. The second of two
// quick ones comes with the hash of what the first has replaced meanwhile, and may even be
// served before it. A form that something else has replaced, such as its submission, has a
// hash that no choice led to, and stays as it is.

const (
	choicesFor   = time.Minute // a choice that comes later has seen the form as it is
	choicesMost  = 1024        // forms
	choicesOfOne = 32          // hashes of a form
)

// choices are what was chosen lately in each form.
type choices struct {
	mu sync.Mutex
	of map[string]*choice // by view
}

// A choice is the last one in a form.
type choice struct {
	at time.Time // when the entry was last taken, under choices.mu

	mu     sync.Mutex
	ts     string   // Slack's, of the action
	hashes []string // the form's: as it was seen, and as each choice made it
}

// in serves a choice that was made at ts in a view of that hash: update gets the hash that
// the form has now, and returns the one that it has then. An earlier choice than the last
// is not served.
func (c *choices) in(view, hash, ts string, update func(hash string) (string, error)) error {
	last := c.last(view)
	last.mu.Lock()
	defer last.mu.Unlock()
	if later(last.ts, ts) {
		return nil
	}
	if !slices.Contains(last.hashes, hash) {
		last.hashes = []string{hash}
	}
	now, err := update(last.hashes[len(last.hashes)-1])
	if err != nil {
		return err
	}
	last.ts, last.hashes = ts, append(last.hashes[max(0, len(last.hashes)-choicesOfOne):], now)
	return nil
}

// later reports whether timestamp a is later than b: seconds, a dot and microseconds.
func later(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

func (c *choices) last(view string) *choice {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if len(c.of) >= choicesMost {
		for name, old := range c.of {
			if now.Sub(old.at) > choicesFor || len(c.of) >= choicesMost {
				delete(c.of, name)
			}
		}
	}
	if c.of == nil {
		c.of = map[string]*choice{}
	}
	last, ok := c.of[view]
	if !ok {
		last = &choice{}
		c.of[view] = last
	}
	last.at = now
	return last
}
