package turns

// A crew does one kind of thing, with no more goroutines than it may have and none while
// there is nothing to do.
type crew[T any] struct {
	most, working int
	next          func() (thing[T], bool)
	do            func(T)
	did           func(thing[T])
	still         bool // it stands still for a burst
}

// employ has one more work, if c may have more. The caller holds mu.
func (t *Turns[T]) employ(c *crew[T]) {
	if c.working < c.most && !t.still(c) {
		c.working++
		go t.work(c)
	}
}

func (t *Turns[T]) work(c *crew[T]) {
	for w, ok := t.begin(c); ok; w, ok = t.begin(c) {
		t.do(c, w)
	}
}

// begin takes the next thing. false: there is none now, and one fewer works.
func (t *Turns[T]) begin(c *crew[T]) (w thing[T], ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.still(c) {
		w, ok = c.next()
	}
	if !ok {
		c.working--
	}
	return w, ok
}

func (t *Turns[T]) still(c *crew[T]) bool { return c.still && t.burst.on }

func (t *Turns[T]) do(c *crew[T], w thing[T]) {
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		c.did(w)
		t.drop(w)
	}()
	c.do(w.it)
}
