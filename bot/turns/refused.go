package turns

import (
	"slices"
	"time"
)

// lookEvery is how often it is looked whether something has waited for too long.
const lookEvery = 100 * time.Millisecond

// refuse has w refused. false: too much of that person is refused already.
func (t *Turns[T]) refuse(w thing[T]) bool {
	if w.soon {
		t.soon.push(w) // somebody waits for it who hears of nothing else
	} else {
		if w.of.refused >= t.EachRefused || !w.of.mayHear(time.Now(), t.EachRefused) {
			return false
		}
		t.refused.push(w)
	}
	w.of.refused++
	t.employ(&t.refusing)
	return true
}

// mayHear counts one more refusal, of which there are some in a second: telling a person
// more often than they can read costs others.
func (p *person[T]) mayHear(now time.Time, some int) bool {
	if now.Sub(p.second) >= time.Second {
		p.second, p.heard = now, 0
	}
	p.heard++
	return p.heard <= some
}

func (t *Turns[T]) nextRefused() (thing[T], bool) {
	w, ok := t.soon.pop()
	if !ok {
		w, ok = t.refused.pop()
	}
	if ok {
		w.of.refused--
	}
	return w, ok
}

// lookLater has look look, unless it will. The caller holds mu.
func (t *Turns[T]) lookLater() {
	if !t.looking && t.waiting > 0 {
		t.looking = true
		time.AfterFunc(lookEvery, t.look)
	}
}

// look refuses what has waited for too long.
func (t *Turns[T]) look() {
	for _, w := range t.overdue() {
		t.Lose(w.it)
	}
}

// overdue refuses what has waited for too long, the oldest first, and returns what it
// cannot refuse.
func (t *Turns[T]) overdue() (lost []thing[T]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	var late []thing[T]
	for _, p := range t.people {
		late = append(late, p.waits.cut(func(w thing[T]) bool { return now.Sub(w.since) >= t.within(w.soon) })...)
	}
	t.waiting -= len(late)
	slices.SortFunc(late, func(a, b thing[T]) int { return a.since.Compare(b.since) })
	for _, w := range late {
		if !t.refuse(w) {
			lost = append(lost, w)
			t.drop(w)
		}
	}
	t.tellWho(now)
	t.looking = false
	t.lookLater()
	return lost
}

// tellWho tells Waits of what waits for long. The caller holds mu, so that nobody serves it
// before Waits has heard of it.
func (t *Turns[T]) tellWho(now time.Time) {
	if t.Waits == nil {
		return
	}
	var some []T
	for _, p := range t.people {
		for w := range p.waits.all() {
			if !w.told && now.Sub(w.since) >= lookEvery {
				w.told = true
				some = append(some, w.it)
			}
		}
	}
	if len(some) > 0 {
		t.Waits(some)
	}
}

func (t *Turns[T]) within(soon bool) time.Duration {
	if soon {
		return t.SoonWithin
	}
	return t.Within
}
