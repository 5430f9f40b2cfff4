package socketmode

import (
	"sync"
	"time"
)

// A census tells whose the connections are that Slack counts for the app. Slack
// says the number in each hello, and it may hold ones that are gone: a closed
// one for a moment, and one whose end Slack did not see for hours (python-slack-sdk
// #1940). So a number above our own proves no other process by itself:
//
//   - as many as ended here without Slack's knowing are taken for those (ghosts);
//   - more of them than a hello told before are somebody's who came since;
//   - what was there before our first hello may be either.
//
// Only a hello changes what is known. Nobody dials to find out: each dial may
// leave one more.
type census struct {
	mu      sync.Mutex
	dialing int         // on their way, which Slack may count or not
	greeted int         // said hello and have not ended
	closed  []time.Time // when ours were closed with Slack's knowing
	ghosts  []time.Time // when ours ended without

	told    int  // what Slack counted in the last hello
	foreign int  // how many of those are neither ours nor our ghosts
	least   int  // the fewest that were not ours in any hello; -1 before the first
	joined  bool // they came after our first hello
}

const (
	// countedAfter is how long Slack may go on counting a socket that was closed.
	countedAfter = time.Minute
	// haunted is how long it may count one that died unnoticed.
	haunted = 6 * time.Hour
)

func newCensus() *census { return &census{least: -1} }

// dial counts a socket that is about to be opened.
func (c *census) dial() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing++
}

// failed counts out a socket that never said hello.
func (c *census) failed(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing--
	c.closed = append(c.closed, now)
}

// hello takes in what Slack counts when it greets one of ours.
func (c *census) hello(told int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing--
	c.greeted++
	c.told = told
	c.closed = since(c.closed, now.Add(-countedAfter))
	c.ghosts = since(c.ghosts, now.Add(-haunted))
	others := max(0, told-c.greeted-c.dialing-len(c.closed))
	// Slack no longer counts the oldest of them.
	c.ghosts = c.ghosts[max(0, len(c.ghosts)-others):]
	before := c.foreign
	c.foreign = others - len(c.ghosts)
	if c.foreign < before && (len(c.closed) > 0 || c.dialing > 0) {
		c.foreign = before // ours that Slack may not count any more would hide them
	}
	switch {
	case c.foreign == 0:
		c.joined = false
	case c.least >= 0 && c.foreign > c.least:
		c.joined = true
	}
	if atMost := max(0, told-c.greeted); c.least < 0 || atMost < c.least {
		c.least = atMost
	}
}

// ended counts out a socket that said hello; known is whether Slack knows.
func (c *census) ended(known bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.greeted--
	if known {
		c.closed = append(c.closed, now)
	} else {
		c.ghosts = append(c.ghosts, now)
	}
}

// strangers returns how many connections Slack counted that are not ours, and
// whether another process is certain to hold them.
func (c *census) strangers() (n int, certain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.foreign, c.joined
}

// since drops the times before start; they are in order.
func since(times []time.Time, start time.Time) []time.Time {
	for len(times) > 0 && times[0].Before(start) {
		times = times[1:]
	}
	return times
}
