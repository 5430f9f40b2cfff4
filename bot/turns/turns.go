// Package turns has people wait for their turn, each in a queue of their own.
//
// The queues are served round robin by a bounded number of goroutines, a few of them for
// one person at once: whoever asks a lot waits for themselves. Who asks one thing, or far
// less than others do, goes before those who wait for several, but for every fourth turn. What does not fit, or has
// waited for too long, is refused, by goroutines of their own, so that it is told in time.
// Only what does not fit there either is lost, and Lose hears of it. What the bot itself
// has to do does not wait behind people.
//
// What waits costs its own memory and a few words: no goroutine, timer or context.
package turns

import (
	"sync"
	"time"
)

// Who is whom Slack says something is of.
type Who struct{ Team, User string }

// Bounds are how much is done at once and how much waits.
type Bounds struct {
	AtOnce     int // turns at once
	EachAtOnce int // of them, of one person
	// Waiting is how many can be served in good time. When as many wait, nobody waits
	// for more than their share of it, which is one at least.
	Waiting     int
	EachWaiting int           // of one person in any case
	Within      time.Duration // how long to wait for a turn, and up to lookEvery longer
	SoonWithin  time.Duration // the same, where the answer cannot wait
	Refusing    int           // refusals at once
	EachRefused int           // refusals of one person that wait, and in a second
	Own         int           // of the bot's own at once
	OwnWaiting  int           // of the bot's own that wait
	Bytes       int           // held in all
	EachBytes   int           // held of one person, who may have one larger thing
}

// Deps are what is done with a T. All but Waits is needed; each ends its own panics.
type Deps[T any] struct {
	Bounds
	Serve  func(T) // its turn has come
	Refuse func(T) // there is no turn for it; this should cost little
	Lose   func(T) // it cannot be refused either; this does not block
	// Waits hears once of what waits for longer than lookEvery, before its turn comes or it is
	// refused; this does not block. nil: nobody does.
	Waits func([]T)
	// Hurry hears of what stands still for a burst, at once. nil: nobody does.
	Hurry func(T)
}

// Turns are who waits for what.
type Turns[T any] struct {
	Deps[T]
	serving, refusing, own crew[T]

	all sync.WaitGroup // of what was taken

	mu      sync.Mutex
	people  map[Who]*person[T] // of whom anything is held
	alone   queue[*person[T]]  // who may be served, in their order: those who asked little
	next    queue[*person[T]]  // and the others
	turn    int                // since one of next was served
	waiting int                // of people
	things  int                // held, being served too
	held    int                // bytes
	looking bool               // a look at what has waited for too long is due
	soon    queue[thing[T]]    // to be refused, before refused
	refused queue[thing[T]]
	owned   queue[thing[T]]
	burst   burst
}

// A person is of whom something is held.
type person[T any] struct {
	who     Who
	waits   queue[thing[T]]
	serving int
	refused int       // that wait for it
	second  time.Time // since when heard is counted
	heard   int       // refusals
	things  int       // held, of any kind
	held    int       // bytes
	queued  bool      // in alone or next
	several bool      // they asked for more than little, since nothing of theirs was held
}

// A thing is a T that was taken.
type thing[T any] struct {
	it    T
	of    *person[T] // nil: the bot's own
	size  int
	soon  bool
	told  bool // Waits has heard of it
	since time.Time
}

// New returns Turns. Nothing runs while nothing is held.
func New[T any](d Deps[T]) *Turns[T] {
	t := &Turns[T]{Deps: d, people: map[Who]*person[T]{}}
	t.serving = crew[T]{most: d.AtOnce, still: true, next: t.nextTurn, do: d.Serve, did: t.served}
	t.refusing = crew[T]{most: d.Refusing, still: true, next: t.nextRefused, do: d.Refuse, did: func(thing[T]) {}}
	t.own = crew[T]{most: d.Own, next: t.owned.pop, do: d.Serve, did: func(thing[T]) {}}
	return t
}

// Take takes what a person wants done; it does not block. size is about how many bytes
// it holds. What is wanted soon waits for less, and is refused before the others.
func (t *Turns[T]) Take(who Who, it T, size int, soon bool) {
	taken, still := t.take(who, thing[T]{it: it, size: size + overhead, soon: soon, since: time.Now()})
	if t.Hurry != nil {
		for _, each := range still {
			t.Hurry(each)
		}
	}
	if !taken {
		t.Lose(it)
	}
}

// take also returns what stands still for a burst from now on.
func (t *Turns[T]) take(who Who, w thing[T]) (taken bool, still []T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.burst.take(w.since) {
		t.await()
		still = t.queued()
	}
	if t.burst.on {
		still = append(still, w.it)
	}
	return t.keep(who, w), still
}

// queued is what waits for its turn.
func (t *Turns[T]) queued() (all []T) {
	for _, p := range t.people {
		for w := range p.waits.all() {
			all = append(all, w.it)
		}
	}
	return all
}

// keep has w wait for its turn, or be refused. false: neither. The caller holds mu.
func (t *Turns[T]) keep(who Who, w thing[T]) bool {
	p := t.people[who]
	if p == nil {
		p = &person[T]{who: who}
	}
	if t.held+w.size > t.Bytes || p.held > 0 && p.held+w.size > t.EachBytes {
		return false
	}
	w.of = p
	if p.waits.len() >= t.share() {
		if !t.refuse(w) {
			return false
		}
	} else {
		p.waits.push(w)
		t.waiting++
		t.queueUp(p)
		t.lookLater()
	}
	t.people[who] = p
	t.hold(w)
	return true
}

// TakeOwn takes what the bot itself has to do; it does not block. false: too much of
// that waits already.
func (t *Turns[T]) TakeOwn(it T, size int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := thing[T]{it: it, size: size + overhead}
	if t.owned.len() >= t.OwnWaiting || t.held+w.size > t.Bytes {
		return false
	}
	t.owned.push(w)
	t.hold(w)
	t.employ(&t.own)
	return true
}

// Queued is how many wait for their turn.
func (t *Turns[T]) Queued() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting
}

// Wait returns when everything that was taken is done. Nothing is taken meanwhile.
func (t *Turns[T]) Wait() { t.all.Wait() }

// Held is how much was taken and is not done.
func (t *Turns[T]) Held() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.things
}

// share is how much of one person may wait now.
func (t *Turns[T]) share() int {
	if t.waiting < t.Waiting {
		return t.EachWaiting
	}
	return min(t.EachWaiting, max(1, t.Waiting/len(t.people)))
}

// queueUp puts p at the end of who is served, if anything of theirs waits and may be.
func (t *Turns[T]) queueUp(p *person[T]) {
	if p.queued || p.waits.len() == 0 || p.serving >= t.EachAtOnce {
		return
	}
	p.queued = true
	if t.askedLittle(p) {
		t.alone.push(p)
	} else {
		t.next.push(p)
	}
	t.employ(&t.serving)
}

// askedLittle is of one thing, or of half of what others wait for.
func (t *Turns[T]) askedLittle(p *person[T]) bool {
	if p.waits.len() > max(1, t.waiting/max(1, len(t.people))/2) {
		p.several = true
	}
	return !p.several
}

// othersEach is how often one of those who wait for several things is served, so that
// never so many with one thing keep them from it.
const othersEach = 4

func (t *Turns[T]) nextTurn() (thing[T], bool) {
	for {
		p, ok := t.nextPerson()
		if !ok {
			return thing[T]{}, false
		}
		p.queued = false
		if w, ok := p.waits.pop(); ok { // else it was refused meanwhile
			t.waiting--
			p.serving++
			t.queueUp(p)
			return w, true
		}
	}
}

func (t *Turns[T]) nextPerson() (*person[T], bool) {
	for t.turn < othersEach-1 || t.next.len() == 0 {
		p, ok := t.alone.pop()
		if !ok {
			break
		}
		if !t.askedLittle(p) { // they have asked more since
			t.next.push(p)
			continue
		}
		t.turn++
		return p, true
	}
	t.turn = 0
	return t.next.pop()
}

// served has who was served queue up again.
func (t *Turns[T]) served(w thing[T]) {
	w.of.serving--
	t.queueUp(w.of)
}

// overhead is about what is held of a thing beside its bytes.
const overhead = 512

// hold counts w in.
func (t *Turns[T]) hold(w thing[T]) {
	t.all.Add(1)
	t.things++
	t.held += w.size
	if w.of != nil {
		w.of.things++
		w.of.held += w.size
	}
}

// drop counts w out.
func (t *Turns[T]) drop(w thing[T]) {
	t.all.Done()
	t.things--
	t.held -= w.size
	if p := w.of; p != nil {
		p.held -= w.size
		if p.things--; p.things == 0 {
			delete(t.people, p.who)
		}
	}
}
