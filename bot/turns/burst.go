package turns

import "time"

// A burst is taken, and so acknowledged, before it is served: whoever reads it would
// share the processors with everybody who is served otherwise, and acknowledge late. More
// than inABurst within burstWindow are one. It is over when less comes; a first look at
// that is soon, since as many may be people who were all answered at the same time. Bursts
// have others wait for burstLongest in all, and time between them gives back half as much.
const (
	burstWindow  = 5 * time.Millisecond
	inABurst     = 25
	firstWindow  = 2 * time.Millisecond
	inFirst      = inABurst * int(firstWindow) / int(burstWindow)
	burstLongest = 500 * time.Millisecond
)

// A burst is what came lately.
type burst struct {
	window time.Time // since when came is counted
	came   int
	on     bool
	first  bool          // nobody has looked whether it is over
	began  time.Time     // this one
	ended  time.Time     // the one before
	still  time.Duration // how long all of them took, less half of the time between them
}

// take counts one more at now, and reports whether a burst began with it.
func (b *burst) take(now time.Time) (began bool) {
	if !b.on && now.Sub(b.window) > burstWindow {
		b.window, b.came = now, 0
	}
	if b.came++; b.on || b.came < inABurst {
		return false
	}
	still := max(0, b.still-now.Sub(b.ended)/2)
	if still >= burstLongest/2 {
		return false
	}
	b.on, b.first, b.began, b.still, b.came = true, true, now, still, 0
	return true
}

// over looks at now, after [burst.look], whether a burst is over.
func (b *burst) over(now time.Time) bool {
	least := inABurst
	if b.first {
		least = inFirst
	}
	if still := b.still + now.Sub(b.began); b.came < least || still >= burstLongest {
		b.on, b.ended, b.still, b.window, b.came = false, now, still, now, 0
		return true
	}
	b.first, b.came = false, 0
	return false
}

// look is how long after it began, or after the look before, it may be over.
func (b *burst) look() time.Duration {
	if b.first {
		return firstWindow
	}
	return burstWindow
}

// await has those go on who stand still for a burst, once it is over.
func (t *Turns[T]) await() {
	time.AfterFunc(t.burst.look(), func() {
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
