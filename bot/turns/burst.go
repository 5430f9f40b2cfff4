package turns

import "time"

// A burst is taken, and so acknowledged, before it is served: whoever reads it would
// share the processors with everybody who is served otherwise, and acknowledge late. More
// than inABurst within burstWindow is one; it is over when less comes, or after
// burstLongest, and then counts as none for burstRest.
const (
	burstWindow  = 5 * time.Millisecond
	inABurst     = 25
	burstLongest = 500 * time.Millisecond
	burstRest    = time.Second
)

// A burst is what came lately.
type burst struct {
	window time.Time // since when came is counted
	came   int
	on     bool
	began  time.Time // the first of those between which was no rest
	ended  time.Time
}

// take counts one more at now, and reports whether a burst began with it.
func (b *burst) take(now time.Time) (began bool) {
	if !b.on && now.Sub(b.window) > burstWindow {
		b.window, b.came = now, 0
	}
	if b.came++; b.on || b.came < inABurst {
		return false
	}
	if now.Sub(b.ended) > burstRest {
		b.began = now
	}
	b.on = now.Sub(b.began) < burstLongest
	return b.on
}

// over looks at now, every burstWindow, whether a burst is over.
func (b *burst) over(now time.Time) bool {
	if b.came >= inABurst && now.Sub(b.began) < burstLongest {
		b.came = 0
		return false
	}
	b.on, b.ended = false, now
	return true
}

// await has those go on who stand still for a burst, once it is over.
func (t *Turns[T]) await() {
	time.AfterFunc(burstWindow, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.burst.over(time.Now()) {
			t.await()
			return
		}
		for range min(t.AtOnce, t.alone.len()+t.next.len()) {
			t.employ(&t.serving)
		}
		for range min(t.Refusing, t.soon.len()+t.refused.len()) {
			t.employ(&t.refusing)
		}
	})
}
